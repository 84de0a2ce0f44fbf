"""The processes of a run, as `torchrun` tells each of them."""

import os


def is_main_process() -> bool:
    """Whether this process is the one that writes, and speaks."""
    return os.environ.get("RANK", "0") == "0"


def num_processes() -> int:
    """Processes of this run."""
    return int(os.environ.get("WORLD_SIZE", "1"))
