"""Bases of all kinds through the commands: what fits is taught, what would be taught wrongly is one line."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from llamoco_tune.bases.from_scratch import byte_tokenizer
from llamoco_tune.cli import main
from llamoco_tune.evaluation import EvaluationConfig
from llamoco_tune.teach import TeachConfig, teach
from llamoco_tune.training import TrainConfig
from tests.tiny_models import write_tiny
from tests.tuning_data import rows, write_export

# A state space model without its kernels only warns that it is slow.
pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore::UserWarning")]

CONTEXT = 160
"""Tokens."""


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("data") / "export", train=4, validation=2)


def tokenizer() -> Any:
    return byte_tokenizer([json.dumps(row) for row in rows("train", 9)], vocabulary=400)


def base_of(folder: Path, kind: str, *, scale: float = 1.0) -> Path:
    """A base whose context is a few tokens longer than the rows, so that it writes short programs."""
    context = {"codegen": "n_positions", "mamba": "context_length"}.get(kind, "max_position_embeddings")
    return write_tiny(folder, kind, tokenizer(), scale=scale, **{context: CONTEXT})


def command(export: Path, base: Path, out: Path, *more: str) -> int:
    """The exit code of a few steps by recipe `tiny`, which is for models that have SDPA."""
    fixed = ["--recipe", "tiny", "--precision", "fp32", "--per-batch", "2"]
    with pytest.raises(SystemExit) as ended:
        main(["teach", "--data", str(export), "--base", str(base), "--out", str(out), *fixed, *more])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("kind", ["codegen", "gemma2"])
def test_architecture_without_sdpa_is_taught(tmp_path, export, kind):
    base = base_of(tmp_path / "base", kind)
    assert command(export, base, tmp_path / "run", "--steps", "1") == 0
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "run"))
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(("kind", "falls_back"), [("opt", True), ("mamba", True), ("llama", False)])
def test_base_that_cannot_pack_rows_is_taught_with_padded_ones_and_says_so(tmp_path, export, kind, falls_back):
    base = base_of(tmp_path / "base", kind)
    train = TrainConfig(learning_rate=1e-3, max_steps=2, evaluate_every=2, precision="fp32")
    said = io.StringIO()

    def taught(batching: str, per_batch: int) -> str:
        config = TeachConfig.model_validate(
            {
                "train": train,
                "batching": batching,
                "per_batch": per_batch,
                "sequence_length": 1_000,
                "evaluation": EvaluationConfig(num_rows=2, num_programs=0),
            }
        )
        teach(export, str(base), tmp_path / batching, config, Console(file=said, width=200))
        return said.getvalue()

    instead = re.search(r"batches of (\d+) padded rows instead", taught("packed", 1))
    assert bool(instead) == falls_back
    assert taught("padded", int(instead[1]) if instead else 2).count("padded rows instead") == falls_back
    packed, padded = (load_file(tmp_path / name / "model.safetensors") for name in ("packed", "padded"))
    assert all(torch.equal(packed[name], padded[name]) for name in packed) == falls_back


def test_model_that_keeps_no_keys_writes_programs_while_it_is_taught(tmp_path, export):
    base = base_of(tmp_path / "base", "mamba")
    train = TrainConfig(learning_rate=1e-3, max_steps=1, evaluate_every=1, precision="fp32")
    evaluation = EvaluationConfig(num_rows=2, num_programs=1, max_new_tokens=3)
    config = TeachConfig(train=train, batching="padded", evaluation=evaluation)
    run = teach(export, str(base), tmp_path / "run", config, Console(quiet=True))
    assert run.results["eval_programs_define_minimize"] == 0


def test_learning_rate_that_ends_in_no_number_is_one_line(tmp_path, export, capsys):
    base = base_of(tmp_path / "base", "llama")
    assert command(export, base, tmp_path / "run", "--learning-rate", "1e20", "--steps", "3") == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("llamoco-tune: ")
    assert "is not finite at step" in line
    assert "lower the learning rate" in line
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_base_that_cannot_be_taught_rightly_is_one_line_and_leaves_nothing(tmp_path, export, capsys):
    small = base_of(tmp_path / "small", "llama")
    byte_tokenizer([json.dumps(row) for row in rows("train", 9)], vocabulary=500).save_pretrained(small)
    both_ways = base_of(tmp_path / "both", "bert", scale=4.0)
    for base, line in ((small, "the model knows"), (both_ways, "no causal model")):
        assert command(export, base, tmp_path / "run", "--steps", "1") == 2
        assert line in capsys.readouterr().err.strip().splitlines()[-1]
        assert not (tmp_path / "run").exists()
