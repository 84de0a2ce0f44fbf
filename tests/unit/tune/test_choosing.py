"""What a batch of choosing costs: every loss that can be learned is its formula, by hand, from the openings' scores."""

from dataclasses import replace
from typing import Literal

import pytest
import torch

from llamoco_tune.batches import Batch
from llamoco_tune.choice import Scored, scored_openings
from llamoco_tune.choice_plan import ChoicePlan
from llamoco_tune.choosing import (
    READING_HEAD,
    UNOPENED_WEIGHT,
    ChoiceConfig,
    Chooser,
    attach_reading_head,
    chooser_of,
    choosing_loss,
)
from llamoco_tune.tokens import Encoded
from tests.tiny_models import tiny
from tests.tuning_rows import encoded

pytestmark = [pytest.mark.unit, pytest.mark.filterwarnings("ignore::UserWarning")]

SCORES = {"a": 0.9, "b": 0.8, "c": 0.2}
READING_WEIGHT = 0.7


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def row(seed: int, optimizer: str) -> Encoded:
    """A row whose optimizer scores best; the openings of a and b part at their second token."""
    made = encoded(9 + seed, 6 + seed, seed, optimizer=optimizer)
    made.ids[-3:] = {"a": [5, 6, 7], "b": [5, 8, 7], "c": [9, 6, 7]}[optimizer]
    scores = {**SCORES, optimizer: 1.0}
    facts = {"size": float(seed), "odd": seed % 2}
    return replace(made, example=replace(made.example, scores=scores, single_best_score=0.5, reading=facts))


def chooser(loss: Literal["soft", "expected", "winner"], reading_weight: float = 0.0) -> Chooser:
    config = ChoiceConfig(loss=loss, reading_weight=reading_weight)
    return chooser_of(config, [row(seed, "abc"[seed]) for seed in range(3)], [], [], context=100)


def costs(loss: str, scored: Scored, batch: Batch) -> torch.Tensor:
    """What the choice costs each prompt, (B,)."""
    if loss == "expected":
        return -(batch["scores"] * scored.choices.exp()).sum(1)
    return -(batch["targets"] * scored.choices).sum(1)


@pytest.mark.parametrize("loss", ["soft", "expected", "winner"])
def test_loss_of_choosing_is_that_of_its_kind_and_a_little_of_what_leaves_the_openings(loss):
    made, model = chooser(loss), tiny("llama")
    batch = ChoicePlan(made.lessons, 3, 0.0, 1, seed=0)[0]
    with torch.no_grad():
        scored = scored_openings(model, made.trie, batch)
        reported: dict[str, float] = {}
        total = choosing_loss(made, reported.__setitem__)(model, batch).item()
    choice = costs(loss, scored, batch).sum().item()
    unopened = (batch["targets"] * (scored.choices - scored.likelihoods)).sum().item()
    assert total == pytest.approx(choice + UNOPENED_WEIGHT * unopened, rel=1e-5)
    assert reported == pytest.approx({"choice": choice / 3, "unopened": unopened / 3}, rel=1e-5)
    assert UNOPENED_WEIGHT * unopened > 0.01


def test_loss_of_reading_is_the_squared_error_of_the_facts_that_the_last_hidden_state_tells():
    made, model = chooser("soft", READING_WEIGHT), tiny("llama")
    attach_reading_head(model, made.lessons.features.shape[1])
    head = getattr(model, READING_HEAD)
    torch.nn.init.normal_(head.weight)
    batch = ChoicePlan(made.lessons, 3, 0.0, 1, seed=0)[0]
    with torch.no_grad():
        states = scored_openings(model, made.trie, batch).states
        reported: dict[str, float] = {}
        total = choosing_loss(made, reported.__setitem__)(model, batch).item()
        without = choosing_loss(chooser("soft"), lambda *_: None)(model, batch).item()
    told = states @ head.weight.T + head.bias
    reading = (told - batch["features"]).square().mean(1).sum().item()
    assert total == pytest.approx(without + READING_WEIGHT * reading, rel=1e-5)
    assert reported["reading"] == pytest.approx(reading / 3, rel=1e-5)
    assert READING_WEIGHT * reading > 0.01


def test_winner_is_learned_from_its_name_alone():
    assert chooser("winner").lessons.targets.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert (chooser("soft").lessons.targets > 0).all()
