"""What becomes of a task whose worker was lost: a pure policy that finds the run at fault and lets the rest go on.

A slice that cost its worker is repeated one run at a time; a run that keeps costing its worker is recorded as such.
"""

from collections.abc import Sequence

from llamoco_data.execution.protocol import Lost
from llamoco_data.execution.work import Task, applicable, drawn, runs_wanted
from llamoco_data.portfolio.entrants import Entrant
from llamoco_data.runs import RunRecord, unmeasured

MAX_LOSSES = 2
"""Workers that one run may cost: the second loss is no accident of its machine."""


def after_loss(task: Task, lost: Lost, entrants: Sequence[Entrant]) -> tuple[Task, RunRecord | None]:
    """The task to go on with, and the record of the run at fault, once it is certain which that is."""
    if not task.single:
        return task.model_copy(update={"single": True}), None
    if task.losses + 1 < MAX_LOSSES:
        return task.model_copy(update={"losses": task.losses + 1}), None
    spec = drawn(task.problem)
    run = runs_wanted(task, entrants)[0]
    record = unmeasured(applicable(entrants, spec)[run.candidate_id], spec, run.seed, lost.status, lost.detail)
    return task.model_copy(update={"problem": spec, "records": (*task.records, record), "losses": 0}), record
