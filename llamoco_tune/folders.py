"""Tells by the names in it what a folder of this project is, and what to do with it. It opens no file."""

from dataclasses import dataclass
from pathlib import Path

from llamoco_tune.invocation import DATA, command
from llamoco_tune.named import place_of
from llamoco_tune.records import TuningError

_CONFIGS = ("config.json", "adapter_config.json")
"""Files of which the folder of a model has the first, and that of an adapter the second."""


@dataclass(frozen=True, slots=True)
class Content:
    """Kind of a folder or file, with advice."""

    name: str
    """Noun phrase with its article, such as `an export`."""
    advice: str
    """Advice what to do with it, mostly a command."""


def content_of(folder: Path) -> Content | None:
    """What is at a path; None if it is empty, absent, or not of this project."""
    # A released export has the spec of its campaign beside it.
    is_export = (folder / ".snapshots").is_dir() or any(folder.glob("data/*-of-*.parquet"))
    if (folder / "campaign.json").is_file() and not is_export:
        exporting = command("export", folder, "EXPORT", program=DATA)
        return Content("a campaign", f"make an export of it with: {exporting}")
    if (folder / "score.json").is_file():
        return Content("a folder of scores", "read scores.md in it")
    if (folder / "run.json").is_file():
        return Content("a tuning run", f"let its model write programs with: {_generate(folder)}")
    if (folder / "base.json").is_file():
        teach = command("teach", "--data", "EXPORT", "--base", folder, "--out", "OUT")
        return Content("a base model", f"tune it with: {teach}")
    if is_export:
        teach = command("teach", "--data", folder, "--base", "BASE", "--out", "OUT")
        return Content("an export", f"tune a base model on it with: {teach}")
    if folder.is_file():
        return Content("a file", "give a folder")
    return None


def not_a(wanted: str, folder: Path, otherwise: str) -> TuningError:
    """The error that a folder is not what a command needs; it says what the folder is, or else what to do.

    Args:
        wanted: noun with its article, such as `an export`.
        otherwise: end of the sentence that begins with the folder's name, if the folder is not of this project.
    """
    content = content_of(folder)
    if content is None:
        return TuningError(f"{folder} {otherwise}")
    return TuningError(f"{folder} is {content.name}, not {wanted}; {content.advice}")


def _generate(model: Path) -> str:
    return command("generate", "--data", "EXPORT", "--split", "test", "--model", model, "--out", "programs.parquet")


def check_data(data: Path) -> None:
    """Checks that a folder is not known to be anything else than an export.

    Raises:
        TuningError: it is something else of this project.
    """
    content = content_of(data)
    if content is not None and content.name != "an export":
        raise not_a("an export", data, "")


def check_model(model: str) -> None:
    """Checks that a folder is not known to be anything else than a language model; other names may be on the hub.

    Raises:
        TuningError: it is something else of this project.
    """
    content = content_of(Path(place_of(model)))
    if content is not None and content.name not in ("a base model", "a tuning run"):
        raise not_a("a language model", Path(model), "")


def check_holds_model(model: str) -> None:
    """Checks that a folder holds a language model, or an adapter of one; other names may be on the hub.

    Raises:
        TuningError: it is a folder, and holds none.
    """
    check_model(model)
    folder = Path(place_of(model))
    if folder.is_dir() and not any((folder / name).is_file() for name in _CONFIGS):
        raise TuningError(f"{model} holds no model: it has no {_CONFIGS[0]}; give the folder of a model")
