"""Where work is done: in this process, or on Ray actors, with the same records either way."""

from llamoco_data.execution.protocol import Executor, Lost, Slice
from llamoco_data.execution.work import Draw, Progress, Task, advance

__all__ = ["Draw", "Executor", "Lost", "Progress", "Slice", "Task", "advance", "executor"]


def executor(address: str, workers: int | None = None) -> Executor:
    """The executor at an address; nothing is started before there is work.

    Args:
        address: `inline` (this process, one run at a time), `local` (a Ray of its own on this machine), `auto` (the
            Ray cluster that runs here), or the address of a cluster (`host:port` or `ray://host:port`).
        workers: how many; by default one for each processor of the machine or cluster.

    Raises:
        LlamocoError: the number of workers is below 1.
    """
    raise NotImplementedError
