"""Which rows an epoch draws, and how often."""

from itertools import islice

import numpy as np
import pytest

from llamoco_tune.mixing import drawn, row_weights

pytestmark = pytest.mark.unit

OPTIMIZERS = ["slsqp"] * 6 + ["de"] * 3 + ["pso"]


def test_row_weights_balanced_give_every_optimizer_the_same_mass():
    weights = row_weights(OPTIMIZERS, "balanced")
    assert np.allclose(weights[:6], 1 / 3 / 6)
    assert np.allclose(weights[6:9], 1 / 3 / 3)
    assert np.isclose(weights[9], 1 / 3)


def test_row_weights_proportional_give_every_row_the_same():
    assert np.allclose(row_weights(OPTIMIZERS, "proportional"), 0.1)


def test_row_weights_capped_limit_the_frequent_optimizers_alone():
    weights = row_weights(OPTIMIZERS, "capped", cap=2)
    assert np.allclose([weights[:6].sum(), weights[6:9].sum(), weights[9]], [0.4, 0.4, 0.2])


def test_row_weights_capped_without_a_cap_are_refused():
    with pytest.raises(ValueError, match="cap"):
        row_weights(OPTIMIZERS, "capped")


def test_drawn_takes_each_row_as_often_as_its_weight_says():
    weights = row_weights(OPTIMIZERS, "balanced")
    for seed in range(20):
        epoch = list(islice(drawn(weights, np.random.default_rng(seed)), len(weights)))
        counts = np.bincount(epoch, minlength=len(weights))
        assert np.all(np.abs(counts - len(weights) * weights) < 1 + 1e-9)


def test_drawn_differs_between_epochs_and_repeats_with_its_seed():
    weights = row_weights(OPTIMIZERS, "balanced")
    first, again, other = (list(islice(drawn(weights, np.random.default_rng(seed)), 30)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert first[:10] != first[10:20]
