"""Muon for matrices and AdamW for the rest, stepped as one: each part as it is alone, saved, restored, and refused."""

import copy
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM

from llamoco_tune.descent import muon_of
from llamoco_tune.records import TuningError
from llamoco_tune.training import TrainConfig
from tests.tiny_models import tiny
from tests.tuning_data import write_tiny_base

pytestmark = pytest.mark.unit

CONFIG = TrainConfig(learning_rate=1e-3, descent="muon", matrix_rate=0.05, weight_decay=0.1)
IDS = torch.tensor([[1, 2, 3, 4, 5]])


@pytest.fixture
def base(tmp_path: Path) -> LlamaForCausalLM:
    torch.set_num_threads(1)
    write_tiny_base(tmp_path / "base")
    return LlamaForCausalLM.from_pretrained(tmp_path / "base")


def stepped(model: LlamaForCausalLM, *rules: torch.optim.Optimizer) -> None:
    model(input_ids=IDS, labels=IDS).loss.backward()
    for rule in rules:
        rule.step()
        rule.zero_grad()


def weights(model: LlamaForCausalLM) -> dict[str, torch.Tensor]:
    return {name: each.detach().clone() for name, each in model.named_parameters()}


def test_matrices_of_layers_follow_muon_and_all_other_weights_adamw(base):
    other = copy.deepcopy(base)
    inner = {name for name, each in base.named_parameters() if each.ndim == 2 and "layers" in name}
    assert inner
    assert "model.embed_tokens.weight" not in inner
    named = dict(other.named_parameters())
    muon = torch.optim.Muon([named[name] for name in inner], lr=0.05, weight_decay=0.1, momentum=0.95)
    outer = [(name, each) for name, each in named.items() if name not in inner]
    adamw = torch.optim.AdamW(
        [
            {"params": [each for _, each in outer if each.ndim > 1], "weight_decay": 0.1},
            {"params": [each for _, each in outer if each.ndim == 1], "weight_decay": 0.0},
        ],
        lr=1e-3,
    )
    both = muon_of(base, CONFIG)
    for _ in range(3):
        stepped(base, both)
        stepped(other, muon, adamw)
    for name, each in weights(base).items():
        torch.testing.assert_close(each, named[name].detach(), msg=name)


def test_schedule_moves_the_rates_of_both_parts_each_from_its_own_peak(base):
    both = muon_of(base, CONFIG)
    schedule = torch.optim.lr_scheduler.LambdaLR(both, lambda step: 1 / (1 + step))
    stepped(base, both)
    schedule.step()
    assert sorted({group["lr"] for group in both.param_groups}) == pytest.approx([0.0005, 0.025])
    before = weights(base)
    for group in both.param_groups:
        group["lr"] = 0.0
    stepped(base, both)
    for name, each in weights(base).items():
        assert torch.equal(each, before[name]), name


def test_restored_state_goes_on_as_if_nothing_had_happened(base, tmp_path):
    both = muon_of(base, CONFIG)
    stepped(base, both)
    torch.save(both.state_dict(), tmp_path / "state.pt")
    restored = copy.deepcopy(base)
    again = muon_of(restored, CONFIG)
    again.load_state_dict(torch.load(tmp_path / "state.pt"))
    schedule = torch.optim.lr_scheduler.LambdaLR(again, lambda _: 1.0)
    for model, rule in ((base, both), (restored, again)):
        stepped(model, rule)
    schedule.step()
    for name, each in weights(base).items():
        assert torch.equal(each, dict(restored.named_parameters())[name]), name


def test_shards_and_releases_without_muon_are_refused_with_the_way_out(base, monkeypatch):
    with pytest.raises(TuningError, match="--fsdp shards them"):
        muon_of(base, CONFIG.model_copy(update={"fsdp": True}))
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(TuningError, match=r"torch 2\.9 or later"):
        muon_of(base, CONFIG)


def test_base_whose_matrices_are_of_another_kind_is_refused_with_the_way_out():
    with pytest.raises(TuningError, match=r"none is trained here.*--descent adamw_torch"):
        muon_of(tiny("gpt2"), CONFIG)
