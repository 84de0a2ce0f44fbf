"""What of a tuned model is published: the files that it is used with, its card, and its record without local paths."""

import json
import re
from pathlib import Path

from pydantic import JsonValue, TypeAdapter

from llamoco_tune.folders import not_a
from llamoco_tune.hub import HubFile, hub_file
from llamoco_tune.identity import ADAPTER, HUB_NAME
from llamoco_tune.named import place_of
from llamoco_tune.records import TuningError
from llamoco_tune.run_folder import CARD_FILE, CHECKPOINTS, RUN_FILE, RunRecord, stored_run

USED = frozenset({".json", ".jinja", ".md", ".model", ".safetensors", ".txt"})
"""Endings of files that a model is used with; checkpoints, curves and logs have others or lie in other folders."""
_OBJECT = TypeAdapter(dict[str, JsonValue])
_BASE = re.compile(rf"^base_model: (?P<name>{HUB_NAME.pattern})$", re.MULTILINE)
_WENT_ON = re.compile(r"^\| (warmed up first \| yes|taught before) \|", re.MULTILINE)
"""Pattern of the lines by which a card says that the run's base was tuned already."""
_NAMED = re.compile(r"base_model:( |adapter:).*$", re.MULTILINE)
"""Pattern of the places where peft's card of an adapter names the base."""
_LICENSE = re.compile(r"^license: \S", re.MULTILINE)


def published_files(model: str) -> tuple[HubFile, ...]:
    """The files of a finished run, under the paths that they have in its folder, the card first.

    Raises:
        TuningError: the folder holds no finished run with a card, or a file cannot be read.
    """
    folder = Path(place_of(model))
    run = _finished_run(folder)
    card = hub_file(CARD_FILE, folder / CARD_FILE)
    base = _base_name(folder, run)
    record = hub_file(RUN_FILE, (_without_paths(run, base).to_json(indent=2) + "\n").encode())
    used = (file.relative_to(folder) for file in sorted(folder.rglob("*")) if file.is_file() and file.suffix in USED)
    others = [name for name in used if str(name) not in (CARD_FILE, RUN_FILE) and not _is_left_out(name)]
    return (card, record, *(hub_file(name.as_posix(), _content(folder / name, base)) for name in others))


def title_of(model: str) -> str:
    """The title of the commit that publishes a model."""
    return f"LLaMoCo model, run {_finished_run(Path(place_of(model))).run_id}"


def remarks_on(model: str) -> tuple[str, ...]:
    """What the card of a model leaves open, in words."""
    header = (Path(place_of(model)) / CARD_FILE).read_text(encoding="utf-8").partition("\n---\n")[0]
    if _LICENSE.search(header):
        return ()
    return (f"a license: {CARD_FILE} names none, because that of the base is not known; write it there",)


def _is_left_out(name: Path) -> bool:
    return name.parts[0] == CHECKPOINTS or any(part.startswith(".") for part in name.parts)


def _finished_run(folder: Path) -> RunRecord:
    """The record of a finished run.

    Raises:
        TuningError: there is none.
    """
    run = stored_run(folder)
    if run is None:
        raise not_a("a tuning run", folder, "holds no tuning run")
    if not run.finished:
        raise TuningError(f"the run in {folder} is not finished; give its command again first")
    return run


def _base_name(folder: Path, run: RunRecord) -> str:
    """The name of a run's base on the hub, as the card has it, or else the last part of its path.

    The card names the model before any tuning, which is not the base of a run that went on from another one.
    """
    card = (folder / CARD_FILE).read_text(encoding="utf-8")
    on_hub = _BASE.search(card.partition("\n---\n")[0])
    return on_hub["name"] if on_hub and not _WENT_ON.search(card) else Path(run.spec.base).name


def _without_paths(run: RunRecord, base: str) -> RunRecord:
    """The record with folders named by the last part of their path, since the rest means nothing elsewhere."""
    config = {name: _last_part(value) for name, value in run.spec.config.items()}
    places = {"base": base, "data": Path(run.spec.data).name, "config": config}
    return run.model_copy(update={"spec": run.spec.model_copy(update=places)})


def _content(file: Path, base: str) -> Path | bytes:
    """What is published of a file: its content, in which an adapter and its card name the base as the run does.

    Raises:
        TuningError: the description of an adapter is damaged.
    """
    try:
        if file.name == ADAPTER:
            described = _OBJECT.validate_json(file.read_bytes()) | {"base_model_name_or_path": base}
            return (json.dumps(described, indent=2, sort_keys=True) + "\n").encode()
        if file.name == CARD_FILE and (file.parent / ADAPTER).is_file():
            header, end, text = file.read_text(encoding="utf-8").partition("\n---\n")
            return (_NAMED.sub(lambda found: f"base_model:{found[1]}{base}", header) + end + text).encode()
    except (OSError, ValueError):
        raise TuningError(f"{file} is damaged; nothing was uploaded") from None
    return file


def _last_part(value: JsonValue) -> JsonValue:
    if isinstance(value, str) and value.startswith(("/", "~", ".")):
        return Path(value).name
    if isinstance(value, dict):
        return {name: _last_part(inner) for name, inner in value.items()}
    return [_last_part(inner) for inner in value] if isinstance(value, list) else value
