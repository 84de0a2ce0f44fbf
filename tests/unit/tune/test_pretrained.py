"""Models whose files are damaged or incomplete are refused in one line that names the file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
import torch
from safetensors.torch import load_file, save_file

from llamoco_tune.bases import fetch_base
from llamoco_tune.model import load
from llamoco_tune.records import TuningError
from tests.tuning_data import write_tiny_base

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_base(tmp_path_factory.mktemp("sound") / "base")


def cut(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return change


def cut_pickled_weights(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    cut("pytorch_model.bin")(folder)


def without_a_layer(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if "layers.1" not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def configured(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | changes))

    return change


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (cut("model.safetensors"), "base/model.safetensors is damaged"),
        (cut_pickled_weights, "base/pytorch_model.bin is damaged"),
        (cut("config.json"), "base/config.json is damaged"),
        (cut("tokenizer.json"), "base/tokenizer.json is damaged"),
        (without_a_layer, "incomplete: model.layers.1"),
        (configured(intermediate_size=96), "config.json belongs to another model than the weights"),
        (configured(hidden_size="wide"), "Validation error for field 'hidden_size'"),
        (configured(rope_scaling="none"), "Validation error for field 'rope_parameters'"),
    ],
)
def test_damaged_model_is_refused_by_whoever_reads_it(tmp_path, sound, damage, line):
    shutil.copytree(sound, tmp_path / "base")
    damage(tmp_path / "base")
    with pytest.raises(TuningError, match=line):
        load(str(tmp_path / "base"))
    with pytest.raises(TuningError, match=line) as caught:
        fetch_base(str(tmp_path / "base"), tmp_path / "copies" / "copy", print)
    assert "copy" not in str(caught.value).replace("copy it again", "").replace("copy the model again", "")
    assert list((tmp_path / "copies").iterdir()) == []


@pytest.mark.parametrize("place", ["./nowhere", "~nobody/base", "a/b/c"])
def test_folder_that_is_not_there_is_not_looked_for_on_the_hub(place):
    with pytest.raises(TuningError) as caught:
        load(place)
    assert str(caught.value) == f"there is no folder {place}"


def test_name_that_no_hub_gives_is_refused_by_the_first_sentence_of_the_reason(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(TuningError, match=r"find them in the cached files; give a"):
        load("owner/no-such-model")


@pytest.mark.parametrize("damage", [lambda _: None, lambda folder: (folder / "README.md").write_text("not JSON")])
def test_sound_model_is_loaded_whatever_lies_beside_it(tmp_path, sound, damage):
    shutil.copytree(sound, tmp_path / "base")
    damage(tmp_path / "base")
    loaded = load(str(tmp_path / "base"))
    assert loaded.model.config.num_hidden_layers == 2


def test_attention_that_the_architecture_lacks_is_refused(sound):
    with pytest.raises(TuningError, match="cannot use the attention flash_attention_2"):
        load(str(sound), attention="flash_attention_2")
