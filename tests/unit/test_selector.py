"""The selector: what it makes of gaps, whom it expects to win, and its prior as a file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llamoco_data.identity import LlamocoError, stream
from llamoco_data.selector import (
    NAMES,
    Measured,
    Precedents,
    Prior,
    fitted,
    prior_from,
    prospects,
    read_prior,
    whole_scores,
)

pytestmark = pytest.mark.unit

OPTIMIZERS = ("left", "right", "never")
SIDE = NAMES.index("multimodal")


def measured(num_problems: int = 60) -> Measured:
    """Problems of two kinds: `left` wins where a feature is 0, `right` where it is 1, and `never` is worst on all."""
    random = stream("test selector", num_problems)
    features = random.uniform(size=(num_problems, len(NAMES)))
    features[:, SIDE] = np.arange(num_problems) % 2
    side = features[:, SIDE]
    scores = np.array([0.9 - 0.8 * side, 0.1 + 0.8 * side, np.full(num_problems, 0.05)]).T
    ids = tuple(f"problem {number}" for number in range(num_problems))
    scores += random.uniform(0, 0.05, scores.shape)
    return Measured(ids, OPTIMIZERS, features, scores, np.ones(num_problems, dtype=bool))


def prior() -> Prior:
    return prior_from(measured(), source="a campaign", num_problems=60, always=("left",))


def asked(side: float) -> np.ndarray:
    features = measured(7).features[:1].copy()
    features[0, SIDE] = side
    return features


def test_selector_chooses_who_wins_similar_problems_among_those_that_apply():
    selector = fitted(measured())
    assert selector.choices(np.vstack([asked(0), asked(1), asked(1)]), [OPTIMIZERS, OPTIMIZERS, ("left", "never")]) == [
        "left",
        "right",
        "left",
    ]
    means, deviations = selector.expected(asked(0))
    assert means[0] == pytest.approx([0.925, 0.125, 0.075], abs=0.05)
    assert deviations[0, 2] < 0.05 < deviations[0, 0] < 0.3


def test_selector_of_the_same_problems_is_the_same_to_the_last_bit():
    first, second = (fitted(measured()).precedents(asked(1)) for _ in range(2))
    assert first == second
    assert sum(first[0].weights) == pytest.approx(1, abs=1e-4)


def with_gaps() -> Measured:
    """`right` was not run on twenty problems, and other informed races make it look better than it is."""
    full = measured()
    scores, whole = full.scores.copy(), full.whole.copy()
    scores[10:30, 1], scores[30:40, 1], whole[10:40] = np.nan, 1.0, False
    return replace(full, scores=scores, whole=whole)


def test_whole_scores_fill_gaps_by_similar_whole_races_and_never_beyond_what_was_reached():
    full, gaps = measured(), with_gaps()
    scores = gaps.scores
    whole = whole_scores(gaps)
    assert np.array_equal(whole[~np.isnan(scores)], scores[~np.isnan(scores)])
    assert np.all(whole[10:30, 1] <= np.nanmax(scores[10:30], axis=1))
    lost = full.features[10:30, SIDE] == 0
    assert whole[10:30, 1][lost] == pytest.approx(full.scores[10:30, 1][lost], abs=0.1)


def test_whole_scores_of_an_optimizer_that_was_never_run_are_finite():
    full = measured()
    scores = full.scores.copy()
    scores[:, 2] = np.nan
    assert np.all(whole_scores(replace(full, scores=scores))[:, 2] == 0)


def test_prospects_order_by_what_each_adds_to_those_before_it():
    scores = np.array([[0.9, 0.8, 0.0], [0.9, 0.8, 0.0], [0.1, 0.1, 0.6]])
    alike = Precedents(rows=(0, 1, 2), weights=(0.4, 0.4, 0.2))
    hopes = prospects(alike, scores, ("best", "its copy", "other"), ("best", "its copy", "other"))
    assert list(hopes) == ["best", "other", "its copy"]
    assert hopes == pytest.approx({"best": 0.74, "other": 0.1, "its copy": 0.0})


def test_prospects_leave_out_what_does_not_apply_and_keep_all_else():
    scores = np.array([[0.9, 0.8, 0.0]])
    alike = Precedents(rows=(0,), weights=(1.0,))
    assert prospects(alike, scores, ("a", "b", "c"), ("c", "b", "new")) == {"b": 0.8, "c": 0.0}


def test_prior_is_read_back_from_its_file_and_grows_the_same_forest(tmp_path: Path):
    written = prior()
    (tmp_path / "p.parquet").write_bytes(written.data)
    read = read_prior(tmp_path / "p.parquet")
    assert (read.prior_id, read.spec) == (written.prior_id, written.spec)
    assert read.selector.precedents(asked(1)) == fitted(measured()).precedents(asked(1))
    assert prior().data == written.data


@pytest.mark.parametrize("kept", [0, 8, -9])
def test_prior_that_is_cut_off_is_refused_in_one_line(tmp_path: Path, kept: int):
    file = tmp_path / "p.parquet"
    file.write_bytes(prior().data[:kept])
    with pytest.raises(LlamocoError, match=r"p\.parquet holds no prior, a damaged one, or that of another"):
        read_prior(file)


def test_prior_that_is_not_there_is_refused_in_one_line(tmp_path: Path):
    with pytest.raises(LlamocoError, match="nowhere cannot be read: No such file or directory"):
        read_prior(tmp_path / "nowhere")


def test_prior_for_another_scikit_learn_grows_no_forest():
    there = prior()
    other = replace(there, spec=there.spec.model_copy(update={"scikit_learn": "0.1"}))
    with pytest.raises(LlamocoError, match=r"needs scikit-learn 0\.1, and .* is installed"):
        _ = other.selector
