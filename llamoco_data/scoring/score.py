"""Scores the programs of a model against an export: makes the missing runs, and sums them up in tables."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TypeVar

from llamoco_data.box.layers import Tier
from llamoco_data.confined import LEAST
from llamoco_data.drive import DriveProgress, drive, holding
from llamoco_data.execution import Executor
from llamoco_data.files import Files, Place
from llamoco_data.identity import digest
from llamoco_data.runs import RunRecord, program_id
from llamoco_data.scoring.cases import Case, Export, read_export
from llamoco_data.scoring.contenders import BASELINES, REPEATS, Answer, Contender, answers_of, baselines, majority
from llamoco_data.scoring.folder import ScoreSpec, is_begun, open_folder, put_tables
from llamoco_data.scoring.marks import floor_of, marks_of, scores_of
from llamoco_data.scoring.naming import Names, names
from llamoco_data.scoring.page import scores_page
from llamoco_data.scoring.plan import floor_run, plan_runs, score_seed
from llamoco_data.scoring.programs import Generated, Programs, read_programs
from llamoco_data.scoring.running import missing_work
from llamoco_data.scoring.scored import PROBLEM_SCORES, PROGRAM_SCORES, ProblemScore, ScoredProgram, table_of
from llamoco_data.scoring.summary import Summary, summarise
from llamoco_data.store import Store, damaged, set_aside

Item = TypeVar("Item", Answer, Generated)

TIME_LIMIT_S = 60.0
"""Default limit on the wall time of a run: hundreds of times what most take, so only hangs and misfits meet it."""


@dataclass(frozen=True, slots=True)
class Scored:
    """How a call of `score` ended."""

    progress: DriveProgress
    summary: Summary | None
    """None if the call was stopped before all runs were made; the folder keeps those that were."""


def score(
    file: Path,
    data: Place,
    out: Place,
    executor: Executor,
    *,
    time_limit_s: float = TIME_LIMIT_S,
    confined: Tier = LEAST,
    report: Callable[[DriveProgress], None] = lambda _: None,
    notice: Callable[[str], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Scored:
    """Runs the programs of a file, and the baselines, on the problems of an export, and writes their scores.

    Args:
        file: the file that `llamoco-tune generate` wrote.
        data: the export whose instructions the programs answer.
        out: the scores folder; runs that it holds are not made again.
        confined: least tier at which the programs may run; at `trusted` they run as the user.
        report: called at the beginning, about five times a second, and at the end.
        notice: called with a line for a person when a damaged file was set aside or another process is waited for.
        stop: called whenever a worker is free; once it returns True, no new work is handed out.

    Raises:
        LlamocoError: programs cannot be confined as well as is asked; the file or the export cannot be read, or they do
            not fit together; the folder holds other files or cannot be written; or no worker can be started.
    """
    programs = read_programs(file)
    export = read_export(data, programs.programs)
    spec = ScoreSpec(
        programs_id=programs.programs_id, export_id=export.export_id, repeats=REPEATS, time_limit_s=time_limit_s
    )
    begun = is_begun(out, spec)
    known = names(export.prompts.values())
    others = baselines(export, known, [program.instruction_id for program in programs.programs])
    plan = plan_runs(export.cases, [*answers_of(programs.programs), *others])
    with contextlib.ExitStack() as stack:
        if not begun:  # nothing is written before the place of execution answers
            stack.enter_context(executor.connected())
        place = open_folder(out, spec)
        hold = stack.enter_context(holding(place, notice))
        store = Store(out)
        _mend(store, notice)
        work = missing_work(plan, export.cases, store, time_limit_s, confined)
        progress = drive(work, store, executor, hold=hold, report=report, stop=stop).progress
        if progress.runs_done < progress.runs_total:
            return Scored(progress, None)
        return Scored(progress, _added_up(place, store, spec, programs, export, known, others))


def _mend(store: Store, notice: Callable[[str], None]) -> None:
    """Sets damaged files aside; their runs then count as missing."""
    for path, moved in set_aside(store, damaged(store)).items():
        how = f"is damaged, and set aside as {moved}" if moved else "is missing"
        notice(f"{store.place.where(path)} {how}; its runs are made again")


def _added_up(
    place: Files,
    store: Store,
    spec: ScoreSpec,
    programs: Programs,
    export: Export,
    known: Names,
    others: Sequence[Answer],
) -> Summary:
    rows: list[ScoredProgram] = []
    problems: list[ProblemScore] = []
    tiers: Counter[str] = Counter()
    faults = 0
    written, answered = _by_problem(programs.programs), _by_problem(others)
    for problem_id, case in export.cases.items():
        runs = _Runs.read(store, case)
        marked = [_scored(program, runs, known) for program in written[problem_id]]
        rows += marked
        for split in dict.fromkeys(row.split for row in marked):
            theirs = [row.score for row in marked if row.split == split]
            problems.append(_problem_score(runs, split, "model", theirs))
            problems += _baseline_scores(runs, split, answered[problem_id])
        tiers.update(_tier(run) for run in runs.by_run.values())
        faults += sum(run.faults or 0 for run in runs.by_run.values())
    rows.sort(key=lambda row: (row.instruction_id, row.sample))
    summary = Summary(
        score_id=digest(spec),
        model=programs.model,
        settings=programs.settings,
        repeats=REPEATS,
        tiers=dict(sorted(tiers.items())),
        faults=faults,
        splits=summarise(rows, problems, majority(export.prompts)),
    )
    tables = table_of(rows, PROGRAM_SCORES), table_of(problems, PROBLEM_SCORES)
    put_tables(place, *tables, summary, scores_page(summary))
    return summary


def _tier(run: RunRecord) -> str:
    """How a run's program was confined; the releases that recorded none ran programs as the user."""
    return run.tier or "trusted"


def _by_problem(items: Iterable[Item]) -> Mapping[str, Sequence[Item]]:
    found: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        found[item.problem_id].append(item)
    return found


@dataclass(frozen=True, slots=True)
class _Runs:
    """The runs on one problem."""

    case: Case
    floor: float
    by_run: Mapping[tuple[str, int], RunRecord]

    @classmethod
    def read(cls, store: Store, case: Case) -> "_Runs":
        by_run = {(record.candidate_id, record.seed): record for record in store.records(case.problem_id)}
        run = floor_run(case)
        random_search = [by_run[run.candidate_id, run.seed]] if run else []
        return cls(case, floor_of(case, random_search), by_run)

    def of(self, programs: Sequence[str]) -> list[RunRecord]:
        """The runs of the programs of an answer, one for each repeat."""
        problem_id = self.case.problem_id
        return [self.by_run[program_id(text), score_seed(problem_id, r)] for r, text in enumerate(programs)]


def _scored(program: Generated, runs: _Runs, known: Names) -> ScoredProgram:
    case, text = runs.case, program.program
    marks = marks_of(text, runs.of((text,) * REPEATS) if text else [], case, runs.floor)
    candidate_id = program_id(text) if text else ""
    named = known.named(text)
    return ScoredProgram(
        instruction_id=program.instruction_id,
        sample=program.sample,
        problem_id=case.problem_id,
        split=program.split,
        form=program.form,
        candidate_id=candidate_id,
        parses=marks.parses,
        defines=marks.defines,
        runs=marks.runs,
        keeps_budget=marks.keeps_budget,
        failure=marks.failure,
        detail=program.detail if program.ended == "error" and not text else marks.detail,
        score=marks.score,
        run_scores=marks.run_scores,
        run_statuses=marks.run_statuses,
        named=named,
        label=case.optimizer,
        right=named == case.optimizer,
        nearly_right=named in case.tied,
        copy_of=known.by_text.get(candidate_id, ""),
        ended=program.ended,
        prompt_tokens=program.prompt_tokens,
        completion_tokens=program.completion_tokens,
        seconds=program.seconds,
    )


def _baseline_scores(runs: _Runs, split: str, answers: Sequence[Answer]) -> Iterator[ProblemScore]:
    for contender in BASELINES:
        theirs = [answer for answer in answers if answer.contender == contender and answer.split in ("", split)]
        scores = [fmean(scores_of(runs.of(answer.programs), runs.case, runs.floor)) for answer in theirs]
        if scores:
            yield _problem_score(runs, split, contender, scores)


def _problem_score(runs: _Runs, split: str, contender: Contender, scores: Sequence[float]) -> ProblemScore:
    return ProblemScore(
        problem_id=runs.case.problem_id,
        split=split,
        contender=contender,
        score=fmean(scores),
        num_answers=len(scores),
        recorded_virtual_best=runs.case.winner_score,
        recorded_single_best=runs.case.single_best_score,
    )
