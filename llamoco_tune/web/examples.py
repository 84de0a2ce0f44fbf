"""The worked examples of the documentation, for a visitor to click."""

from dataclasses import dataclass
from importlib import resources

_TITLES = {
    "cantilever.py": "Cantilever beam",
    "ripples.py": "Many minima",
    "reactor.py": "Batch reactor",
    "cooling.py": "Fit to data",
    "vessel.py": "Mixed units",
    "valley.tex": "In LaTeX",
}


@dataclass(frozen=True, slots=True)
class Example:
    """A problem to begin with."""

    name: str
    """Name of its file in `docs/examples`."""
    title: str
    text: str


def examples() -> tuple[Example, ...]:
    """All examples, in the order of the documentation."""
    folder = resources.files("llamoco_tune.web") / "examples"
    return tuple(Example(name, title, (folder / name).read_text(encoding="utf-8")) for name, title in _TITLES.items())
