"""Second attempts at a run: when there is one, which counts, and how points are compared."""

from typing import NamedTuple

import numpy as np
import pytest

from llamoco_data import own_problem
from llamoco_data.attempts import AGAIN, AskedPoints, Mark, settled
from llamoco_data.outcomes import RunStatus
from llamoco_data.runs import RunRecord, run_program
from tests.campaigns import HEAD
from tests.own_problems import FREE

pytestmark = pytest.mark.unit

RECORD = run_program(HEAD + "    return lower\n", own_problem(FREE), 1)
A, B = np.zeros(2), np.ones(2)


class Made(NamedTuple):
    record: RunRecord
    asked: AskedPoints


def made(*attempts: tuple[RunStatus, float, list[np.ndarray]], waits: bool = True) -> tuple[RunStatus, list[float]]:
    """The status that counts, of attempts that are given with their processor time and points; and their limits."""
    limits: list[float] = []

    def make(limit_s: float, before: Mark | None) -> Made:
        status, cpu_s, points = attempts[len(limits)]
        limits.append(limit_s)
        asked = AskedPoints(before)
        for x in points:
            asked.add(x)
        return Made(RECORD.model_copy(update={"status": status, "cpu_s": cpu_s}), asked)

    return settled(make, 10.0, waits=waits).record.status, limits


def test_run_that_ends_is_made_once():
    for status in ("completed", "raised", "over_budget"):
        assert made((status, 1.0, [A])) == (status, [10.0])


@pytest.mark.parametrize("more", [[], [B], [B, A]])
def test_second_attempt_that_begins_like_the_first_counts(more: list[np.ndarray]):
    assert made(("crashed", 1.0, [A, B]), ("completed", 1.0, [A, B, *more])) == ("completed", [10.0, 10.0])
    assert made(("crashed", 1.0, []), ("completed", 1.0, more)) == ("completed", [10.0, 10.0])
    assert made(("timed_out", 1.0, [A]), ("raised", 1.0, [A, *more])) == ("raised", [10.0, AGAIN * 10.0])


@pytest.mark.parametrize("points", [[], [A], [B, A], [A, A], [A, A, B]])
def test_second_attempt_that_begins_otherwise_does_not_count(points: list[np.ndarray]):
    assert made(("crashed", 1.0, [A, B]), ("completed", 1.0, points)) == ("crashed", [10.0, 10.0])
    assert made(("timed_out", 1.0, [A, B]), ("completed", 1.0, points)) == ("timed_out", [10.0, AGAIN * 10.0])


def test_program_that_computed_or_is_not_waited_for_has_one_attempt_at_its_time_limit():
    assert made(("timed_out", 6.0, [A])) == ("timed_out", [10.0])
    assert made(("timed_out", 1.0, [A]), waits=False) == ("timed_out", [10.0])


def test_there_is_no_third_attempt():
    assert made(("crashed", 1.0, [A]), ("timed_out", 0.0, [A])) == ("timed_out", [10.0, 10.0])
    assert made(("timed_out", 0.0, [A]), ("crashed", 1.0, [A])) == ("crashed", [10.0, AGAIN * 10.0])
    assert made(("timed_out", 0.0, [A]), ("timed_out", 0.0, [A])) == ("timed_out", [10.0, AGAIN * 10.0])
