"""The metrics of a score against scipy and closed forms; the contract with iohinspector is among the formats."""

import itertools

import numpy as np
import pytest
from scipy import stats

from llamoco_data.identity import stream
from llamoco_data.ordering import yardstick_from
from llamoco_data.runs import RunRecord
from llamoco_data.scoring import metrics
from llamoco_data.scoring.comparing import holm, signed_rank
from llamoco_data.scoring.metrics import Convergence, aocc, attained, convergence, first_hit, performance_profile, spent

pytestmark = pytest.mark.unit

PROVEN = yardstick_from(0.0, proven=True)


def run(*trace: tuple[int, float, float], budget: int = 100, status: str = "completed") -> RunRecord:
    fields = {"problem_id": "p", "candidate_id": "c", "seed": 1, "max_evaluations": budget, "status": status}
    return RunRecord.model_validate({**fields, "trace": trace})


def random_curves(count: int, budget: int) -> list[Convergence]:
    """Curves that fall from about 1e3 to below 1e-8, each with as many checkpoints as evaluations."""
    random = stream("test", "curves", count)
    steps = random.exponential(0.4, size=(count, budget))
    errors = 10.0 ** (3 - np.cumsum(steps, axis=1))
    return [Convergence(np.arange(1.0, budget + 1), row, budget) for row in errors]


def test_aocc_is_one_at_the_target_and_nothing_without_a_feasible_point():
    assert aocc(convergence(run((1, 0.0, 0.0), (100, 0.0, 0.0)), PROVEN)) == 1.0
    assert aocc(convergence(run((1, 1e-9, 2.0), (100, 1e-9, 1.0)), PROVEN)) == 0.0
    assert aocc(convergence(run((1, 1e-9, 0.0), status="raised"), PROVEN)) == 0.0
    assert aocc(convergence(run((1, 1e-9, 0.0)), yardstick_from(None, proven=False))) == 0.0
    # Half of the budget at an error of 1e-3, which is half of the way from 100 to 1e-8.
    assert aocc(convergence(run((1, 500.0, 0.0), (51, 1e-3, 0.0)), PROVEN)) == pytest.approx(0.25)


def test_area_below_the_attainment_curve_is_the_aocc():
    """With ever finer targets the two are the same (López-Ibáñez et al., 2024)."""
    curves = random_curves(8, 60)
    targets = np.logspace(2, -8, 2_001)
    hits = np.array([[first_hit(curve, target) for target in targets] for curve in curves])
    share = attained(hits, np.arange(1.0, 61.0))
    assert share.mean() == pytest.approx(np.mean([aocc(curve) for curve in curves]), abs=1e-3)


def test_expected_running_time_to_a_target_that_no_run_hits_is_unknown():
    assert spent([float("inf"), 50.0], 100) == (0.75, 0.5)
    assert metrics.expected_running_time(np.array([1.0, 1.0]), np.zeros(2)) is None


def test_performance_profile_is_its_definition():
    random = stream("test", "profile")
    times = random.exponential(10.0, size=(30, 4))
    times[random.random(times.shape) < 0.2] = np.inf
    times[7] = np.inf
    factors = np.array([1.0, 2.0, 10.0])
    expected = [
        [np.mean([np.isfinite(row.min()) and row[s] <= factor * row.min() for row in times]) for factor in factors]
        for s in range(4)
    ]
    assert performance_profile(times, factors) == pytest.approx(np.array(expected))


def test_signed_rank_test_and_effect_are_their_closed_forms():
    """The exact distribution, by enumeration of all signs, of few differences without ties."""
    ours, theirs = np.array([0.9, 0.4, 0.7, 0.2, 0.55]), np.array([0.5, 0.45, 0.5, 0.5, 0.55])
    ranks = np.array([4, 1, 2, 3])  # of 0.4, -0.05, 0.2, -0.3; the last pair is equal
    in_favour = 4 + 2
    every = [
        sum(r for r, sign in zip(ranks, signs, strict=True) if sign) for signs in itertools.product((0, 1), repeat=4)
    ]
    tail = np.mean([abs(total - 5) >= abs(in_favour - 5) for total in every])
    p_value, effect = signed_rank(ours, theirs)
    assert p_value == pytest.approx(tail)
    assert effect == pytest.approx((in_favour - 4) / 10)
    assert signed_rank(ours, ours) == (1.0, 0.0)
    assert signed_rank(theirs, ours) == pytest.approx((p_value, -effect))
    assert signed_rank(ours + 1, ours)[1] == 1.0


@pytest.mark.parametrize("count", [10, 30])
def test_equal_gains_and_losses_have_equal_ranks_though_floats_differ_in_their_last_digit(count: int):
    ours, theirs = np.array([1.0, 0.0] * count), np.array([2 / 3, 1 / 3] * count)
    assert np.abs(ours - theirs)[0] != np.abs(ours - theirs)[1]
    p_value, effect = signed_rank(ours, theirs)
    assert (p_value, effect) == pytest.approx((1.0, 0.0))


def test_signed_rank_of_many_differences_is_that_of_scipy():
    ours, theirs = stream("test", "a").random(80).round(1), stream("test", "b").random(80).round(1)
    p_value, effect = signed_rank(ours, theirs)
    nonzero = (ours - theirs)[np.abs(ours - theirs) > 1e-12].round(12)
    _, expected = stats.wilcoxon(nonzero)
    assert p_value == pytest.approx(expected)
    greater = float(np.asarray(stats.wilcoxon(nonzero, alternative="greater"))[0])
    total = len(nonzero) * (len(nonzero) + 1) / 2
    assert effect == pytest.approx(2 * greater / total - 1)


def test_holm_s_correction_is_step_by_step():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
    p_values = stream("test", "p").random(9) / 4
    corrected = np.array(holm(p_values.tolist()))
    ranks = np.argsort(p_values)
    expected = np.minimum(1, np.maximum.accumulate((9 - np.arange(9)) * p_values[ranks]))
    assert corrected[ranks] == pytest.approx(expected)
