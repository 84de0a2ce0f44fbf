"""Runs as they would have been with a smaller budget, read from their traces; nothing is run.

This holds only for optimizers that do not follow their budget: up to any evaluation they do the same, however many are
left.
"""

from llamoco_data.identity import LlamocoError
from llamoco_data.problems.evaluation import checkpoints
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.runs import MEASURED, RunRecord

SHORTEST = 10
"""Smallest budget that gets a label, in evaluations."""


def shorter_budget(max_evaluations: int, share: float) -> int | None:
    """The largest checkpoint of traces within a share of a budget; None where none has `SHORTEST` evaluations.

    It depends on no run: a problem at a smaller budget keeps its id when its campaign grows.
    """
    within = [int(n) for n in checkpoints(max_evaluations) if SHORTEST <= n <= share * max_evaluations]
    return max(within, default=None)


def at_budget(record: RunRecord, shorter: AnySpec) -> RunRecord:
    """The record of a run as it was when it had spent a smaller budget.

    For an optimizer that does not follow its budget this is exact at the checkpoints of the trace, except that `cpu_s`,
    `outside_box` and `non_finite` are 0, and that `slack_worth` is the value at the best point of the whole run: of all
    points where it was measured, the nearest to the optimum. A failed run counts as failed at any budget.

    Args:
        shorter: the record's problem with the smaller budget.

    Raises:
        LlamocoError: the budget is not smaller than that of the run.
    """
    budget = shorter.max_evaluations
    if budget > record.max_evaluations:
        raise LlamocoError(f"a run of {record.max_evaluations} evaluations says nothing about {budget}")
    rows = tuple(row for row in record.trace if row[0] <= budget)
    common = {"problem_id": shorter.problem_id, "max_evaluations": budget, "trace": rows, "cpu_s": 0.0}
    if record.status not in MEASURED:
        return record.model_copy(update=common)
    best_f, violation = rows[-1][1:] if rows else (None, None)  # no row where every point was invalid until then
    hit = record.evaluations_to_target
    return record.model_copy(
        update={
            **common,
            "best_f": best_f,
            "violation": violation,
            "slack_worth": record.slack_worth if violation == 0 else None,
            "evaluations": min(record.evaluations, budget),
            "evaluations_to_target": hit if hit is not None and hit <= budget else None,
            "outside_box": 0,
            "non_finite": 0,
        }
    )
