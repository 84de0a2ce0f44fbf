"""Recipes for pretrained bases teach a small random base of the same architecture, given by folder, to choose."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from llamoco_tune.bases.from_scratch import byte_tokenizer
from llamoco_tune.cli import main
from llamoco_tune.metrics import read_metrics
from llamoco_tune.openings import read_openings
from llamoco_tune.run_folder import stored_run
from tests.tiny_models import write_tiny
from tests.tuning_data import rows, write_export

# peft 0.21 asks transformers 5.23 by a name that it will give up.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

CONTEXT = 160
"""Tokens; a few more than the rows have, so that programs are short."""
FEW_AND_SHORT = (
    "--steps", "2", "--accumulation", "1", "--writing-share", "0.5", "--sequence-length", "512", "--precision", "fp32",
)  # fmt: skip
KINDS: Mapping[str, str] = {"codegen-350m": "codegen", "phi-2-lora": "phi"}
"""Architectures of the recipes' bases where these are no Llama."""


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("data") / "export", train=6, validation=2, train_extended=6)


def base_for(folder: Path, name: str) -> Path:
    kind = KINDS.get(name, "llama")
    tokenizer: Any = byte_tokenizer([json.dumps(row) for row in rows("train", 9)], vocabulary=400)
    context = "n_positions" if kind == "codegen" else "max_position_embeddings"
    return write_tiny(folder, kind, tokenizer, scale=1.0, **{context: CONTEXT})


@pytest.mark.parametrize("name", ["cpu-demo", "smollm2-full", "codegen-350m", "phi-2-lora", "codellama-7b-lora"])
def test_recipe_teaches_a_base_in_a_folder(tmp_path, export, name):
    base, out = base_for(tmp_path / "base", name), tmp_path / "run"
    given = ["--data", str(export), "--base", str(base), "--out", str(out), "--recipe", name]
    with pytest.raises(SystemExit) as ended:
        main(["teach", *given, *FEW_AND_SHORT])
    assert ended.value.code == 0
    run = stored_run(out)
    assert run is not None
    assert run.finished
    before, after = (load_file(folder / "model.safetensors") for folder in (base, out))
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[key], after[key]) for key in before)
    assert "eval_gap_closed" in run.results
    assert read_openings(str(out)) is not None
    losses = {key for line in read_metrics(out) for key in line.values}
    assert {"choice_loss", "unopened_loss", "writing_loss"} <= losses
