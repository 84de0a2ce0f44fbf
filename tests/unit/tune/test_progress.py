"""What training leaves and shows: lines of metrics, whole after a resume, and lines for a person."""

import contextlib
import io
import json
from pathlib import Path

import pytest
import torch
from rich.console import Console
from torch.utils.data import Dataset
from transformers import Trainer, TrainingArguments
from typing_extensions import override

from llamoco_tune.display import duration
from llamoco_tune.metrics import METRICS_FILE, append_metrics, read_metrics
from llamoco_tune.progress import TRAINER_DISPLAYS, RunProgress, TokenCount
from llamoco_tune.progress.devices import flops_per_token, peak_flops
from llamoco_tune.progress.display import StepReport, describe, describe_evaluation, training_display
from llamoco_tune.records import TuningError
from tests.tiny_llama import CONTEXT, WORDS, tiny_llama

pytestmark = pytest.mark.unit

BATCH = 2


class RandomTexts(Dataset[dict[str, torch.Tensor]]):
    """Rows of random tokens, each its own label."""

    def __len__(self) -> int:
        return 12

    @override
    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        row_T = torch.randint(len(WORDS), (CONTEXT,), generator=torch.Generator().manual_seed(index))
        return {"input_ids": row_T, "labels": row_T}


class CountingTrainer(Trainer):
    """The trainer, counting as one of ours does."""

    tokens: TokenCount

    @override
    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        if model.training:
            self.tokens.add(inputs["input_ids"].numel())
        return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)


def train(run: Path, *, steps: int = 6, resume: bool = False, stop_after: int | None = None, **console) -> str:
    """Trains a tiny model in the folder; what it showed."""
    torch.set_num_threads(1)
    shown = io.StringIO()
    arguments = TrainingArguments(
        output_dir=str(run / "checkpoints"),
        max_steps=steps,
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=BATCH,
        logging_steps=2,
        save_steps=3,
        eval_strategy="steps",
        eval_steps=3,
        eval_on_start=True,
        use_cpu=True,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        seed=1,
    )
    tokens = TokenCount()
    with contextlib.closing(RunProgress(run, tokens, Console(file=shown, width=200, **console))) as progress:
        trainer = CountingTrainer(
            tiny_llama(), arguments, train_dataset=RandomTexts(), eval_dataset=RandomTexts(), callbacks=[progress]
        )
        trainer.tokens = tokens
        for display in TRAINER_DISPLAYS:
            trainer.remove_callback(display)
        if stop_after:
            with pytest.raises(ZeroDivisionError):
                stop_at(trainer, stop_after)
        else:
            trainer.train(resume_from_checkpoint=resume)
    return shown.getvalue()


def stop_at(trainer: CountingTrainer, step: int) -> None:
    """Trains until an error of some kind ends it after a number of steps."""
    add = trainer.tokens.add

    class Breaking(TokenCount):
        @override
        def add(self, n: int) -> None:
            super().add(n)
            add(n)
            _ = 1 / (self.total <= step * n)

    trainer.tokens = Breaking()
    trainer.train()


def test_training_leaves_a_line_for_each_log_checkpoint_and_evaluation(tmp_path: Path, capfd):
    shown = train(tmp_path)
    records = read_metrics(tmp_path)
    assert [(record.step, record.kind) for record in records] == [
        (0, "evaluation"),
        (2, "train"),
        (3, "train"),
        (3, "evaluation"),
        (4, "train"),
        (6, "train"),
        (6, "evaluation"),
    ]
    assert [record.tokens for record in records] == [record.step * BATCH * CONTEXT for record in records]
    assert records[1].values.keys() == {"loss", "learning_rate", "grad_norm"}
    assert records[0].values["eval_loss"] == pytest.approx(torch.tensor(len(WORDS)).log().item(), rel=0.1)
    assert all(record.utilisation is None and record.peak_memory_bytes > 2**20 for record in records)
    assert shown.count("evaluation: loss 2.") == 3
    assert shown.splitlines()[-2].startswith("step 6/6  loss ")
    assert (tmp_path / "tensorboard").is_dir()
    assert capfd.readouterr() == ("", "")


def test_resumed_training_has_no_step_twice_and_the_same_numbers(tmp_path: Path):
    train(tmp_path / "whole")
    train(tmp_path / "broken", stop_after=5)
    assert [record.step for record in read_metrics(tmp_path / "broken")][-1] == 4
    with (tmp_path / "broken" / METRICS_FILE).open("a") as file:
        file.write('{"step": 5, "epoch"')
    train(tmp_path / "broken", resume=True)

    def told(run: str) -> list[tuple]:
        return [(r.step, r.kind, r.tokens, r.values.get("eval_loss")) for r in read_metrics(tmp_path / run)]

    assert told("broken") == told("whole")
    seconds = [record.seconds for record in read_metrics(tmp_path / "broken")]
    assert seconds == sorted(seconds)


def test_training_anew_drops_the_lines_of_before(tmp_path: Path):
    train(tmp_path, steps=2)
    train(tmp_path, steps=2)
    assert [record.step for record in read_metrics(tmp_path)] == [0, 2, 2]


def test_terminal_shows_one_line_that_changes(tmp_path: Path):
    shown = train(tmp_path, steps=2, force_terminal=True)
    assert "step 2/2  loss" in shown
    assert "evaluation: loss" in shown
    assert "{" not in shown


def test_metrics_are_flat_json_without_nan(tmp_path: Path):
    train(tmp_path, steps=2)
    first, second, _ = read_metrics(tmp_path)
    broken = second.model_copy(update={"values": {"loss": None, "own_metric": 0.5}})
    append_metrics(tmp_path, broken)
    line = json.loads((tmp_path / METRICS_FILE).read_text().splitlines()[-1])
    assert line["loss"] is None
    assert line["own_metric"] == 0.5
    assert read_metrics(tmp_path)[-1] == broken
    assert first.kind == "evaluation"


def test_file_of_something_else_is_refused(tmp_path: Path):
    (tmp_path / METRICS_FILE).write_text('{"accuracy": 1}\n')
    with pytest.raises(TuningError, match=r"metrics\.jsonl has a line"):
        read_metrics(tmp_path)


def test_line_for_a_person_says_what_is_known():
    report = StepReport(
        step=12, steps=300, loss=1.2341, learning_rate=5e-5, tokens_per_s=812.4, utilisation=0.312, left_s=260
    )
    assert describe(report) == "step 12/300  loss 1.234  lr 5.0e-05  812 tokens/s  31 % of peak  4 min 20 s left"
    assert describe(StepReport(step=1, steps=300)) == "step 1/300"
    found = {"eval_loss": 0.5, "eval_right_name": None, "eval_runtime": 3.0, "eval_loss_local_search": 1.0}
    evaluated = StepReport(step=300, steps=300, evaluation=found)
    assert describe_evaluation(evaluated) == "step 300/300  evaluation: loss 0.5  right name not finite"


def test_without_a_terminal_lines_are_few():
    shown = io.StringIO()
    with training_display(Console(file=shown)) as show:
        for step in range(100):
            show(StepReport(step=step + 1, steps=100, loss=None if step < 4 else 0.5))
    assert shown.getvalue().splitlines() == ["step 5/100  loss 0.500", "step 100/100  loss 0.500"]


@pytest.mark.parametrize(("seconds", "text"), [(45.2, "45 s"), (260, "4 min 20 s"), (18_600, "5 h 10 min")])
def test_duration_has_its_two_largest_units(seconds: float, text: str):
    assert duration(seconds) == text


def test_arithmetic_of_a_token_is_six_for_each_trained_parameter_and_four_for_others():
    model = tiny_llama()
    num_parameters = sum(parameter.numel() for parameter in model.parameters())
    assert flops_per_token(model) == 6 * num_parameters
    model.requires_grad_(False)
    assert flops_per_token(model) == 4 * num_parameters


@pytest.mark.parametrize(
    ("name", "peak"),
    [("NVIDIA H100 80GB HBM3", 989e12), ("NVIDIA H100 PCIe", 756e12), ("Tesla T4", 65e12), ("NVIDIA GeForce", None)],
)
def test_peak_is_found_by_the_name_of_the_device(name: str, peak: float | None):
    assert peak_flops(name) == peak
