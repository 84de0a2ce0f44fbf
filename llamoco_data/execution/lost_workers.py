"""What becomes of a task whose worker was lost: a pure policy that finds the run at fault and lets the rest go on.

A slice that cost its worker is repeated one run at a time; a run that keeps costing its worker is recorded as such. The
loss of a node says nothing about a run, unless it happens again and again during the same one.
"""

from collections.abc import Sequence

from llamoco_data.execution.protocol import Lost
from llamoco_data.execution.work import Program, Progress, Task, applicable, drawn, runs_wanted
from llamoco_data.runs import RunRecord, unmeasured

MAX_LOST_WORKERS = 2
"""Workers that one run may cost. After a crash it runs alone on a node, where no neighbour can take its memory."""
MAX_LOST_NODES = 10
"""Nodes that one run may lose in a row; without a limit, a run that takes its node down would take them all."""


def after_lost(task: Task, lost: Lost, programs: Sequence[Program]) -> tuple[Task, RunRecord | None]:
    """The task to go on with, and the record of the run at fault, once it is certain which that is."""
    if not task.single:
        return task.model_copy(update={"single": True}), None
    lost_workers, lost_nodes = task.lost_workers + (not lost.by_node), task.lost_nodes + lost.by_node
    if lost_workers < MAX_LOST_WORKERS and lost_nodes < MAX_LOST_NODES:
        alone = task.alone or (lost.status == "crashed" and not lost.by_node)
        return task.model_copy(update={"lost_workers": lost_workers, "lost_nodes": lost_nodes, "alone": alone}), None
    detail = f"{lost_nodes} nodes were lost in a row while it ran" if lost.by_node else lost.detail
    spec = drawn(task.problem)
    run = runs_wanted(task, programs)[0]
    record = unmeasured(applicable(programs, spec)[run.candidate_id], spec, run.seed, lost.status, detail)
    record = record.model_copy(update={"tier": task.confined})
    return _beyond(task.model_copy(update={"problem": spec}), [record]), record


def after_progress(task: Task, progress: Progress) -> Task:
    """The task to go on with after a slice."""
    return _beyond(task.model_copy(update={"problem": progress.problem}), progress.records)


def _beyond(task: Task, records: Sequence[RunRecord]) -> Task:
    """The task after further runs, with a clean record for the next one."""
    return task.model_copy(
        update={"records": (*task.records, *records), "alone": False, "lost_workers": 0, "lost_nodes": 0}
    )
