"""Scores the programs of a model against an export: makes the missing runs, and sums them up in tables."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import TypeVar

from llamoco_data.box.layers import Tier
from llamoco_data.confined import LEAST
from llamoco_data.drive import DriveProgress, drive, holding
from llamoco_data.execution import Executor
from llamoco_data.files import Files, Place
from llamoco_data.identity import digest
from llamoco_data.plurals import counted
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.runs import MEASURED, RunRecord, program_id
from llamoco_data.scoring.cases import Case, Export, read_export
from llamoco_data.scoring.contenders import CONTENDERS, REPEATS, Answer, Contender, answers_of, baselines, majority
from llamoco_data.scoring.folder import (
    GOING_ON,
    PROBLEM_SCORES_FILE,
    PROGRAM_SCORES_FILE,
    SCORED_PROBLEMS_FILE,
    SCORED_TEXTS_FILE,
    ScoreSpec,
    is_begun,
    open_folder,
    put_tables,
)
from llamoco_data.scoring.marks import Marks, floor_of, marks_of, scores_of
from llamoco_data.scoring.mending import Mended, mended, token_distance
from llamoco_data.scoring.naming import Names, names
from llamoco_data.scoring.page import scores_page
from llamoco_data.scoring.performance import performance
from llamoco_data.scoring.plan import RunPlan, floor_run, plan_runs, score_seed
from llamoco_data.scoring.programs import Generated, Programs, read_programs
from llamoco_data.scoring.reuse import sources_of, take_over
from llamoco_data.scoring.running import missing_work
from llamoco_data.scoring.scored import (
    PROBLEM_SCORES,
    PROGRAM_SCORES,
    SCORED_PROBLEMS,
    SCORED_TEXTS,
    ProblemScore,
    ScoredProblem,
    ScoredProgram,
    ScoredText,
    table_of,
)
from llamoco_data.scoring.summary import Summary, summarise
from llamoco_data.statements import python_source
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
    reuse: Sequence[Place] = (),
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
        reuse: other scores folders, whose runs of the same programs on the same problems are taken over.
        report: called at the beginning, about five times a second, and at the end.
        notice: called with a line for a person when a damaged file was set aside or another process is waited for.
        stop: called whenever a worker is free; once it returns True, no new work is handed out.

    Raises:
        LlamocoError: programs cannot be confined as well as is asked; the file or the export cannot be read, or they do
            not fit together; the folder holds other files or cannot be written; a folder to reuse holds no scores that
            fit; or no worker can be started. Where it does not come to runs, a new folder is not begun.
    """
    programs = read_programs(file)
    export = read_export(data, programs.programs)
    spec = ScoreSpec(
        programs_id=programs.programs_id, export_id=export.export_id, repeats=REPEATS, time_limit_s=time_limit_s
    )
    begun, sources = is_begun(out, spec), sources_of(reuse, time_limit_s)
    known = names(export.prompts.values())
    others = baselines(export, known, [program.instruction_id for program in programs.programs])
    mends = {text: mend for text in {p.program for p in programs.programs} if (mend := mended(text))}
    tried = [replace(p, program=mends[p.program].program) for p in programs.programs if p.program in mends]
    plan = plan_runs(export.cases, [*answers_of([*programs.programs, *tried]), *others])
    with contextlib.ExitStack() as stack:
        if not begun:  # nothing is written before the place of execution answers
            stack.enter_context(executor.connected())
        place = open_folder(out, spec)
        hold = stack.enter_context(holding(place, notice))
        store = Store(out, made_by=GOING_ON)
        _mend(store, notice)
        taken = take_over(store, sources, plan, confined)
        if taken:
            notice(f"{counted(taken, 'run')} taken over from other scores")
        work = missing_work(plan, export.cases, store, time_limit_s, confined)
        progress = drive(work, store, executor, hold=hold, report=report, stop=stop).progress
        if progress.runs_done < progress.runs_total:
            return Scored(progress, None)
        return Scored(progress, _added_up(place, store, spec, programs, export, known, others, mends, plan))


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
    mends: Mapping[str, Mended],
    plan: RunPlan,
) -> Summary:
    rows: list[ScoredProgram] = []
    problems: list[ProblemScore] = []
    cases: list[ScoredProblem] = []
    tiers: Counter[str] = Counter()
    faults = 0
    written, answered = _by_problem(programs.programs), _by_problem(others)
    for problem_id, case in export.cases.items():
        runs = _Runs.read(store, case)
        marked = [_scored(program, runs, known, mends.get(program.program)) for program in written[problem_id]]
        rows += marked
        for split in dict.fromkeys(row.split for row in marked):
            mine = answers_of([one for one, row in zip(written[problem_id], marked, strict=True) if row.split == split])
            theirs = [answer for answer in answered[problem_id] if answer.split in ("", split)]
            problems += _problem_scores(runs, split, [*mine, *theirs])
            cases.append(_scored_problem(runs, split))
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
    texts = [
        ScoredText(candidate_id=key, optimizer=known.named(text), program=text)
        for key, text in sorted(plan.texts.items())
    ]
    tables = {
        PROGRAM_SCORES_FILE: table_of(rows, PROGRAM_SCORES),
        PROBLEM_SCORES_FILE: table_of(problems, PROBLEM_SCORES),
        SCORED_PROBLEMS_FILE: table_of(cases, SCORED_PROBLEMS),
        SCORED_TEXTS_FILE: table_of(texts, SCORED_TEXTS),
    }
    put_tables(place, tables, summary, scores_page(summary))
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
        """The runs of the programs of an answer, one for each repeat; none of an answer without a program."""
        problem_id = self.case.problem_id
        return [self.by_run[program_id(text), score_seed(problem_id, r)] for r, text in enumerate(programs) if text]

    def marks(self, program: str) -> Marks:
        return marks_of(program, self.of((program,) * REPEATS), self.case, self.floor)


def _scored(program: Generated, runs: _Runs, known: Names, mend: Mended | None) -> ScoredProgram:
    case, text = runs.case, program.program
    marks = runs.marks(text)
    made = runs.of((text,) * REPEATS)
    measured = [run.evaluations for run in made if run.status in MEASURED]
    mend = None if marks.runs else mend
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
        rules=mend.rules if mend else (),
        mends=mend is not None and runs.marks(mend.program).runs,
        edited_tokens=mend.edited_tokens if mend else 0,
        repair_round=program.repair_round,
        repair_tokens=token_distance(program.first_program, text) if program.repair_round else 0,
        evaluations=fmean(measured) if measured else 0.0,
        calls=program.calls,
        vain_calls=program.vain_calls,
    )


def _problem_scores(runs: _Runs, split: str, answers: Sequence[Answer]) -> Iterator[ProblemScore]:
    for contender in CONTENDERS:
        theirs = [answer for answer in answers if answer.contender == contender]
        if theirs:
            yield _problem_score(runs, split, contender, theirs)


def _problem_score(runs: _Runs, split: str, contender: Contender, answers: Sequence[Answer]) -> ProblemScore:
    case = runs.case
    made = [runs.of(answer.programs) for answer in answers]
    anytime = performance(
        [each[r] if each else None for each in made for r in range(REPEATS)],
        case.measured_by,
        case.spec.max_evaluations,
    )
    return ProblemScore(
        problem_id=case.problem_id,
        split=split,
        contender=contender,
        score=fmean(fmean(scores_of(each, case, runs.floor)) if each else 0.0 for each in made),
        num_answers=len(answers),
        recorded_virtual_best=case.winner_score,
        recorded_single_best=case.single_best_score,
        candidate_ids=tuple(program_id(text) if text else "" for answer in answers for text in answer.programs),
        aocc=anytime.aocc,
        solved=anytime.solved,
        spent=anytime.spent,
        reached=anytime.reached,
        function=case.function,
    )


def _scored_problem(runs: _Runs, split: str) -> ScoredProblem:
    case, spec = runs.case, runs.case.spec
    return ScoredProblem(
        problem_id=case.problem_id,
        split=split,
        name=spec.name if isinstance(spec, OwnProblemSpec) else "",
        dimension=spec.dimension,
        num_inequality=spec.num_inequality,
        num_equality=spec.num_equality,
        max_evaluations=spec.max_evaluations,
        best_known=case.measured_by.best_known,
        best_known_proven=case.measured_by.proven,
        tolerance=case.measured_by.tolerance,
        floor=runs.floor,
        label=case.optimizer,
        tied=tuple(sorted(case.tied)),
        source=python_source(spec),
    )
