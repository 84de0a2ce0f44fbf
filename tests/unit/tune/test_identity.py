"""A model is known by its content: whatever decides how it answers changes its digest, and nothing else does."""

import http.server
import json
import shutil
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from typing_extensions import override

from llamoco_tune.identity import content_digest, hub_commit
from tests.tuning_data import write_tiny_base

pytestmark = pytest.mark.unit

FIRST, SECOND = "1" * 40, "2" * 40


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return write_tiny_base(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture
def copy(base: Path, tmp_path: Path) -> Path:
    return shutil.copytree(base, tmp_path / "elsewhere")


def change(file: Path) -> None:
    file.write_bytes((file.read_bytes() if file.exists() else b"") + b" ")


def test_digest_is_that_of_the_content_wherever_it_lies(base: Path, copy: Path):
    assert content_digest(str(base)) == content_digest(str(copy))


@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors",
        "model-00002-of-00003.safetensors",
        "model.safetensors.index.json",
        "pytorch_model.bin",
        "pytorch_model-00001-of-00002.bin",
        "pytorch_model.bin.index.json",
        "adapter_model.safetensors",
        "adapter_model.bin",
        "adapter_config.json",
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "tokenizer.model",
        "spiece.model",
        "vocab.json",
        "merges.txt",
        "special_tokens_map.json",
        "added_tokens.json",
        "chat_template.jinja",
        "additional_chat_templates/rag.jinja",
    ],
)
def test_change_in_what_decides_answers_is_another_model(copy: Path, name: str):
    before = content_digest(str(copy))
    (copy / name).parent.mkdir(exist_ok=True)
    change(copy / name)
    assert content_digest(str(copy)) != before


@pytest.mark.parametrize(
    "name", ["README.md", "run.json", "base.json", "metrics.jsonl", "loss.png", "embeddings.npz", "training_args.bin"]
)
def test_what_only_describes_a_model_is_no_part_of_it(copy: Path, name: str):
    before = content_digest(str(copy))
    change(copy / name)
    assert content_digest(str(copy)) == before


def test_adapter_is_another_model_on_another_base(base: Path, copy: Path, tmp_path: Path):
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_model.safetensors").write_bytes(b"low rank")
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(copy)}))
    before = content_digest(str(adapter))
    change(copy / "model.safetensors")
    assert content_digest(str(adapter)) != before


def cached(hub: Path, commit: str) -> None:
    """What the hub's client leaves of a model that it was asked for when a commit was the newest."""
    model = hub / "models--owner--tiny"
    (model / "snapshots" / commit).mkdir(parents=True)
    (model / "snapshots" / commit / "config.json").write_text("{}")
    (model / "refs").mkdir(exist_ok=True)
    (model / "refs" / "main").write_text(commit)


def test_name_on_the_hub_is_the_commit_that_was_loaded_where_the_hub_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert hub_commit("owner/tiny") is None
    cached(tmp_path, FIRST)
    assert hub_commit("owner/tiny") == FIRST
    before = content_digest("owner/tiny")
    cached(tmp_path, SECOND)
    assert content_digest("owner/tiny") != before
    assert content_digest("owner/other") != before


@pytest.fixture
def hub() -> Generator[tuple[str, Callable[[str], None]]]:
    """The address of a hub with one model, and how to give it a commit."""
    newest = [FIRST]

    class Hub(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"id": "owner/tiny", "sha": newest[0]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", lambda commit: newest.__setitem__(0, commit)
        server.shutdown()
        thread.join()


def test_name_on_the_hub_is_another_model_at_another_commit(
    hub: tuple[str, Callable[[str], None]], monkeypatch: pytest.MonkeyPatch
):
    address, push = hub
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
    before = content_digest("owner/tiny")
    assert hub_commit("owner/tiny") == FIRST
    push(SECOND)
    assert hub_commit("owner/tiny") == SECOND
    assert content_digest("owner/tiny") != before
