"""What stands in a batch: whole rows, the answers' labels, and the same rows for the same index."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from llamoco_tune.batches import IGNORED, PackedPlan, PaddedPlan
from llamoco_tune.instructions import read_split
from llamoco_tune.mixing import row_weights
from llamoco_tune.tokens import Encoded, Template, encode
from tests.tuning_data import write_export, write_tiny_base

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Encoded, ...]:
    folder = tmp_path_factory.mktemp("rows")
    write_export(folder / "export", train=12)
    template = Template.of(AutoTokenizer.from_pretrained(write_tiny_base(folder / "base")))
    return encode(read_split(folder / "export", "train"), template, max_tokens=1_000).rows


def weights(rows: tuple[Encoded, ...]) -> np.ndarray:
    return row_weights([row.example.optimizer for row in rows], "balanced")


def documents(batch: dict[str, torch.Tensor]) -> list[tuple[list[int], list[int]]]:
    """(ids, labels) of each row that is packed into a batch, by the positions that start anew."""
    found: list[tuple[list[int], list[int]]] = []
    for ids, positions, labels in zip(batch["input_ids"], batch["position_ids"], batch["labels"], strict=True):
        starts = [*(positions == 0).nonzero()[:, 0].tolist(), len(positions)]
        for start, end in pairwise(starts):
            assert positions[start:end].tolist() == list(range(end - start))
            found.append((ids[start:end].tolist(), labels[start:end].tolist()))
    return found


def test_packed_plan_holds_whole_rows_with_the_labels_of_their_answers(encoded):
    longest = max(len(row.ids) for row in encoded)
    plan = PackedPlan(encoded, weights(encoded), 3 * longest, 2, 3, 2, seed=0)
    by_ids = {tuple(row.ids.tolist()): row for row in encoded}
    for index in range(len(plan)):
        batch = plan[index]
        assert batch["input_ids"].shape == (2, 3 * longest)
        for ids, labels in documents(batch):
            row = by_ids.get(tuple(ids))
            if row is None:
                assert set(ids) == {0}
                assert set(labels) == {IGNORED}
                continue
            assert labels[: row.num_prompt] == [IGNORED] * row.num_prompt
            assert labels[row.num_prompt :] == ids[row.num_prompt :]


def test_packed_plan_wastes_little(encoded):
    longest = max(len(row.ids) for row in encoded)
    plan = PackedPlan(encoded, weights(encoded), 8 * longest, 1, 20, 1, seed=0)
    taught = sum(len(ids) for index in range(len(plan)) for ids, _ in documents(plan[index]) if set(ids) != {0})
    assert taught / (20 * 8 * longest) > 0.95


def test_padded_plan_puts_rows_of_one_length_together(encoded):
    plan = PaddedPlan(encoded, weights(encoded), 4, 6, 1, seed=0)
    apart = [np.ptp([len(encoded[i].ids) for i in plan.chosen(index)]) for index in range(len(plan))]
    by_chance = PaddedPlan(encoded, weights(encoded), 24, 1, 1, seed=0).chosen(0)
    assert np.mean(apart) < np.ptp([len(encoded[i].ids) for i in by_chance]) / 2


def test_padded_plan_labels_end_with_the_end_of_text(encoded):
    plan = PaddedPlan(encoded, weights(encoded), 3, 4, 1, seed=0)
    for index in range(len(plan)):
        batch = plan[index]
        for ids, labels, number in zip(batch["input_ids"], batch["labels"], plan.chosen(index), strict=True):
            row = encoded[number]
            taught = (labels != IGNORED).nonzero()[:, 0]
            assert taught.tolist() == list(range(row.num_prompt, len(row.ids)))
            assert labels[taught].tolist() == ids[taught].tolist()
            assert int(labels[taught[-1]]) == int(row.ids[-1]) == 0


@pytest.mark.parametrize("kind", ["packed", "padded"])
def test_plan_gives_the_same_batch_for_the_same_index_and_another_mix_every_epoch(encoded, kind):
    length = 3 * max(len(row.ids) for row in encoded)

    def plan(seed: int = 0) -> PackedPlan | PaddedPlan:
        if kind == "packed":
            return PackedPlan(encoded, weights(encoded), length, 2, 4, 3, seed)
        return PaddedPlan(encoded, weights(encoded), 2, 12, 3, seed)

    one, again = plan(), plan()
    order = list(range(len(one)))
    assert all(torch.equal(one[i]["input_ids"], again[i]["input_ids"]) for i in reversed(order))
    assert not all(torch.equal(one[i]["input_ids"], plan(seed=1)[i]["input_ids"]) for i in order)
    per_epoch = len(one) // 3
    epochs = [[one[i]["input_ids"].tolist() for i in order[e * per_epoch : (e + 1) * per_epoch]] for e in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]


def test_plan_draws_optimizers_alike(encoded):
    plan = PaddedPlan(encoded, weights(encoded), 2, 12, 4, seed=0)
    drawn = Counter(encoded[i].example.optimizer for index in range(len(plan)) for i in plan.chosen(index))
    assert max(drawn.values()) - min(drawn.values()) <= 8
