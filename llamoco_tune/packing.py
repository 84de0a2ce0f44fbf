# pyright: reportExplicitAny=false
"""Makes a small copy of a finished run's model: weights in 16 bits and what generation needs, without checkpoints.

The model in the package, `ready`, is such a copy.
"""

import shutil
from pathlib import Path
from typing import Any

import torch

from llamoco_tune import model as models
from llamoco_tune.card import card_of, model_card
from llamoco_tune.folders import content_of, not_a
from llamoco_tune.openings import read_openings, write_openings
from llamoco_tune.records import TuningError
from llamoco_tune.run_folder import CARD_FILE, RunRecord, stored_run, write_run


def pack(folder: Path, out: Path) -> int:
    """Writes the copy, whole or not at all, and returns its size in bytes.

    Args:
        folder: a finished run.
        out: a new or empty folder.

    Raises:
        TuningError: there is no finished run, the other folder is in use, or it cannot be written.
    """
    run = stored_run(folder)
    if run is None:
        raise not_a("a tuning run", folder, "holds no tuning run")
    if not run.finished:
        raise TuningError(f"the run in {folder} is not finished; give its command again first")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        content = content_of(out)
        raise TuningError(f"{out} {f'is {content.name}' if content else 'is not empty'}; name another folder")
    loaded = models.load(str(folder), precision="fp32")
    openings = read_openings(str(folder))
    partial = out.resolve().parent / f".{out.name}.partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        models.save(loaded.model.to(torch.bfloat16), _plain(loaded.tokenizer), partial)
        if openings is not None:
            write_openings(partial, openings)
        (partial / CARD_FILE).write_text(_card(folder, run, loaded.tokenizer, out.name), encoding="utf-8")
        write_run(partial, run)
        # safetensors makes weights unreadable for other users.
        for file in partial.iterdir():
            file.chmod((partial / CARD_FILE).stat().st_mode)
        size = sum(file.stat().st_size for file in partial.iterdir())
        if out.is_dir():
            out.rmdir()
        partial.rename(out)
    except OSError as error:
        raise TuningError(f"{out} cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return size


def _card(folder: Path, run: RunRecord, tokenizer: Any, name: str) -> str:
    """The run's card under the copy's name; as it is where somebody has changed it, or its base is no longer there."""
    text = (folder / CARD_FILE).read_text(encoding="utf-8")
    card = card_of(folder, run, chat=tokenizer.chat_template is not None)
    return model_card(card.model_copy(update={"name": name})) if model_card(card) == text else text


def _plain(tokenizer: Any) -> Any:
    """The tokenizer without the path that it was loaded from, which means nothing elsewhere."""
    tokenizer.init_kwargs.pop("name_or_path", None)
    tokenizer.name_or_path = ""
    return tokenizer
