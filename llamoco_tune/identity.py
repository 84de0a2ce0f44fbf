"""Identifies a model by a digest of what decides how it answers, not by its place or name.

That is its weights in any format, its configuration, its tokenizer and its chat template. Nothing is loaded.
"""

import json
import re
from pathlib import Path

from huggingface_hub import HfApi, constants, try_to_load_from_cache

from llamoco_tune.named import place_of
from llamoco_tune.records import digest, file_sha256

CONTENT = re.compile(
    r".*\.safetensors|.*\.safetensors\.index\.json|(?!training_args|optimizer|scheduler).*\.bin|.*\.bin\.index\.json"
    r"|(config|generation_config|openings|adapter_config|vocab|added_tokens|special_tokens_map|chat_template)\.json"
    r"|tokenizer.*\.json|merges\.txt|vocab\.txt|.*\.(model|tiktoken|jinja)"
)
"""Pattern of the names of files that decide how a model answers."""
TEMPLATES = "additional_chat_templates"
ADAPTER = "adapter_config.json"
"""File that marks the folder of an adapter, as peft writes it."""
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
HUB_TIMEOUT_S = 10.0
_COMMIT = re.compile(r"[0-9a-f]{40}")


def content_digest(name_or_folder: str) -> str:
    """The digest of a model: of the files of a folder, or of the commit that a name on the hub stands for now.

    An adapter's digest includes that of its base. It takes about a second for 1 GB of weights. A name that is neither a
    folder nor known to the hub has a digest too; loading it will say what is wrong.
    """
    folder = Path(place_of(name_or_folder))
    if not folder.is_dir():
        return digest(["hub", name_or_folder, hub_commit(name_or_folder)])
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and CONTENT.fullmatch(path.name))
    names += sorted(f"{TEMPLATES}/{path.name}" for path in (folder / TEMPLATES).glob("*.jinja"))
    content = [[name, file_sha256(folder / name)] for name in names]
    base = _base_of_adapter(folder / ADAPTER)
    return digest([content, content_digest(base)] if base else content)


def hub_commit(name: str) -> str | None:
    """The commit that a name on the hub stands for; if the hub does not answer, the one that it last gave, or None."""
    if not HUB_NAME.fullmatch(name):
        return None
    try:
        return HfApi().model_info(name, timeout=HUB_TIMEOUT_S).sha
    except Exception:  # noqa: BLE001 - errors of whichever HTTP library the hub's client uses
        cached = try_to_load_from_cache(name, "config.json", cache_dir=constants.HF_HUB_CACHE)
    commit = Path(cached).parent.name if isinstance(cached, str) else ""
    return commit if _COMMIT.fullmatch(commit) else None


def _base_of_adapter(file: Path) -> str | None:
    try:
        base = json.loads(file.read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return base if isinstance(base, str) and Path(base).resolve() != file.parent.resolve() else None
