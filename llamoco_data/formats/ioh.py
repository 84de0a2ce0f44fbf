"""Writes a campaign in the format of IOHprofiler (Doerr et al., 2018), which IOHanalyzer and iohinspector read.

An algorithm is a candidate, a function a kind of objective, an instance a problem. The value is the error: objective
above the best known value. No points are written, because traces hold none.
"""

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from llamoco_data.formats.problems import CampaignRuns, ProblemRuns, ScoredRun
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.runs import MEASURED

KINDS = ("single", "composition", "hybrid", "own")
"""Functions, numbered from 1: kinds of objectives, and users' own problems."""
INFEASIBLE = 1e10
"""Value of a point that is infeasible, to which its mean violation is added, and of a run that failed.

No feasible point has a larger one, whatever its error.
"""


def write_ioh(runs: CampaignRuns, folder: Path) -> None:
    """Writes a folder for each candidate, with a file of metadata for each kind, and one of values for each dimension.

    Raises:
        OSError: the folder cannot be written.
    """
    for name, candidate in runs.candidates.items():
        for number, kind in enumerate(KINDS, start=1):
            problems = [
                (problem, made)
                for problem in runs.problems
                if _kind(problem) == kind and (made := _made(problem, candidate))
            ]
            if problems:
                (folder / name).mkdir(exist_ok=True)
                _write(folder / name, runs.name, name, candidate, number, problems)


def _write(
    folder: Path,
    suite: str,
    name: str,
    candidate: StoredCandidate,
    number: int,
    problems: Sequence[tuple[ProblemRuns, Sequence[ScoredRun]]],
) -> None:
    kind = KINDS[number - 1]
    data = folder / f"data_f{number}_{kind}"
    data.mkdir()
    scenarios: list[object] = []
    for dimension in sorted({problem.spec.dimension for problem, _ in problems}):
        path = data / f"IOHprofiler_f{number}_DIM{dimension}.dat"
        made = [(p, run) for p, each in problems if p.spec.dimension == dimension for run in each]
        curves = [list(_values(problem, run)) for problem, run in made]
        with path.open("w", encoding="utf-8") as file:
            file.write("evaluations raw_y\n")
            file.writelines(f"{n} {value!r}\n" for curve in curves for n, value in curve)
        described = [
            {
                "instance": problem.instance,
                "evals": max(1, run.record.evaluations),
                "best": {"evals": curve[-1][0], "y": curve[-1][1], "x": []},
            }
            for (problem, run), curve in zip(made, curves, strict=True)
        ]
        scenarios.append({"dimension": dimension, "path": f"{data.name}/{path.name}", "runs": described})
    metadata = {
        "version": version("llamoco"),
        "suite": suite,
        "function_id": number,
        "function_name": kind,
        "maximization": False,
        "algorithm": {"name": name, "info": json.dumps(candidate.settings, sort_keys=True)},
        "attributes": ["evaluations", "raw_y"],
        "scenarios": scenarios,
    }
    (folder / f"IOHprofiler_f{number}_{kind}.json").write_text(json.dumps(metadata, indent=1) + "\n")


def _made(problem: ProblemRuns, candidate: StoredCandidate) -> list[ScoredRun]:
    runs = problem.runs.get(candidate.candidate_id, ())
    return [run for run in runs if run.record.status != "declined"]


def _kind(problem: ProblemRuns) -> str:
    return "own" if isinstance(problem.spec, OwnProblemSpec) else problem.spec.kind


def _values(problem: ProblemRuns, run: ScoredRun) -> Iterator[tuple[int, float]]:
    """Evaluations and error at the first evaluation, at each improvement that the trace shows, and at the end."""
    trace = run.record.trace if run.record.status in MEASURED else ()
    before, last = None, max((n for n, _, _ in trace), default=1)
    if not trace or trace[0][0] > 1:
        yield 1, INFEASIBLE
    for n, f, violation in trace:
        feasible = violation == 0 and problem.best_known is not None
        value = min(max(f - (problem.best_known or 0.0), 0.0), INFEASIBLE) if feasible else INFEASIBLE + violation
        if value != before or n == last:
            yield n, value
        before = value
