"""The processes of a run, as `torchrun` describes them in the environment of each."""

import os


def is_main_process() -> bool:
    """Whether this process is the one that writes files and messages."""
    return os.environ.get("RANK", "0") == "0"


def num_processes() -> int:
    """Number of processes of this run."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def place_on_machine() -> int:
    """The number of this process among those of its machine, from 0; it uses the GPU of this number."""
    return int(os.environ.get("LOCAL_RANK", "0"))
