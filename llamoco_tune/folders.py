"""Knows what any folder of this project is by what lies in it, and what to do with it. It opens no file."""

from dataclasses import dataclass
from pathlib import Path

from llamoco_tune.invocation import DATA, command
from llamoco_tune.records import TuningError


@dataclass(frozen=True, slots=True)
class Content:
    """What a folder or a file is."""

    name: str
    """Noun phrase with its article: `an export`."""
    advice: str
    """What to do with it: a phrase that ends with a command."""


def content_of(folder: Path) -> Content | None:
    """What a place holds; None where it is empty, not there, or nothing of this project."""
    if (folder / "campaign.json").is_file():
        exporting = command("export", folder, "EXPORT", program=DATA)
        return Content("a campaign", f"make an export of it with: {exporting}")
    if (folder / "score.json").is_file():
        return Content("a folder of scores", "read scores.md in it")
    if (folder / "run.json").is_file():
        return Content("a tuning run", f"let its model write programs with: {_generate(folder)}")
    if (folder / "base.json").is_file():
        teach = command("teach", "--data", "EXPORT", "--base", folder, "--out", "OUT")
        return Content("a base model", f"tune it with: {teach}")
    if (folder / ".snapshots").is_dir() or any(folder.glob("data/*-of-*.parquet")):
        teach = command("teach", "--data", folder, "--base", "BASE", "--out", "OUT")
        return Content("an export", f"tune a base model on it with: {teach}")
    if folder.is_file():
        return Content("a file", "give a folder")
    return None


def not_a(wanted: str, folder: Path, otherwise: str) -> TuningError:
    """The error that a place is not what a command needs: it says what the place is, or else what to do.

    Args:
        wanted: noun with its article: `an export`.
        otherwise: the rest of a sentence that begins with the folder, where it is nothing of this project.
    """
    content = content_of(folder)
    if content is None:
        return TuningError(f"{folder} {otherwise}")
    return TuningError(f"{folder} is {content.name}, not {wanted}; {content.advice}")


def _generate(model: Path) -> str:
    return command("generate", "--data", "EXPORT", "--split", "test", "--model", model, "--out", "programs.parquet")


def check_data(data: Path) -> None:
    """Refuses what is known to be no export.

    Raises:
        TuningError: it is something else of this project.
    """
    content = content_of(data)
    if content is not None and content.name != "an export":
        raise not_a("an export", data, "")


def check_model(model: str) -> None:
    """Refuses what is known to be no language model; a name may be one of a hub.

    Raises:
        TuningError: it is something else of this project.
    """
    content = content_of(Path(model))
    if content is not None and content.name not in ("a base model", "a tuning run"):
        raise not_a("a language model", Path(model), "")
