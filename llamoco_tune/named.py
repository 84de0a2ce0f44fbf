"""Models that a name stands for: `ready` is the one that comes with the package."""

from pathlib import Path

READY = "ready"
"""Name of the model in the package; a folder of that name is given as `./ready`."""


def place_of(model: str) -> str:
    """The folder of a model, or its name on the hub."""
    return str(Path(__file__).parent / READY) if model == READY else model
