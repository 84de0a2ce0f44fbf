"""The openings of answers, and what is learned of a row: soft targets over the scores of all optimizers."""

import json

import numpy as np
import pytest
import torch

from llamoco_tune.choosing import judged
from llamoco_tune.instructions import Example
from llamoco_tune.losses import choice_loss, expected_score_loss, profile_info_nce, unopened_nats
from llamoco_tune.openings import (
    OPENINGS_FILE,
    Openings,
    openings_of,
    read_openings,
    targets_of,
    with_lines,
    write_openings,
)
from llamoco_tune.records import TuningError
from llamoco_tune.trie import Trie
from tests.tuning_rows import encoded

pytestmark = pytest.mark.unit


def test_opening_is_the_shortest_beginning_that_tells_an_optimizer_from_all_others():
    found = openings_of({"a": [[1, 2, 3, 9], [1, 2, 3, 8]], "b": [[1, 2, 4, 9]], "c": [[5, 9], [5, 8]]})
    assert found.by_optimizer == {"a": [1, 2, 3], "b": [1, 2, 4], "c": [5]}


@pytest.mark.parametrize(
    ("answers", "line"),
    [
        ({"a": [[1, 2], [3, 2]], "b": [[3, 4]]}, "answers of 'a' begin like"),
        ({"a": [[1, 2]], "b": [[1, 2, 3]]}, "answers of 'a' begin like"),
        ({"a": [[1, 2]]}, "nothing to choose"),
    ],
)
def test_answers_that_do_not_tell_their_optimizer_are_refused(answers, line):
    with pytest.raises(TuningError, match=line):
        openings_of(answers)


ANSWERS = {"a": [[1, 2, 3, 9, 0, 7], [1, 2, 3, 9, 0, 8]], "b": [[1, 2, 4, 9, 0]], "c": [[5, 9, 6, 0], [5, 8, 0]]}


def test_an_answer_begins_with_the_line_of_its_opening_as_far_as_all_answers_share_it():
    """0 ends a line."""
    found = with_lines(openings_of(ANSWERS), ANSWERS, lambda token: token == 0)
    assert found.by_optimizer == {"a": [1, 2, 3], "b": [1, 2, 4], "c": [5]}
    assert [found.begun(name) for name in "abc"] == [(1, 2, 3, 9), (1, 2, 4, 9), (5,)]


def test_openings_without_lines_begin_an_answer_as_they_are():
    assert openings_of(ANSWERS).begun("a") == (1, 2, 3)


def test_a_line_that_begins_with_another_opening_is_refused():
    with pytest.raises(ValueError, match="that of a does not begin with its opening"):
        Openings(by_optimizer={"a": [1, 2], "b": [3]}, lines={"a": [1, 4]})


def test_trie_has_a_node_for_each_token_after_which_openings_go_on():
    trie = Trie.of(Openings(by_optimizer={"a": [1, 2, 3], "b": [1, 2, 4], "c": [5]}))
    assert trie.optimizers == ("a", "b", "c")
    assert trie.tokens.tolist() == [1, 2]
    assert trie.depths.tolist() == [1, 2]
    assert trie.sees.tolist() == [[True, False], [True, True]]
    assert trie.paths.sum(0).tolist() == [3, 3, 1]


def test_openings_come_back_from_their_file(tmp_path):
    openings = Openings(by_optimizer={"a": [1], "b": [2, 3]})
    assert read_openings(str(tmp_path)) is None
    write_openings(tmp_path, openings)
    assert read_openings(str(tmp_path)) == openings
    (tmp_path / OPENINGS_FILE).write_text(json.dumps({"version": 2, "by_optimizer": {}}))
    with pytest.raises(TuningError, match="of a later release"):
        read_openings(str(tmp_path))


def test_soft_targets_are_a_softmax_over_the_optimizers_of_a_row():
    targets, scores = targets_of([{"a": 0.5, "c": 0.3, "unknown": 0.9}, {}], ["a", "b", "c"], tau=0.1)
    mass = np.exp(np.array([5.0, 3.0]))
    assert targets[0] == pytest.approx([mass[0] / mass.sum(), 0, mass[1] / mass.sum()])
    assert targets[1].tolist() == [0, 0, 0]
    assert scores[0] == pytest.approx([0.5, 0, 0.3])


def test_losses_of_choosing_on_numbers_computed_by_hand():
    choices = torch.tensor([[0.25, 0.75], [0.5, 0.5]]).log()
    likelihoods = torch.tensor([[0.2, 0.6], [0.1, 0.1]]).log()
    targets = torch.tensor([[0.5, 0.5], [0.0, 0.0]])
    assert choice_loss(choices, targets).item() == pytest.approx(-0.5 * np.log(0.25) - 0.5 * np.log(0.75))
    assert expected_score_loss(choices, torch.tensor([[1.0, 0.2], [0.0, 0.4]])).item() == pytest.approx(-0.6)
    assert unopened_nats(choices, likelihoods, targets).item() == pytest.approx(-np.log(0.8))


def test_rows_with_like_scores_attract_each_other_in_the_loss_of_profiles():
    profiles = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    problems = torch.tensor([0, 1, 2, 3])
    near = torch.tensor([[1.0, 0.1], [1.0, -0.1], [-1.0, 0.1], [-1.0, -0.1]])
    crossed = near[[0, 2, 1, 3]]
    losses = [profile_info_nce(each, profiles, problems, 0.1, 0.1).item() for each in (near, crossed)]
    assert losses[0] < 0.1
    assert losses[1] > 5
    one_problem = profile_info_nce(near, profiles, torch.zeros(4, dtype=torch.int64), 0.1, 0.1)
    assert one_problem.item() == 0


def judged_example(optimizer: str, scores: dict[str, float], single: float) -> Example:
    made = encoded(4, 2, 0, optimizer=optimizer).example
    return Example(
        **{name: getattr(made, name) for name in Example.__slots__ if name not in ("scores", "single_best_score")},
        scores=scores,
        single_best_score=single,
    )


def test_gap_closed_is_between_single_best_and_virtual_best():
    examples = [judged_example("a", {"a": 0.8, "b": 0.4}, 0.4), judged_example("b", {"a": 0.2, "b": 0.6}, 0.2)]
    assert judged(examples, ["a", "b"])["gap_closed"] == pytest.approx(1)
    assert judged(examples, ["b", "a"])["gap_closed"] == pytest.approx(0)
    half = judged(examples, ["a", "a"])
    assert (half["gap_closed"], half["choice_right"], half["choice_unscored"]) == pytest.approx((0.5, 0.5, 0))
    # What has no score, since it does not apply or was left out, earns nothing.
    assert judged(examples, ["c", "b"])["gap_closed"] == pytest.approx((0.6 / 2 - 0.3) / 0.4)
    assert judged(examples, ["c", "b"])["choice_unscored"] == 0.5
