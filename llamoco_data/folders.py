"""Tells what a folder or file of this project is by what it holds, and what to do with it. It reads no table."""

import re
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_data.files import Files, Place, files_at
from llamoco_data.files.local import LocalFiles
from llamoco_data.identity import LlamocoError
from llamoco_data.invocation import TUNE, command

_OF_CAMPAIGNS = ("problems", "candidates", "runs", "own-problems", ".manifest")
"""Folders that only a campaign has, which a released export does not, though its campaign's spec lies beside it."""
PROGRAMS_KEY = b"llamoco_programs_version"
"""Key in the metadata of every file of programs."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a folder or a file is, and what to do with it."""

    name: str
    """Noun phrase with its article: `an export`."""
    advice: str
    """Phrase on what to do with it, which mostly ends with a command."""


def content_of(folder: Place) -> Content | None:
    """What a place holds; None where it is empty, not there, or nothing of this project.

    Raises:
        LlamocoError: it cannot be read.
    """
    place = files_at(folder)
    if isinstance(place, LocalFiles) and place.folder.is_file():
        return _content_of_file(place.folder, str(folder))
    names = set(place.names())
    where = str(folder)
    if "campaign.json" in names and not is_only_export(place):
        return Content("a campaign", f"see what it holds with: {command('status', where)}")
    if "score.json" in names:
        going_on = command("score", "PROGRAMS", "--data", "EXPORT", "--out", where)
        return Content("a folder of scores", f"read scores.md in it, or go on with: {going_on}")
    if "run.json" in names:
        return Content("a tuning run", f"let its model write programs with: {_generate(where)}")
    if "base.json" in names:
        teach = command("teach", "--data", "EXPORT", "--base", where, "--out", "OUT", program=TUNE)
        return Content("a base model", f"tune it with: {teach}")
    if _is_export(place, names):
        return Content("an export", f"list its instructions with: {command('show', where)}")
    if "config.json" in names and any(name.endswith(".safetensors") for name in names):
        return Content("a language model", f"let it write programs with: {_generate(where)}")
    return None


def not_a(wanted: str, folder: Place, otherwise: str) -> LlamocoError:
    """The error that a place is not what a command needs: it says what the place is, or else what to do.

    Args:
        wanted: noun with its article: `a campaign`.
        otherwise: rest of a sentence that begins with the folder, for a place that is nothing of this project.
    """
    content = content_of(folder)
    if content is None:
        return LlamocoError(f"{folder} {otherwise}")
    return LlamocoError(f"{folder} is {content.name}, not {wanted}; {content.advice}")


def is_only_export(place: Files) -> bool:
    """Whether a place holds an export and nothing of a campaign, except the spec of the one that made it.

    Raises:
        LlamocoError: it cannot be read.
    """
    return _is_export(place, set(place.names())) and not any(place.names(folder) for folder in _OF_CAMPAIGNS)


def _is_export(place: Files, names: Set[str]) -> bool:
    """Whether a place holds an export; a copy without hidden files is recognised by its shards."""
    if place.names(".snapshots"):
        return True
    return "data" in names and any(re.fullmatch(r"[a-z_]+-\d{5}-of-.*\.parquet", name) for name in place.names("data"))


def _content_of_file(file: Path, where: str) -> Content:
    if file.suffix == ".parquet":
        try:
            is_programs = PROGRAMS_KEY in (pq.read_schema(file).metadata or {})
        except (pa.ArrowException, OSError):
            is_programs = False
        if is_programs:
            scoring = command("score", where, "--data", "EXPORT", "--out", "SCORES")
            return Content("a file of programs", f"score them with: {scoring}")
    return Content("a file", "give a folder")


def _generate(model: str) -> str:
    return command(
        "generate", "--data", "EXPORT", "--split", "test", "--model", model, "--out", "programs.parquet", program=TUNE
    )
