"""Writes a campaign as a scenario of ASlib (Bischl et al., 2016): a score of every run, and what statements say.

An instance is a problem, an algorithm a candidate, the measure the score. Features are read in the statement, so their
cost is 0 evaluations; the feasible share, which takes evaluations, is not among them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from llamoco_data.formats.problems import CampaignRuns, ProblemRuns, ScoredRun
from llamoco_data.identity import stream
from llamoco_data.outcomes import RunStatus
from llamoco_data.problems.own_spec import function_of
from llamoco_data.selector import ESTIMATED, reading_of

FOLDS = 10
"""Number of folds of the cross-validation."""
STEP = "statement"
"""The one feature step: reading the statement."""
_UNKNOWN = "?"
_STATUSES: Mapping[RunStatus, str] = {
    "completed": "ok",
    "over_budget": "ok",
    "declined": "not_applicable",
    "timed_out": "timeout",
    "raised": "crash",
    "bad_return": "crash",
    "crashed": "crash",
    "invalid_program": "crash",
}
_RUN_STATUS = "{ok,timeout,memout,not_applicable,crash,other}"
_FEATURE_STATUS = "{ok,timeout,memout,presolved,crash,other}"
_KEY = (("instance_id", "STRING"), ("repetition", "NUMERIC"))


def write_aslib(runs: CampaignRuns, folder: Path) -> None:
    """Writes the six files of the scenario.

    Raises:
        OSError: the folder cannot be written.
    """
    readings = {problem.spec.problem_id: reading_of(problem.spec) for problem in runs.problems}
    names = [name for name in dict.fromkeys(chain.from_iterable(readings.values())) if name != ESTIMATED]
    ids = list(readings)
    (folder / "description.txt").write_text(_description(runs, [_word(name) for name in names]))
    attributes = [*_KEY, ("algorithm", "STRING"), ("score", "NUMERIC"), ("runstatus", _RUN_STATUS)]
    _write(folder, "algorithm_runs", attributes, (row for problem in runs.problems for row in _runs(runs, problem)))
    values = ((key, 1, *(reading.get(name) for name in names)) for key, reading in readings.items())
    _write(folder, "feature_values", [*_KEY, *((_word(name), "NUMERIC") for name in names)], values)
    _write(folder, "feature_costs", [*_KEY, (STEP, "NUMERIC")], ((key, 1, 0) for key in ids))
    _write(folder, "feature_runstatus", [*_KEY, (STEP, _FEATURE_STATUS)], ((key, 1, "ok") for key in ids))
    folds = ((key, 1, fold) for key, fold in zip(ids, _folds(runs.problems), strict=True))
    _write(folder, "cv", [*_KEY, ("fold", "NUMERIC")], folds)


def _folds(problems: Sequence[ProblemRuns]) -> list[int]:
    """The fold of each problem, from 1; a user's problem at several budgets is in one."""
    functions = [function_of(problem.spec) for problem in problems]
    different = list(dict.fromkeys(functions))
    drawn = stream("aslib", "cv", *different).permutation(len(different)) % FOLDS + 1
    fold_of = dict(zip(different, drawn.tolist(), strict=True))
    return [fold_of[function] for function in functions]


def _runs(runs: CampaignRuns, problem: ProblemRuns) -> Iterator[Sequence[object]]:
    """The rows of a problem; a candidate that the race left out has one without a value."""
    for name, candidate in runs.candidates.items():
        made: Sequence[ScoredRun] = problem.runs.get(candidate.candidate_id, ())
        for run in made:
            yield problem.spec.problem_id, run.repetition, name, run.score, _STATUSES[run.record.status]
        if not made:
            yield problem.spec.problem_id, 1, name, None, "other"


def _description(runs: CampaignRuns, features: Sequence[str]) -> str:
    """The description, YAML; the JSON of texts and lists is YAML too."""
    lines = {
        "scenario_id": runs.name,
        "performance_measures": ["score"],
        "maximize": [True],
        "performance_type": ["solution_quality"],
        "algorithm_cutoff_time": _UNKNOWN,
        "algorithm_cutoff_memory": _UNKNOWN,
        "features_cutoff_time": _UNKNOWN,
        "features_cutoff_memory": _UNKNOWN,
        "number_of_feature_steps": 1,
        "default_steps": [STEP],
        "feature_steps": {STEP: {"provides": list(features)}},
        "features_deterministic": list(features),
        "features_stochastic": [],
        "metainfo_algorithms": {
            name: {"configuration": json.dumps(one.settings, sort_keys=True), "deterministic": False}
            for name, one in runs.candidates.items()
        },
        "algorithms_deterministic": [],
        "algorithms_stochastic": list(runs.candidates),
    }
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in lines.items())


def _write(folder: Path, name: str, attributes: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> None:
    with (folder / f"{name}.arff").open("w", encoding="utf-8") as file:
        file.write(f"@RELATION {name}\n\n")
        file.writelines(f"@ATTRIBUTE {attribute} {kind}\n" for attribute, kind in attributes)
        file.write("\n@DATA\n")
        file.writelines(",".join(_UNKNOWN if cell is None else str(cell) for cell in row) + "\n" for row in rows)


def _word(name: str) -> str:
    return name.replace(" ", "_").replace("-", "_")
