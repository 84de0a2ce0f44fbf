"""Runs one row of an export from its own texts: its answer on its problem, and the code that states the problem.

This executes what the row holds, as its user would.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import cast

import numpy as np

from llamoco_data.identity import stream
from llamoco_data.problems.evaluation import Problem, build
from llamoco_data.problems.own_spec import read_spec
from llamoco_data.runs import run_program
from llamoco_data.verification.finding import Finding
from llamoco_data.verification.reruns import DIFFERS

POINTS = 5
"""Random points at which a statement is compared with the evaluator."""
AGREEMENT = 1e-9
"""Relative difference that is none."""
_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)

Objective = Callable[[np.ndarray], float]


def check_replay(row: Mapping[str, object]) -> Iterator[Finding]:
    """Whether the answer gives the recorded result, and whether the statement states the problem that was measured."""
    where = f"row {row['instruction_id']}"
    spec = read_spec(str(row["problem_spec"]))
    seed = cast("int", row["replay_seed"])
    record = run_program(str(row["answer"]), spec, seed=seed)
    told = (row["replay_best_f"], row["replay_violation"], row["replay_evaluations"])
    gives = (record.best_f, record.violation, record.evaluations)
    if gives != told:
        what = f"its answer gives (best_f, violation, evaluations) {gives}, and the row says {told}"
        yield Finding(where=where, what=what, advice=DIFFERS)
    texts = {"problem_source": str(row["problem_source"])}
    if row["form"] == "python":
        texts["prompt"] = "\n".join(_BLOCK.findall(str(row["prompt"])))
    problem = build(spec)
    for name, text in texts.items():
        difference = _difference(text, problem)
        if difference:
            advice = "the row teaches another problem than was measured: export the campaign again"
            yield Finding(where=where, what=f"its {name} is not its problem: {difference}", advice=advice)


def _difference(text: str, problem: Problem) -> str:
    """Where a Python statement and the evaluator part; empty where they agree."""
    stated: dict[str, object] = {"__name__": "statement"}
    try:
        exec(compile(text, "<statement>", "exec"), stated)
        objective = cast("Objective", stated["objective"])
        if stated["max_evaluations"] != problem.max_evaluations:
            return f"it has a budget of {stated['max_evaluations']}"
        for x in _points(problem):
            pairs = [(objective(x), problem.objective(x))]
            if problem.spec.num_constraints:
                constraints = cast("Callable[[np.ndarray], tuple[object, object]]", stated["constraints"])
                pairs += list(zip(constraints(x), problem.constraints(x), strict=True))
            for told, is_so in pairs:
                if not np.allclose(np.asarray(told, dtype=float), is_so, rtol=AGREEMENT, atol=AGREEMENT):
                    return f"at {x.tolist()} it gives {told}, and the evaluator {is_so}"
    except Exception as error:  # noqa: BLE001 - the text is the row's, and may raise anything
        return f"{type(error).__name__}: {error}"[:200]
    return ""


def _points(problem: Problem) -> np.ndarray:
    rng = stream("verify", problem.spec.problem_id)
    return rng.uniform(problem.lower, problem.upper, (POINTS, len(problem.lower)))
