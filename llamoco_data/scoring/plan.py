"""The runs that a score needs: each combination of program, problem and seed once. Nothing is run here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llamoco_data.identity import digest
from llamoco_data.portfolio import BASELINE, portfolio
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.racing import Run
from llamoco_data.runs import program_id, run_seed
from llamoco_data.scoring.cases import Case
from llamoco_data.scoring.contenders import Answer


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Every run of a score."""

    texts: Mapping[str, str]
    """Program text of each candidate_id."""
    runs: Mapping[str, tuple[Run, ...]]
    """Runs of each problem, by problem_id."""

    @property
    def num_runs(self) -> int:
        return sum(len(runs) for runs in self.runs.values())


def score_seed(problem_id: str, repeat: int) -> int:
    """The seed of a repeat (from 0) of every program on a problem; a campaign never uses it.

    With the campaign's seeds the winners would look too good: they were chosen partly by their luck with those.
    """
    return int(digest(["score", problem_id, repeat])[:7], 16)


def floor_run(case: Case) -> Run | None:
    """The campaign's first run of random search, which gives a case its floor; None if the export has the floor."""
    if case.floor is not None:
        return None
    return Run(candidate_id=portfolio((BASELINE,))[0].candidate_id, seed=run_seed(case.base_problem_id, 0))


def plan_runs(cases: Mapping[str, Case], answers: Iterable[Answer]) -> RunPlan:
    """The runs of all contenders; an answer without a program needs none."""
    texts = {candidate.candidate_id: candidate.program for candidate in stored_candidates((BASELINE,))}
    wanted: dict[str, dict[tuple[str, int], None]] = {problem_id: {} for problem_id in cases}
    for case in cases.values():
        run = floor_run(case)
        if run is not None:
            wanted[case.problem_id][run.candidate_id, run.seed] = None
    for answer in answers:
        for repeat, program in enumerate(answer.programs):
            if program:
                candidate_id = program_id(program)
                texts[candidate_id] = program
                wanted[answer.problem_id][candidate_id, score_seed(answer.problem_id, repeat)] = None
    runs = {key: tuple(Run(candidate_id=c, seed=s) for c, s in pairs) for key, pairs in wanted.items()}
    used = {run.candidate_id for each in runs.values() for run in each}
    return RunPlan({key: text for key, text in texts.items() if key in used}, runs)
