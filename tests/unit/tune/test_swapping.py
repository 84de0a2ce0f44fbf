"""Answers of another optimizer than the best: whose they are, where they come from, and how often they are drawn."""

import dataclasses

import numpy as np
import pytest

from llamoco_tune.mixing import Mixing
from llamoco_tune.swapping import FRAME, lesson_weights, some_unread, swapped
from llamoco_tune.tokens import Encoded
from tests.tuning_rows import encoded

pytestmark = pytest.mark.unit


def row(number: int, optimizer: str, *scored: str) -> Encoded:
    made = encoded(10 + number, 4, number, optimizer=optimizer, problem=f"p{number}")
    return Encoded(dataclasses.replace(made.example, scores=dict.fromkeys(scored, 0.5)), made.ids, made.num_prompt)


ROWS = [
    row(0, "de", "de", "pso"),
    row(1, "pso", "de", "pso", "slsqp"),
    row(2, "slsqp", "slsqp", "cma_es"),
    row(3, "de", "de", "pso", "slsqp"),
]


def test_prompt_stays_and_the_answer_is_one_that_another_row_has():
    whole = {tuple(each.ids[each.num_prompt :]): each.example.optimizer for each in ROWS}
    for other in swapped(ROWS, seed=1):
        own = next(each for each in ROWS if each.example.problem_id == other.example.problem_id)
        assert other.ids[: other.num_prompt].tolist() == own.ids[: own.num_prompt].tolist()
        assert whole[tuple(other.ids[other.num_prompt :])] == other.example.optimizer


def test_the_answer_is_of_another_optimizer_that_was_scored_on_the_problem():
    seen = {
        (other.example.problem_id, other.example.optimizer) for seed in range(30) for other in swapped(ROWS, seed=seed)
    }
    named = {each.example.problem_id: each.example.optimizer for each in ROWS}
    assert {(next(k for k, v in enumerate(named) if v == problem), name) for problem, name in seen} == {
        (0, "pso"),
        (1, "de"),
        (1, "slsqp"),
        (3, "pso"),
        (3, "slsqp"),
    }


def test_same_seed_gives_the_same_answers():
    once, again = swapped(ROWS, seed=4), swapped(ROWS, seed=4)
    assert [each.ids.tolist() for each in once] == [each.ids.tolist() for each in again]


def test_lessons_of_others_have_their_share_and_optimizers_are_balanced_within_each_part():
    others = swapped(ROWS, seed=1)
    weights = lesson_weights(ROWS, others, 0.25, "balanced", cap=0)
    assert weights.sum() == pytest.approx(1)
    assert weights[len(ROWS) :].sum() == pytest.approx(0.25)
    assert weights[0] + weights[3] == pytest.approx(weights[1])


@pytest.mark.parametrize("mixing", ["balanced", "capped", "proportional"])
def test_an_optimizer_answers_as_often_in_the_others_part_as_in_the_own(mixing: Mixing):
    rows = [*(row(number, "de", "de", "pso") for number in range(6)), row(6, "pso", "de", "pso"), row(7, "pso", "de")]
    others = swapped(rows, seed=1)
    weights = lesson_weights(rows, others, 0.5, mixing, cap=3)
    masses = [
        {name: sum(weight for each, weight in part if each.example.optimizer == name) for name in ("de", "pso")}
        for part in (list(zip(rows, weights, strict=False)), list(zip(others, weights[len(rows) :], strict=True)))
    ]
    assert masses[0] == pytest.approx(masses[1])
    assert masses[0]["pso"] == pytest.approx({"balanced": 0.25, "capped": 0.2, "proportional": 0.125}[mixing])


def test_without_others_own_answers_have_everything():
    assert lesson_weights(ROWS, [], 0.5, "proportional", cap=0) == pytest.approx(np.full(4, 0.25))


LONG = [encoded(80 + number, 60, number, optimizer="de", problem=f"p{number}") for number in range(6)]


def test_an_unread_prompt_keeps_its_ends_and_the_answer_and_nothing_else():
    for row, other in zip(LONG, some_unread(LONG, 1.0, 120, seed=3), strict=True):
        assert other.ids[other.num_prompt :].tolist() == row.ids[row.num_prompt :].tolist()
        assert other.ids[:FRAME].tolist() == row.ids[:FRAME].tolist()
        before, ours = row.ids[: row.num_prompt], other.ids[: other.num_prompt]
        assert ours[-FRAME:].tolist() == before[-FRAME:].tolist()
        assert ours[FRAME:-FRAME].tolist() != before[FRAME:-FRAME].tolist()
        assert other.example is row.example
        assert set(ours.tolist()) <= {token for each in LONG for token in each.ids.tolist()}
        assert len(other.ids) <= 120


def test_the_share_of_unread_prompts_is_that_asked_for_and_the_seed_decides_which():
    rows = [dataclasses.replace(LONG[0]) for _ in range(400)]

    def changed(seed: int) -> list[bool]:
        return [one is not other for one, other in zip(rows, some_unread(rows, 0.25, 120, seed=seed), strict=True)]

    assert 70 <= sum(changed(1)) <= 130
    assert changed(1) == changed(1) != changed(2)
    assert some_unread(rows, 0.0, 120, seed=1) == rows


def test_a_prompt_without_room_between_its_ends_stays():
    rows = [encoded(2 * FRAME + 10, 2 * FRAME, 0, optimizer="de", problem="p")]
    assert some_unread(rows, 1.0, 100, seed=0) == rows


def test_no_rows_have_no_unread_prompts():
    assert some_unread([], 0.5, 100, seed=0) == []
