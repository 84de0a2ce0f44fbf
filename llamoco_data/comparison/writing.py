"""Writes the page about score folders, wholly or not at all; it replaces nothing but an earlier page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llamoco_data.comparison.numbers import Comparison, compare
from llamoco_data.comparison.page import page
from llamoco_data.comparison.reading import ScoreFolder, read_scores
from llamoco_data.files import Place, folder_name
from llamoco_data.report.document import check_place, put


@dataclass(frozen=True, slots=True)
class Compared:
    """A page that was written."""

    file: Path
    size_bytes: int
    comparison: Comparison


def write_scores_page(folders: Sequence[Place], out: Path | None = None) -> Compared:
    """Writes the page, which is a function of the folders' content and names alone.

    Args:
        folders: at least one.
        out: the file. Default: `NAME-report.html` in the current folder, after the name of the first folder.

    Raises:
        LlamocoError: a folder holds no finished score or is damaged, folders do not fit together, or the file is
            something else than a report or cannot be written.
    """
    file = Path(f"{folder_name(folders[0])}-report.html") if out is None else out
    target = check_place(file)
    comparison = compare(_named_apart([read_scores(folder) for folder in folders]))
    return Compared(file, put(target, page(comparison)), comparison)


def _named_apart(folders: Sequence[ScoreFolder]) -> list[ScoreFolder]:
    """The folders, with a number behind each name that an earlier one has."""
    seen: Counter[str] = Counter()
    apart: list[ScoreFolder] = []
    for folder in folders:
        seen[folder.name] += 1
        number = seen[folder.name]
        apart.append(folder if number == 1 else replace(folder, name=f"{folder.name} {number}"))
    return apart
