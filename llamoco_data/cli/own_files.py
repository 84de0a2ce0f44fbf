"""Adds users' own problems from files: each is checked in a process of its own, and all of them are added, or none."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from llamoco_data.campaign import (
    CampaignSpec,
    Expected,
    add_problems,
    expected,
    own_names,
    present_problems,
    removals,
    runs_of,
    stored_campaign,
    stored_name,
)
from llamoco_data.identity import LlamocoError
from llamoco_data.problems.checking import Checked
from llamoco_data.problems.checking_apart import check_apart
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.source import normalised
from llamoco_data.store import Store


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one file."""

    file: Path
    problem_id: str
    checked: Checked | None
    """What the check found; None if the campaign held the problem already."""
    expected: Expected | None
    """Estimated cost of its race; None as for `checked`."""
    runs_before: int | None = None
    """Number of runs that the campaign has kept of it, where it was removed; else None."""
    namesakes: tuple[str, ...] = ()
    """problem_ids of the campaign's own problems of this name with another text."""


def add_files(
    folder: str, spec: CampaignSpec, files: Sequence[Path], notice: Callable[[str], None]
) -> tuple[Added, ...]:
    """Puts the problems of some files into the campaign in a folder.

    Args:
        spec: the campaign; where the folder holds none, the one to begin, with these problems alone.
        notice: called with a line for a person while another driver is waited for.

    Raises:
        LlamocoError: a file cannot be read or its problem fails a check, or the folder cannot take them; nothing was
            added.
    """
    start = spec.model_copy(update={"num_problems": 0}) if stored_campaign(folder) is None else None
    present = set[str]() if start else present_problems(folder)
    found = tuple(_looked_at(file, spec, present) for file in files)
    if start is None:
        found = tuple(_compared(one, Store(folder), spec) for one in found)
    add_problems(folder, [one.checked.spec for one in found if one.checked], start=start, notice=notice)
    return found


def _looked_at(file: Path, spec: CampaignSpec, present: set[str]) -> Added:
    text = normalised(read_python(file))
    try:
        problem_id = OwnProblemSpec.id_of(text)
        if problem_id in present:
            return Added(file, problem_id, None, None)
        checked = check_apart(text, stored_name(file.stem))
        return Added(file, problem_id, checked, expected(spec, checked))
    except LlamocoError as error:
        raise LlamocoError(f"{file}: {error}") from None


def _compared(added: Added, store: Store, spec: CampaignSpec) -> Added:
    """What became of a file, with what the campaign has held of its text and its name."""
    before = [removal for removal in removals(store.place, spec) if removal.problem_id == added.problem_id]
    name = stored_name(added.file.stem)
    return dataclasses.replace(
        added,
        runs_before=runs_of(store, before) if before else None,
        namesakes=tuple(
            one for one, names in own_names(spec, store).items() if name in names and one != added.problem_id
        ),
    )


def checked_file(file: Path) -> Checked:
    """The problem of a file, after its check.

    Raises:
        LlamocoError: the file cannot be read, or its problem fails the check.
    """
    text = normalised(read_python(file))
    try:
        return check_apart(text, stored_name(file.stem))
    except LlamocoError as error:
        raise LlamocoError(f"{file}: {error}") from None


def read_python(file: Path) -> str:
    """The text of a file.

    Raises:
        LlamocoError: it cannot be read, or is no text, or is LaTeX.
    """
    if file.suffix.lower() == ".tex":
        raise LlamocoError(f"{file} is LaTeX, and only Python can be run; state the problem in Python, see docs/ask.md")
    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise LlamocoError(f"{file} cannot be read: {error.strerror}; give a Python file") from None
    except UnicodeDecodeError:
        raise LlamocoError(f"{file} is not text in UTF-8; save it in that encoding") from None
