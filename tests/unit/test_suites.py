"""The real problems: what they say of themselves agrees with their publications, and their formulas with other code."""

import warnings

import numpy as np
import pymoo.problems.single.g as pymoo_g
import pytest

from llamoco_data.identity import LlamocoError
from llamoco_data.problems.asking import Asked, excess
from llamoco_data.problems.checking import MOST_CHARACTERS, own_problem
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.source import foreign_imports, load_source, normalised
from llamoco_data.problems.suites import MOST_EVALUATIONS, SUITES, SuiteProblem, is_of_suite, suite_problem, suites
from tests.references.real_problems import (
    BEST_POINTS,
    CEC2020,
    ENOPPY,
    G_FUNCTIONS,
    NOT_REACHED,
    OFFICIAL,
    Counts,
    Sample,
)

pytestmark = pytest.mark.unit

PROBLEMS = {problem.name: problem for problem in suites()}
EVERY = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
CHEAP = ("rc05_haverly_pooling", "rc55_dairy_feed", "g14", "muskingum_routing", "cemented_doublet")


def asked(problem: SuiteProblem, *points: Vector) -> Asked:
    """What a problem answers, its shapes and types checked as those of a user's file."""
    answers = Asked(load_source(problem.text))
    for x in points:
        answers.ask(x)
    return answers


def values(problem: SuiteProblem, x: list[float]) -> Vector:
    """Objective, g and h at a point."""
    ((f, rest),) = asked(problem, np.array(x, np.float64)).answers
    return np.array([f, *rest])


def counts(problem: SuiteProblem) -> Counts:
    return Counts(problem.dimension, problem.num_inequality, problem.num_equality, problem.best_known)


def test_suites_hold_as_many_problems_as_the_page_promises():
    sizes = {suite: sum(problem.suite == suite for problem in suites()) for suite in SUITES}
    assert sizes == {"cec2020_real": 43, "g_functions": 24, "engineering": 10}
    assert len(PROBLEMS) == 77


def test_a_name_finds_its_problem_and_an_unknown_one_is_told():
    assert suite_problem("g06").dimension == 2
    with pytest.raises(LlamocoError, match="no problem 'g25'"):
        suite_problem("g25")


@EVERY
def test_text_meets_the_rules_for_files_of_users(problem: SuiteProblem):
    assert normalised(problem.text) == problem.text
    assert len(problem.text) <= MOST_CHARACTERS
    assert not list(foreign_imports(problem.text))
    loaded = load_source(problem.text)
    assert loaded.max_evaluations == MOST_EVALUATIONS
    assert isinstance(loaded.lower, np.ndarray)
    assert isinstance(loaded.upper, np.ndarray)
    rng = np.random.default_rng(1)
    points = rng.uniform(loaded.lower, loaded.upper, (5, problem.dimension))
    answers, again = asked(problem, *points), asked(problem, *points[::-1])
    assert answers.num_finite >= 2
    assert not answers.first_error
    assert (answers.shape or (0, 0)) == (problem.num_inequality, problem.num_equality)
    for (f, rest), (f2, rest2) in zip(answers.answers, again.answers[::-1], strict=True):
        assert np.array_equal([f, *rest], [f2, *rest2], equal_nan=True)


@pytest.mark.parametrize("name", CHEAP)
def test_problem_passes_the_check_of_files_of_users(name: str):
    problem = PROBLEMS[name]
    spec = own_problem(problem.text, name)
    assert (spec.dimension, spec.num_inequality, spec.num_equality) == counts(problem)[:3]


@EVERY
def test_budget_is_part_of_the_text_and_nothing_else_changes(problem: SuiteProblem):
    least, *_, most = problem.budgets
    assert least == min(100 * problem.dimension, most)
    assert most == MOST_EVALUATIONS
    smaller = problem.at_budget(least)
    assert load_source(smaller).max_evaluations == least
    assert problem.at_budget(MOST_EVALUATIONS) == problem.text
    assert len(problem.budgets) == (3 if problem.dimension < 20 else 2)


@pytest.mark.parametrize("code", CEC2020)
def test_cec_problem_has_the_counts_and_the_best_known_value_of_the_table(code: str):
    (problem,) = (each for each in suites() if each.name.startswith(code.lower() + "_"))
    assert counts(problem) == CEC2020[code]


@pytest.mark.parametrize("name", G_FUNCTIONS)
def test_g_function_has_the_counts_and_the_best_known_value_of_the_table(name: str):
    found, expected = counts(PROBLEMS[name]), G_FUNCTIONS[name]
    assert found[:3] == expected[:3]
    assert found.best_known == pytest.approx(expected.best_known, rel=1e-9)


@pytest.mark.parametrize("name", OFFICIAL)
def test_cec_problem_gives_the_values_of_the_official_code(name: str):
    for sample in OFFICIAL[name]:
        np.testing.assert_allclose(values(PROBLEMS[name], sample["x"]), sample["values"], rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("name", ENOPPY)
def test_cec_problem_gives_the_values_of_enoppy(name: str):
    for sample in ENOPPY[name]:
        np.testing.assert_allclose(like_enoppy(name, sample), sample["values"], rtol=1e-9, atol=1e-8)


def like_enoppy(name: str, sample: Sample) -> Vector:
    """Objective, then the sorted values of g and of |h| - 1e-4."""
    found = values(PROBLEMS[name], sample["x"])
    g, h = np.split(found[1:], [PROBLEMS[name].num_inequality])
    return np.array([found[0], *sorted([*g, *(np.abs(h) - 1e-4)])])


@pytest.mark.parametrize("name", G_FUNCTIONS)
def test_g_function_gives_the_values_of_pymoo(name: str):
    other = getattr(pymoo_g, f"G{int(name[1:])}")()
    loaded = load_source(PROBLEMS[name].text)
    assert isinstance(loaded.lower, np.ndarray)
    assert isinstance(loaded.upper, np.ndarray)
    np.testing.assert_allclose(loaded.lower, other.xl, atol=2e-5)
    np.testing.assert_allclose(loaded.upper, other.xu)
    for x in np.random.default_rng(2).uniform(loaded.lower, loaded.upper, (3, len(loaded.lower))):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = other.evaluate(x[None], return_values_of=["F", "G", "H"], return_as_dictionary=True)
        expected = [theirs["F"].ravel()[0], *sorted([*theirs["G"].ravel(), *theirs["H"].ravel()])]
        found = values(PROBLEMS[name], x.tolist())
        np.testing.assert_allclose([found[0], *sorted(found[1:])], expected, rtol=1e-9, atol=1e-8)


@EVERY
def test_best_point_is_feasible_and_reaches_the_best_known_value(problem: SuiteProblem):
    f, *rest = values(problem, BEST_POINTS[problem.name])
    over = excess(np.array(rest), (problem.num_inequality, problem.num_equality))
    if problem.name == "g20":
        assert 0.14 < over < 0.15
    else:
        assert over == 0
    gap = (f - problem.best_known) / abs(problem.best_known)
    assert -1e-3 < gap < NOT_REACHED.get(problem.name, 1e-3)


def test_box_of_the_second_heat_exchanger_network_leaves_one_point():
    problem = PROBLEMS["rc02_heat_exchanger_network"]
    x = np.array(BEST_POINTS[problem.name])
    loaded = load_source(problem.text)
    assert isinstance(loaded.lower, np.ndarray)
    assert isinstance(loaded.upper, np.ndarray)
    for i in (0, 2, 6, 7, 8):
        for step in (-1e-4, 1e-4):
            other = x.copy()
            other[i] += step * (loaded.upper[i] - loaded.lower[i])
            _, *rest = values(problem, other.tolist())
            assert excess(np.array(rest), (0, 9)) > 0


def test_text_of_a_suite_is_known_at_every_budget_and_with_other_numbers_but_no_other_text_is():
    for problem in PROBLEMS.values():
        assert all(is_of_suite(problem.at_budget(budget)) for budget in problem.budgets)
        assert is_of_suite(problem.text.replace("lower =", "lower = 0.5 *"))
    other = PROBLEMS["g06"].text.partition('"""')[2].partition('"""')[2]
    assert not is_of_suite(other)
    assert not is_of_suite('"""A problem of my own."""' + other)


def test_budgets_that_are_meant_are_stated_with_a_name_each():
    texts = PROBLEMS["rc19_welded_beam"].stated("medium")
    assert list(texts) == ["rc19_welded_beam_400", "rc19_welded_beam_4000"]
    assert all(f"max_evaluations = {name.rpartition('_')[2]}\n" in text for name, text in texts.items())
    assert list(PROBLEMS["rc57_dairy_feed"].stated()) == ["rc57_dairy_feed_6400", "rc57_dairy_feed_20000"]
    assert len({name for problem in PROBLEMS.values() for name in problem.stated()}) == 212
