"""Runs one row of an export from its own texts: the answer on the problem, and the code that states the problem.

The texts are executed in this process, as by a user of the row.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import cast

import numpy as np

from llamoco_data.identity import stream
from llamoco_data.instruction_set import INDEX, Drawing
from llamoco_data.problems.evaluation import Problem, build
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.own_spec import read_spec
from llamoco_data.problems.sampling import sample
from llamoco_data.runs import run_program
from llamoco_data.silence import silence
from llamoco_data.statements import code_of
from llamoco_data.texts import execute
from llamoco_data.verification.finding import Finding
from llamoco_data.verification.reruns import DIFFERS

POINTS = 5
"""Number of random points at which a statement is compared with the evaluator."""
AGREEMENT = 1e-9
"""Largest difference that counts as agreement, relative and absolute."""


def check_replay(row: Mapping[str, object]) -> Iterator[Finding]:
    """Checks that the answer gives the recorded result, and that the statement states the problem that was measured."""
    with silence():
        findings = tuple(_findings(row))
    yield from findings


def check_prediction(row: Mapping[str, object], drawing: Drawing | None) -> Iterator[Finding]:
    """Checks that a predicted row states its problem, and that its problem is what its index draws.

    Args:
        drawing: what the file of the row tells that its problems were drawn from.
    """
    with silence():
        findings = (*_drawn(row, drawing), *_stated(row))
    yield from findings


def _drawn(row: Mapping[str, object], drawing: Drawing | None) -> Iterator[Finding]:
    index: object = json.loads(str(row["extra"])).get(INDEX)
    if drawing is None or not isinstance(index, int):
        what = "does not tell what its problem was drawn from"
    elif sample(drawing.mixture, drawing.seed, index).problem_id != row["problem_id"]:
        what = f"has a problem that index {index} does not draw"
    else:
        return
    yield Finding(where=f"row {row['instruction_id']}", what=what, advice="export the campaign again, and extend it")


def _findings(row: Mapping[str, object]) -> Iterator[Finding]:
    where = f"row {row['instruction_id']}"
    spec = read_spec(str(row["problem_spec"]))
    seed = cast("int", row["replay_seed"])
    record = run_program(str(row["answer"]), spec, seed=seed)
    told = (row["replay_best_f"], row["replay_violation"], row["replay_evaluations"])
    gives = (record.best_f, record.violation, record.evaluations)
    if gives != told:
        what = f"its answer gives (best_f, violation, evaluations) {gives}, but the row has {told}"
        yield Finding(where=where, what=what, advice=DIFFERS)
    yield from _stated(row)


def _stated(row: Mapping[str, object]) -> Iterator[Finding]:
    """Checks that the code in a row states its problem."""
    where = f"row {row['instruction_id']}"
    texts = {"problem_source": str(row["problem_source"])}
    if row["form"] == "python":
        texts["prompt"] = code_of(str(row["prompt"]))
    problem = build(read_spec(str(row["problem_spec"])))
    for name, text in texts.items():
        difference = _difference(text, problem)
        if difference:
            advice = "the row teaches another problem than the one measured: export the campaign again"
            yield Finding(where=where, what=f"its {name} is not its problem: {difference}", advice=advice)


def _difference(text: str, problem: Problem) -> str:
    """How a Python statement differs from the evaluator; empty if they agree."""
    with contextlib.ExitStack() as afterwards:
        try:
            executed = execute(text, "statement")
            afterwards.callback(executed.forget)
            return _parted(executed.names, problem)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the text is the row's, and may raise anything
            return f"{type(error).__name__}: {error}"[:200]


def _parted(stated: Mapping[str, object], problem: Problem) -> str:
    if stated["max_evaluations"] != problem.max_evaluations:
        return f"it has a budget of {stated['max_evaluations']}"
    constrained = problem.spec.num_constraints > 0
    for x in _points(problem):
        pairs: list[tuple[object, float | Vector]] = [(_told(stated["objective"], x), problem.objective(x))]
        if constrained:
            g, h = problem.constraints(x)
            pairs.append((_told(stated["constraints"], x), np.concatenate([g, h])))
        for told, is_so in pairs:
            if not _agree(told, is_so):
                return f"at {x.tolist()} it gives {told}, but the evaluator gives {is_so}"
    return ""


def _told(function: object, x: Vector) -> object:
    """The value of a stated function at a point: a number, g and h in one array, or the text of the error it raises."""
    try:
        given = cast("Callable[[Vector], object]", function)(x.copy())
        if isinstance(given, tuple):
            return np.concatenate([np.asarray(part, np.float64) for part in cast("tuple[object, object]", given)])
        return np.asarray(given, np.float64)[()]
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the text is the row's, and may raise anything
        return f"{type(error).__name__}: {error}"[:200]


def _agree(told: object, is_so: float | Vector) -> bool:
    """Whether two values are equal; an error counts as a value that is not finite, and all such values are equal."""
    if isinstance(told, str):
        return not np.isfinite(is_so).any()
    given = np.asarray(told, np.float64)
    if given.shape != np.shape(is_so):
        return not np.isfinite(is_so).any()
    finite = np.isfinite(given)
    if not np.array_equal(finite, np.isfinite(is_so)):
        return False
    return np.allclose(given[finite], np.asarray(is_so)[finite], rtol=AGREEMENT, atol=AGREEMENT)


def _points(problem: Problem) -> Vector:
    rng = stream("verify", problem.spec.problem_id)
    return rng.uniform(problem.lower, problem.upper, (POINTS, len(problem.lower)))
