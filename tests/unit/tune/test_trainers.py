"""The trainers' steps: accumulation, the loss of another library on the same batch, and rows that no batch may hold."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import AutoTokenizer, LlamaForCausalLM

from llamoco_tune import model as models
from llamoco_tune.batches import IGNORED, Batch, packed, stacked
from llamoco_tune.contrast import ContrastConfig
from llamoco_tune.contrast import plan_of as contrast_plan_of
from llamoco_tune.evaluation import EvaluationConfig, loss_by_family, titles_of, weights_cast_once, written_programs
from llamoco_tune.forward import answer_nats
from llamoco_tune.instructions import read_split
from llamoco_tune.probing import linear_probe, majority_share
from llamoco_tune.progress import TokenCount
from llamoco_tune.records import TuningError
from llamoco_tune.stopping import StopWish
from llamoco_tune.teach import AnswerTrainer, TeachConfig, plan_of
from llamoco_tune.tokens import Encoded, Template, encode
from llamoco_tune.training import (
    BYTES_PER_TRAINED_PARAMETER,
    TrainConfig,
    check_memory,
    lines_for_errors,
    only,
    trainer_arguments,
)
from tests.tuning_data import write_export, write_tiny_base

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("trainers")
    write_export(made / "export", train=12, validation=4, test=6, test_families=5)
    write_tiny_base(made / "base")
    return made


@pytest.fixture(scope="module")
def rows(folder: Path) -> tuple[Encoded, ...]:
    template = Template.of(AutoTokenizer.from_pretrained(folder / "base"))
    return encode(read_split(folder / "export", "train"), template, max_tokens=1_000).rows


def stepped(
    folder: Path,
    batches: list[Batch],
    accumulation: int,
    out: Path,
    evaluated: Sequence[Encoded],
    *,
    checkpointing: bool = False,
) -> dict[str, torch.Tensor]:
    """The weights after one step of plain gradient descent."""
    train = TrainConfig(
        learning_rate=0.5,
        schedule="constant_with_warmup",
        warmup_share=0.0,
        descent="sgd",
        accumulation=accumulation,
        checkpointing=checkpointing,
        precision="fp32",
        max_grad_norm=1e9,
        evaluate_every=100,
        save_every=100,
    )
    config = TeachConfig(train=train, evaluation=EvaluationConfig(num_programs=0))
    model = models.prepared(LlamaForCausalLM.from_pretrained(folder / "base"), None, compiled=False)
    held: Any = batches
    rows: Any = evaluated
    trainer = AnswerTrainer(
        model=model, args=trainer_arguments(train, out, len(batches)), train_dataset=held, eval_dataset=rows,
        data_collator=only,
    )  # fmt: skip
    trainer.prepare(config, TokenCount(), None, {}, StopWish())
    trainer.train()
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def test_accumulated_batches_move_the_weights_as_one_batch_does(folder, rows, tmp_path):
    four = [rows[i] for i in (0, 5, 8, 11)]
    length = max(len(row.ids) for row in four)
    alone = [stacked([packed([row], length)]) for row in four]
    one = stepped(folder, [stacked([packed([row], length) for row in four])], 1, tmp_path / "one", rows[:2])
    several = stepped(folder, alone, 4, tmp_path / "several", rows[:2])
    before = LlamaForCausalLM.from_pretrained(folder / "base")
    assert all(torch.allclose(one[name], several[name], atol=1e-6) for name in one)
    assert any(not torch.equal(one[name], parameter) for name, parameter in before.named_parameters())


def test_recomputed_activations_move_the_weights_alike(folder, rows, tmp_path):
    batch = stacked([packed(rows[:3], sum(len(row.ids) for row in rows[:3]))])
    kept = stepped(folder, [batch], 1, tmp_path / "kept", rows[:2])
    recomputed = stepped(folder, [batch], 1, tmp_path / "recomputed", rows[:2], checkpointing=True)
    assert all(torch.allclose(kept[name], recomputed[name], atol=1e-6) for name in kept)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "memory ran out; lower --per-batch"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "memory ran out; lower --per-batch"),
        (MemoryError(), "memory ran out; lower --per-batch"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "cannot be written: No space left on device"),
    ],
)
def test_what_a_user_can_mend_becomes_one_line(error, line):
    with pytest.raises(TuningError, match=line), lines_for_errors(Path("runs/tuned")):
        raise error


def test_other_errors_keep_their_traceback():
    with pytest.raises(RuntimeError, match="shapes"), lines_for_errors(Path("runs/tuned")):
        raise RuntimeError("shapes do not fit")


def test_memory_of_one_gpu_is_enough_for_its_shard_alone(folder, monkeypatch):
    model = LlamaForCausalLM.from_pretrained(folder / "base")
    third = sum(each.numel() for each in model.parameters()) * BYTES_PER_TRAINED_PARAMETER // 3
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    free = {0: third, 1: third // 2}
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free[device], third))
    monkeypatch.setenv("WORLD_SIZE", "4")
    check_memory(model, sharded=True)
    with pytest.raises(TuningError, match=r"GB and .* are free; .* shard over several GPUs \(--fsdp\)"):
        check_memory(model, sharded=False)
    monkeypatch.setenv("LOCAL_RANK", "3")
    with pytest.raises(TuningError, match="on each of 4 GPUs"):
        check_memory(model, sharded=True)
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(TuningError, match="on each of 2 GPUs"):
        check_memory(model, sharded=True)


# TRL 1.16 asks transformers 5.23 by names that it will give up.
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_loss_and_gradient_equal_those_of_trl_on_the_same_rows(folder, rows, tmp_path):
    from trl.trainer.sft_config import SFTConfig  # noqa: PLC0415 - slow
    from trl.trainer.sft_trainer import SFTTrainer  # noqa: PLC0415

    few = rows[:4]
    columns = {
        "input_ids": [row.ids.tolist() for row in few],
        "completion_mask": [[0] * row.num_prompt + [1] * (len(row.ids) - row.num_prompt) for row in few],
    }
    theirs: Any = SFTTrainer(
        model=LlamaForCausalLM.from_pretrained(folder / "base"),
        args=SFTConfig(
            output_dir=str(tmp_path), per_device_train_batch_size=4, completion_only_loss=True, max_length=None,
            bf16=False, use_cpu=True, report_to="none", gradient_checkpointing=False,
        ),
        processing_class=AutoTokenizer.from_pretrained(folder / "base"),
        train_dataset=Dataset.from_dict(columns),
    )  # fmt: skip
    batch = theirs.data_collator([theirs.train_dataset[i] for i in range(4)])
    num_answer = (batch["labels"][:, 1:] != IGNORED).sum()
    loss = theirs.compute_loss(theirs.model, dict(batch), num_items_in_batch=num_answer)
    loss.backward()
    ours = models.prepared(LlamaForCausalLM.from_pretrained(folder / "base"), None, compiled=False)
    length = max(len(row.ids) for row in few)
    mine = ours(inside=answer_nats(64), batch=stacked([packed([row], length) for row in few])) / num_answer
    mine.backward()
    assert torch.allclose(mine, loss, rtol=1e-5)
    expected = dict(theirs.model.named_parameters())
    for name, parameter in ours.named_parameters():
        assert parameter.grad is not None
        assert torch.allclose(parameter.grad, expected[name].grad, atol=1e-6), name


@pytest.mark.parametrize("batching", ["packed", "padded"])
def test_no_batch_of_teaching_holds_a_prompt_of_another_split(folder, rows, batching):
    config = TeachConfig(train=TrainConfig(learning_rate=1e-3, num_epochs=3), batching=batching, sequence_length=600)
    plan = plan_of(rows, config)
    check_no_prompt_of_another_split(folder, [plan[i] for i in range(len(plan))])


def test_no_batch_of_the_warm_up_holds_a_prompt_of_another_split(folder, rows):
    config = ContrastConfig(train=TrainConfig(learning_rate=1e-3, num_epochs=3), per_batch=8)
    plan = contrast_plan_of(rows, config)
    check_no_prompt_of_another_split(folder, [plan[i] for i in range(len(plan))])


def check_no_prompt_of_another_split(folder: Path, batches: list[Batch]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder / "base")
    texts = [tokenizer.decode(ids) for batch in batches for ids in batch["input_ids"]]
    assert any(read_split(folder / "export", "train")[0].prompt in text for text in texts)
    for split in ("validation", "test", "test_families"):
        for example in read_split(folder / "export", split):
            assert not any(example.prompt in text for text in texts)


def test_plan_has_as_many_steps_as_were_asked_for(rows):
    for steps, accumulation in ((3, 2), (50, 1)):
        train = TrainConfig(learning_rate=1e-3, max_steps=steps, accumulation=accumulation)
        for config in (TeachConfig(train=train, sequence_length=600), TeachConfig(train=train, batching="padded")):
            assert len(plan_of(rows, config)) >= steps * accumulation


def test_loss_by_family_is_a_mean_over_tokens(folder, rows):
    model = models.prepared(LlamaForCausalLM.from_pretrained(folder / "base").eval(), None, compiled=False)
    found = loss_by_family(model, rows[:9])
    length = max(len(row.ids) for row in rows[:9])
    batch = stacked([packed([row], length) for row in rows[:9]])
    with torch.inference_mode():
        expected = model(inside=answer_nats(64), batch=batch) / (batch["labels"] != IGNORED).sum()
    assert found["loss"] == pytest.approx(expected.item(), rel=1e-5)
    assert {name for name in found if name != "loss"} == {
        "loss_numerical_optimization", "loss_differential_evolution", "loss_particle_swarm",
    }  # fmt: skip


def test_written_programs_of_a_random_model_are_none(folder, rows):
    model = models.prepared(LlamaForCausalLM.from_pretrained(folder / "base").eval(), None, compiled=False)
    tokenizer = AutoTokenizer.from_pretrained(folder / "base")
    shares = written_programs(model, tokenizer, rows[:2], titles_of(rows), max_new_tokens=8)
    assert shares["programs_define_minimize"] == shares["programs_right_optimizer"] == 0.0


def test_weights_cast_for_a_while_are_the_same_afterwards_and_go_on_learning(folder):
    model = LlamaForCausalLM.from_pretrained(folder / "base")
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    descent = torch.optim.SGD(model.parameters(), lr=0.1)
    with weights_cast_once(model, torch.bfloat16):
        assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    assert all(torch.equal(weights, before[name]) for name, weights in model.state_dict().items())
    model(input_ids=torch.tensor([[1, 2, 3]]), labels=torch.tensor([[1, 2, 3]])).loss.backward()
    descent.step()
    assert not torch.equal(model.state_dict()["model.norm.weight"], before["model.norm.weight"])


def test_titles_name_the_optimizers_of_the_answers(rows):
    assert titles_of(rows) == {
        "SLSQP: a program for tests.": "slsqp", "DE: a program for tests.": "de", "PSO: a program for tests.": "pso",
    }  # fmt: skip


def test_linear_probe_reads_what_is_there_and_no_more():
    rng = torch.Generator().manual_seed(0)
    labels = [f"o{i % 3}" for i in range(90)]
    noise = torch.randn(90, 20, generator=rng).numpy()
    telling = noise.copy()
    for i in range(90):
        telling[i, i % 3] += 6
    assert linear_probe(telling[:60], labels[:60], telling[60:], labels[60:]) > 0.95
    assert linear_probe(noise[:60], labels[:60], noise[60:], labels[60:]) < 0.7
    assert majority_share(["a", "a", "b"], ["a", "b", "b", "b"]) == 0.25
