"""Where work is done: in this process, or on Ray actors, with the same records either way."""

from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.execution.lost_workers import after_lost, after_progress
from llamoco_data.execution.protocol import Executor, Lost, Slice
from llamoco_data.execution.work import (
    SLICE_S,
    ByPolicy,
    Draw,
    GivenRuns,
    Program,
    Progress,
    Task,
    advance,
    applicable,
    drawn,
    runs_wanted,
)
from llamoco_data.identity import LlamocoError

__all__ = [
    "SLICE_S",
    "ByPolicy",
    "Draw",
    "Executor",
    "GivenRuns",
    "Lost",
    "Program",
    "Progress",
    "Slice",
    "Task",
    "advance",
    "after_lost",
    "after_progress",
    "applicable",
    "drawn",
    "executor",
    "runs_wanted",
]


def executor(address: str, workers: int | None = None) -> Executor:
    """The executor at an address; nothing is started or connected to before there is work.

    Args:
        address: `inline` (this process, one run at a time), `local` (a Ray of its own on this machine), `auto` (the
            Ray cluster that runs here), or the address of a cluster (`host:port` or `ray://host:port`).
        workers: number of workers; by default one for each processor of the machine or cluster, which may grow.

    Raises:
        LlamocoError: the number of workers is below 1.
    """
    if workers is not None and workers < 1:
        raise LlamocoError(f"{workers} workers can do no work; ask for at least 1")
    if address == "inline":
        return InlineExecutor()
    from llamoco_data.execution.ray_actors import RayExecutor  # noqa: PLC0415 - Ray is slow to import

    return RayExecutor(address, workers)
