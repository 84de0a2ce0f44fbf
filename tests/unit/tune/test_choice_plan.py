"""The batches of choosing: measured and unmeasured prompts, each as often as any other, by seed and index alone."""

from collections import Counter

import numpy as np
import pytest

from llamoco_tune.batches import IGNORED, ROUND, WAITING, PaddedPlan
from llamoco_tune.choice_plan import ChoicePlan, Lessons, MixedPlan, features_of, num_writing, without_openings
from llamoco_tune.instructions import Example
from llamoco_tune.tokens import Encoded
from tests.tuning_rows import encoded

pytestmark = pytest.mark.unit


def lessons(measured: int, extended: int) -> Lessons:
    rows = [encoded(12 + i % 7, 8 + i % 7, i) for i in range(measured + extended)]
    numbers = np.arange(len(rows), dtype=np.float32)[:, None]
    return Lessons(rows, measured, numbers, numbers, np.zeros((len(rows), 0), dtype=np.float32))


def test_every_row_is_read_once_a_pass_and_half_of_a_batch_is_unmeasured():
    plan = ChoicePlan(lessons(32, 96), 4, 0.5, WAITING, seed=3)
    chosen = [plan.chosen(index) for index in range(2 * WAITING)]
    assert all(sum(row < 32 for row in batch) == 2 for batch in chosen)
    seen = Counter(row for batch in chosen for row in batch)
    assert {seen[row] for row in range(32)} == {8}
    assert {seen[row] for row in range(32, 128)} <= {2, 3}


def test_set_without_unmeasured_problems_gives_whole_batches_of_measured_ones():
    plan = ChoicePlan(lessons(10, 0), 4, 0.5, 3, seed=0)
    assert all(len(plan.chosen(index)) == 4 for index in range(3))


def test_batch_holds_the_prompts_with_what_is_to_be_learned_of_them():
    plan = ChoicePlan(lessons(20, 0), 4, 0.0, 5, seed=0)
    batch, chosen = plan[3], plan.chosen(3)
    for place, row in enumerate(chosen):
        prompt = plan.lessons.rows[row].ids[: plan.lessons.rows[row].num_prompt]
        assert batch["input_ids"][place, : batch["lengths"][place]].tolist() == prompt.tolist()
        assert batch["targets"][place].item() == row


def test_mixed_plan_has_its_share_of_writing_and_whole_steps_of_one_kind():
    made = lessons(20, 0)
    writing = PaddedPlan(made.rows, np.full(20, 0.05), 2, 100, 1, seed=0)
    plan = MixedPlan(ChoicePlan(made, 4, 0.0, 100, seed=0), writing, 0.3, per_step=2, num_steps=20)
    kinds = ["targets" not in plan[index] for index in range(len(plan))]
    assert sum(kinds) == 2 * num_writing(20, 0.3) == 12
    assert kinds[::2] == kinds[1::2]
    again = MixedPlan(ChoicePlan(made, 4, 0.0, 100, seed=0), writing, 0.3, per_step=2, num_steps=20)
    assert all(plan[i]["input_ids"].equal(again[i]["input_ids"]) for i in (39, 7, 0))
    read = Counter(int(row) for i in range(len(plan)) if not kinds[i] for row in plan[i]["targets"].flatten())
    assert set(read.values()) <= {5, 6}


def test_loss_of_writing_begins_behind_the_opening():
    row = encoded(10, 4, 0, optimizer="de")
    (behind,) = without_openings([row], {"de": row.ids[4:6].tolist()})
    labels = PaddedPlan([behind], np.ones(1), 1, 1, 1, seed=0)[0]["labels"][0]
    assert (labels != IGNORED).nonzero().flatten().tolist() == [6, 7, 8, 9]


def test_lengths_of_batches_repeat():
    made = lessons(40, 0)
    choosing = ChoicePlan(made, 4, 0.0, 30, seed=0)
    assert {choosing[i]["input_ids"].shape[1] for i in range(30)} == {ROUND}
    writing = PaddedPlan(made.rows, np.full(40, 0.025), 2, 20, 1, seed=0, round_to=16)
    assert {writing[i]["input_ids"].shape[1] for i in range(20)} <= {16, 32}


def read_row(seed: int, reading: dict[str, float]) -> Encoded:
    made = encoded(6, 3, seed)
    fields = {name: getattr(made.example, name) for name in Example.__slots__ if name != "reading"}
    return Encoded(Example(**fields, reading=reading), made.ids, made.num_prompt)


def test_features_are_standardised_and_constant_ones_left_out():
    rows = [read_row(i, {"size": float(i), "same": 1.0}) for i in range(3)] + [read_row(3, {"same": 1.0})]
    features = features_of(rows)
    assert features.shape == (4, 1)
    assert features[:3, 0] == pytest.approx(np.array([-1, 0, 1]) * features[2, 0])
    assert features[3, 0] == 0
    assert features.std() == pytest.approx(1)
    assert features_of([encoded(6, 3, 0)]).shape == (1, 0)
