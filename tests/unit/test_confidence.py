"""Laws of confidence: what lowers it, what raises it, and what leaves it alone."""

from collections.abc import Sequence

import numpy as np
import pytest

from llamoco_data.confidence import Belief, believed

pytestmark = pytest.mark.unit

STEADY = [0.51, 0.5, 0.49, 0.5, 0.51, 0.5, 0.49, 0.5]
NOISY = [0.9, 0.1, 0.5, 0.9, 0.1, 0.5, 0.9, 0.1]


def belief(*runs: Sequence[float], winner: int = 0, proven: bool = True) -> Belief:
    scores = [np.array(values) for values in runs]
    return believed(scores, winner, proven=proven)


def test_clear_winner_with_many_runs_is_nearly_sure():
    assert belief(STEADY, [0.2, 0.21, 0.2, 0.19], [0.1]).confidence > 0.95


def test_two_that_are_equal_by_many_runs_are_both_right():
    assert belief(STEADY, STEADY).confidence > 0.9
    assert belief(STEADY, STEADY).as_good[1] == pytest.approx(0.5, abs=0.02)


def test_rivals_that_ran_once_lower_the_confidence_where_runs_scatter():
    alone, among = belief(NOISY, [0.3] * 3), belief(NOISY, [0.3] * 3, *[[0.6]] * 5)
    assert among.confidence < alone.confidence - 0.1
    steady, among_steady = belief(STEADY, [0.3] * 3), belief(STEADY, [0.3] * 3, *[[0.42]] * 5)
    assert among_steady.confidence > steady.confidence - 0.05


def test_more_runs_raise_the_confidence():
    few, many = belief(NOISY[:2], [0.2, 0.4]), belief(NOISY * 4, [0.2, 0.4] * 16)
    assert few.confidence < many.confidence


def test_all_that_reach_the_target_are_right():
    assert belief([1.0] * 8, [1.0] * 8, *[[1.0]] * 20, [0.2]).confidence > 0.9


def test_best_run_is_not_its_own_target_without_a_proven_minimum():
    lucky, rivals = [1.0, 0.2, 0.2], [[0.25, 0.2, 0.3], [0.3, 0.2]]
    assert belief(lucky, *rivals, proven=False).confidence < belief(lucky, *rivals, proven=True).confidence


def test_candidate_that_never_scores_changes_nothing():
    before, after = belief(NOISY, [0.4, 0.6], [0.5]), belief(NOISY, [0.4, 0.6], [0.5], [0.0, 0.0, 0.0])
    assert after.confidence == pytest.approx(before.confidence)
    assert after.share[:-1] == pytest.approx(before.share)
    assert after.share[-1] == 0


def test_poor_candidate_hardly_changes_the_confidence():
    before, after = belief(STEADY, [0.4, 0.45], [0.4]), belief(STEADY, [0.4, 0.45], [0.4], [0.05, 0.06, 0.05])
    assert after.confidence == pytest.approx(before.confidence, abs=0.05)


def test_candidate_that_never_scored_is_never_as_good():
    assert belief([1.0], [0.0], proven=False).as_good[1] == 0


def test_confidence_is_about_three_in_four_where_the_model_says_nineteen_in_twenty():
    """The model alone is far too sure: candidates and their luck are alike."""
    one_rival = belief([0.6, 0.62, 0.58, 0.6], [0.58, 0.62, 0.58, 0.6])
    assert one_rival.confidence == pytest.approx(0.784621386791539, abs=1e-9)


def test_rival_that_is_a_little_worse_is_as_good_with_a_probability_of_a_tenth():
    assert belief(STEADY, [0.48] * 2).as_good[1] == pytest.approx(0.1075, abs=1e-4)


def test_positions_of_candidates_do_not_matter():
    runs = [NOISY, [0.4, 0.6], [0.5], [0.7]]
    there, back = belief(*runs), belief(*runs[::-1], winner=3)
    assert there.confidence == pytest.approx(back.confidence)
    assert there.share == pytest.approx(back.share[::-1])


def test_winner_of_one_candidate_leaves_something_for_those_that_did_not_run():
    assert 0.97 < belief(STEADY).confidence < 1
