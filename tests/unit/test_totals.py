"""Sums of scores over problems, where races may have left candidates out."""

import numpy as np
import pytest

from llamoco_data.export.totals import Totals

pytestmark = pytest.mark.unit

CANDIDATES = ("a", "b", "random")
NONE_LEFT_OUT = np.zeros(3, dtype=bool)
B_LEFT_OUT = np.array([False, True, False])


def test_totals_of_whole_races_are_sums_over_training_problems():
    totals = Totals(CANDIDATES)
    totals.add(np.array([0.5, 0.9, 0.0]), None, is_training=True)
    totals.add(np.array([0.5, 0.0, 0.0]), None, is_training=True)
    totals.add(np.array([0.0, 1.0, 0.0]), None, is_training=False)
    assert totals.by_candidate("random") == {"a": 1.0, "b": 0.9, "random": 0.0}


def test_totals_without_training_problems_are_sums_over_all():
    totals = Totals(CANDIDATES)
    totals.add(np.array([0.5, 0.9, 0.0]), None, is_training=False)
    assert totals.by_candidate("random") == {"a": 0.5, "b": 0.9, "random": 0.0}


def test_totals_leave_out_informed_races_and_candidates_that_one_of_them_left_out():
    totals = Totals(CANDIDATES)
    totals.add(np.array([0.5, 0.9, 0.0]), None, is_training=True)
    totals.add(np.array([0.4, 0.0, 0.0]), B_LEFT_OUT, is_training=True)
    totals.add(np.array([0.4, 0.4, 0.0]), NONE_LEFT_OUT, is_training=False)
    assert totals.by_candidate("random") == {"a": 0.5, "random": 0.0}


def test_totals_of_informed_races_alone_are_sums_over_those():
    totals = Totals(CANDIDATES)
    totals.add(np.array([0.4, 0.3, 0.0]), NONE_LEFT_OUT, is_training=True)
    assert totals.by_candidate("random") == {"a": 0.4, "b": 0.3, "random": 0.0}


def test_totals_keep_all_candidates_where_each_was_left_out():
    totals = Totals(CANDIDATES)
    totals.add(np.array([0.4, 0.0, 0.0]), B_LEFT_OUT, is_training=True)
    totals.add(np.array([0.0, 0.3, 0.0]), np.array([True, False, False]), is_training=True)
    assert totals.by_candidate("random") == {"a": 0.4, "b": 0.3, "random": 0.0}
