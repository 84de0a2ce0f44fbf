"""The numbers of a campaign report, from hand-made verdicts and runs whose answers are known."""

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, get_args

import pytest

from llamoco_data.portfolio import OptimizerFamily
from llamoco_data.portfolio.limits import Limits
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.spec import Component, ProblemSpec
from llamoco_data.report import wording
from llamoco_data.report.costs import CostTally
from llamoco_data.report.curves import CurvePoint, evenly, median_curve, shown
from llamoco_data.report.groups import GROUPINGS
from llamoco_data.report.scales import LogScale, log_scale
from llamoco_data.report.scores import contributions, gap_of, reaches
from llamoco_data.report.sureness import sureness
from llamoco_data.report.winners import wins_by_group, wins_by_optimizer
from llamoco_data.runs import RunRecord
from llamoco_data.verdicts import Standing, Verdict

pytestmark = pytest.mark.unit


def candidate(candidate: str, family: OptimizerFamily) -> StoredCandidate:
    """A candidate whose optimizer is the first letter of its name."""
    limits = Limits(takes_constraints=True)
    return StoredCandidate(
        candidate_id=candidate, optimizer=candidate[0], family=family, settings={}, program=candidate, limits=limits
    )


def test_every_family_of_optimizers_has_a_colour_of_its_own_in_light_and_dark():
    style = files("llamoco_data.report").joinpath("page.css").read_text()
    families = [wording.slug(family) for family in get_args(OptimizerFamily)]
    colours = {family: re.findall(rf"^ +--{family}: (#\w+);", style, re.MULTILINE) for family in families}
    assert {len(pair) for pair in colours.values()} == {2}
    assert {len(set(scheme)) for scheme in zip(*colours.values(), strict=True)} == {len(families)}
    for family in families:
        assert re.search(rf"\.{family}\b[^{{]* {{ color: var\(--{family}\); }}", style)


ENTRANTS = {
    "a1": candidate("a1", "local search"),
    "a2": candidate("a2", "local search"),
    "b1": candidate("b1", "evolution strategy"),
    "c1": candidate("c1", "evolution strategy"),
    "r": candidate("r", "baseline"),
}


def verdict(
    scores: dict[str, float],
    near_ties: Sequence[str] = (),
    win_shares: Sequence[float] = (1.0,),
    problem_id: str = "p",
) -> Verdict:
    """One whose standings have these scores, in this order."""
    shares = [*win_shares, *[0.0] * len(scores)]
    standings = tuple(
        Standing(
            candidate_id=name,
            runs=3,
            failures=0,
            feasible_share=1.0,
            median_violation=0.0,
            median_error=1.0,
            evaluations_to_target=None,
            score=score,
            win_share=share,
        )
        for (name, score), share in zip(scores.items(), shares, strict=False)
    )
    return Verdict(
        problem_id=problem_id,
        max_evaluations=100,
        winner=standings[0].candidate_id,
        confidence=standings[0].win_share,
        near_ties=tuple(near_ties),
        best_known=0.0,
        best_known_proven=True,
        tolerance=1e-8,
        kept_out=None,
        standings=standings,
    )


def problem(**fields: Any) -> ProblemSpec:
    dimension = fields.get("dimension", 2)
    return ProblemSpec.model_validate(
        {
            "kind": "single",
            "dimension": dimension,
            "box": (-1.0, 1.0),
            "shifts": ((0.0,) * dimension,),
            "components": (Component(function="sphere", weight=1.0, scale=1.0, shift=0),),
            "max_evaluations": 100,
            **fields,
        }
    )


def test_wins_are_counted_by_optimizer_and_shared_ones_told_apart():
    verdicts = [
        verdict({"a1": 1.0, "a2": 0.9}, near_ties=["a2"]),
        verdict({"a2": 1.0, "b1": 0.9}, near_ties=["b1"]),
        verdict({"b1": 1.0, "a1": 0.9}),
    ]
    rows = [(row.optimizer, row.wins, row.sole_wins) for row in wins_by_optimizer(verdicts, ENTRANTS)]
    assert rows == [("a", 2, 1), ("b", 1, 1), ("c", 0, 0)]


@pytest.mark.parametrize(
    ("fields", "title", "label"),
    [
        ({"dimension": 4}, "Variables", "2 to 4"),
        ({"dimension": 5}, "Variables", "5 to 9"),
        ({"dimension": 20}, "Variables", "20 and more"),
        ({"max_evaluations": 199}, "Evaluations per variable", "below 100"),
        ({"max_evaluations": 200}, "Evaluations per variable", "100 to 299"),
        ({"max_evaluations": 2_000}, "Evaluations per variable", "1,000 and more"),
        ({}, "Constraints", "none"),
        ({}, "Minima of its functions", "one"),
        ({}, "Separable, not rotated", "yes"),
        ({}, "Smooth", "yes"),
        ({}, "Worst conditioning of a function", "below 100"),
        ({}, "Has a function of the family", "bowl"),
    ],
)
def test_problem_belongs_to_its_group(fields: dict[str, Any], title: str, label: str):
    (grouping,) = [grouping for grouping in GROUPINGS if grouping.title == title]
    assert list(grouping.labels_of(problem(**fields))) == [label]


def test_rotated_separable_function_is_not_separable():
    component = Component(function="sphere", weight=1.0, scale=1.0, shift=0, reflections=(0,))
    turned = problem(components=(component,), reflections=((1, 2),))
    (grouping,) = [grouping for grouping in GROUPINGS if grouping.title == "Separable, not rotated"]
    assert list(grouping.labels_of(turned)) == ["no"]


def test_groups_count_the_winning_families_and_leave_out_empty_groups():
    judged = [
        (problem(dimension=2), verdict({"a1": 1.0})),
        (problem(dimension=3), verdict({"b1": 1.0})),
        (problem(dimension=30), verdict({"c1": 1.0})),
    ]
    (variables,) = [grouping for grouping in wins_by_group(judged, ENTRANTS) if grouping.title == "Variables"]
    assert [(group.label, group.num_problems, dict(group.wins_by_family)) for group in variables.groups] == [
        ("2 to 4", 2, {"local search": 1, "evolution strategy": 1}),
        ("20 and more", 1, {"evolution strategy": 1}),
    ]


def test_contribution_is_what_the_next_other_optimizer_leaves_behind():
    verdicts = [
        verdict({"a1": 1.0, "a2": 0.9, "b1": 0.6, "c1": 0.2}),
        verdict({"b1": 0.8, "a1": 0.5}, near_ties=["a1"]),
    ]
    rows = {row.optimizer: row for row in contributions(verdicts, ENTRANTS)}
    assert list(rows) == ["a", "b"]
    assert rows["a"].drop == pytest.approx((1.0 - 0.6) / 2)
    assert rows["b"].drop == pytest.approx((0.8 - 0.5) / 2)
    assert (rows["a"].sole_wins, rows["b"].sole_wins) == (1, 0)


def test_contribution_of_the_only_optimizer_is_its_whole_score():
    (row,) = contributions([verdict({"a1": 0.7, "a2": 0.5})], ENTRANTS)
    assert row.drop == pytest.approx(0.7)


def test_contribution_is_negative_where_the_winner_owes_its_win_to_feasibility():
    (row,) = contributions([verdict({"a1": 0.2, "b1": 0.6})], ENTRANTS)
    assert row.drop == pytest.approx(-0.4)


def test_gap_is_between_the_winners_and_one_candidate_that_scores_0_where_it_was_not_run():
    verdicts = [verdict({"a1": 1.0, "b1": 0.5}, problem_id=f"p{i}") for i in range(9)]
    verdicts.append(verdict({"a1": 0.8}, problem_id="p9"))
    gap = gap_of(verdicts, "b1")
    assert gap.virtual_best == pytest.approx(0.98)
    assert gap.single_best == pytest.approx(0.45)
    assert gap.num_run == 9
    assert gap.interval is not None
    low, high = gap.interval
    assert 0.5 <= low < gap.difference < high <= 0.8
    assert gap_of(verdicts, "b1") == gap
    assert gap_of(verdicts[:1], "b1").interval is None


def test_reach_is_that_of_the_best_candidate_on_the_problems_it_was_run_on():
    verdicts = [
        verdict({"b1": 1.0, "a2": 0.9, "a1": 0.2}),
        verdict({"a1": 0.6, "a2": 0.4, "b1": 0.3}),
        verdict({"b1": 0.5}),
    ]
    rows = {row.optimizer: row for row in reaches(verdicts, ENTRANTS)}
    assert set(rows) == {"a", "b"}
    a = rows["a"]
    assert (a.candidate_id, a.num_problems) == ("a2", 2)
    assert (a.score, a.virtual_best) == pytest.approx((0.65, 0.8))
    assert rows["b"].gap == pytest.approx(0.3 / 3)


def test_sureness_puts_a_confidence_into_its_own_bin():
    verdicts = [
        verdict({"a1": 1.0, "a2": 0.9}, near_ties=["a2"], win_shares=(0.7, 0.3)),
        verdict({"a1": 1.0, "b1": 0.9}, near_ties=["b1", "c1"], win_shares=(0.295, 0.2)),
        verdict({"a1": 1.0}),
    ]
    sure = sureness(verdicts, ENTRANTS)
    assert sure.candidate_counts == (0, 0, 1, 0, 0, 0, 0, 1, 0, 1)
    assert sure.optimizer_counts == (0, 0, 1, 0, 0, 0, 0, 0, 0, 2)
    assert (sure.median_candidate, sure.median_optimizer) == (0.7, 1.0)
    assert (sure.near_ties, sure.with_near_tie, sure.with_rival) == (3, 2, 1)


def run(seed: int, *trace: tuple[int, float, float], **fields: Any) -> RunRecord:
    values: dict[str, Any] = {"status": "completed", "evaluations": 100, "trace": trace, **fields}
    return RunRecord(problem_id="p", candidate_id="a1", seed=seed, max_evaluations=100, **values)


def test_median_curve_holds_the_best_so_far_of_runs_that_ended():
    runs = [
        run(0, (1, 9.0, 0.0), (10, 3.0, 0.0)),
        run(1, (1, 8.0, 0.0), (10, 5.0, 0.0), (100, 4.0, 0.0)),
        run(2, (1, 7.0, 0.0), (10, 6.0, 0.0), (100, 2.0, 0.0)),
    ]
    assert median_curve(runs, 1.0) == (CurvePoint(1, 7.0, 0.0), CurvePoint(10, 4.0, 0.0), CurvePoint(100, 2.0, 0.0))


def test_median_curve_has_no_error_before_the_median_run_is_feasible():
    runs = [
        run(0, (1, 0.0, 3.0), (10, 5.0, 0.0)),
        run(1, (1, 0.0, 2.0), (10, 0.0, 1.0), (100, 4.0, 0.0)),
        run(2, (1, 6.0, 0.0)),
    ]
    assert median_curve(runs, 1.0) == (CurvePoint(1, None, 2.0), CurvePoint(10, 5.0, 0.0), CurvePoint(100, 4.0, 0.0))


def test_median_curve_takes_a_failed_run_for_the_worst_and_of_two_middle_runs_the_worse():
    good = run(0, (1, 3.0, 0.0))
    raised = run(1, (1, 2.0, 0.0), status="raised")
    assert median_curve([good, raised], 1.0) == (CurvePoint(1, None, None),)
    assert median_curve([good, run(1, (1, 5.0, 0.0))], 1.0) == (CurvePoint(1, 4.0, 0.0),)


def test_median_curve_without_a_best_known_value_has_violations_only():
    assert median_curve([run(0, (1, 3.0, 0.5))], None) == (CurvePoint(1, None, 0.5),)


def test_shown_curves_are_the_winner_near_ties_rivals_and_random_search():
    scores = {"a1": 1.0, "b1": 0.9, "a2": 0.8, "c1": 0.7, "r": 0.0}
    roles = {s.candidate_id: role for s, role in shown(verdict(scores, near_ties=["b1"]), ENTRANTS)}
    assert roles == {"a1": "winner", "b1": "near-tie", "c1": "rival", "r": "random search"}


@pytest.mark.parametrize(("count", "chosen"), [(0, []), (3, [0, 1, 2]), (4, [0, 1, 2, 3]), (9, [0, 2, 4, 6])])
def test_even_choice_takes_all_of_few_and_spreads_over_many(count: int, chosen: list[int]):
    assert evenly(range(count), 4) == chosen


def test_costs_are_medians_and_sums_over_all_runs_but_declined_ones():
    tally = CostTally({"a": "local search", "b": "evolution strategy", "c": "baseline"})
    for seed, cpu_s in enumerate([1e-3, 2e-3, 30e-3]):
        tally.add("b", run(seed, cpu_s=cpu_s))
    tally.add("b", run(3, status="timed_out", evaluations=0, cpu_s=3600.0))
    tally.add("a", run(4, status="declined", evaluations=0))
    (row,) = tally.costs()
    assert (row.optimizer, row.runs, row.evaluations) == ("b", 4, 300)
    assert row.median_us == pytest.approx(20)
    assert row.core_hours == pytest.approx(1, rel=1e-4)
    assert row.odd_endings == {"timed_out": 1}


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (LogScale(1e-8, 1e2), [(1, -8), (1, -6), (1, -4), (1, -2), (1, 0), (1, 2)]),
        (LogScale(1, 1000), [(1, 0), (1, 1), (1, 2), (1, 3)]),
        (LogScale(3, 60), [(5, 0), (1, 1), (2, 1), (5, 1)]),
        (LogScale(1, 100), [(1, 0), (1, 1), (1, 2)]),
    ],
)
def test_ticks_are_few_and_round(scale: LogScale, ticks: list[tuple[int, int]]):
    assert scale.ticks(6) == ticks


def test_log_scale_of_one_value_is_a_decade_around_it():
    assert log_scale([0.0, -1.0]) is None
    scale = log_scale([0.0, 5.0])
    assert scale is not None
    assert scale.place(5.0) == pytest.approx(0.5)
    assert (scale.place(0.0), scale.place(1e9)) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (wording.share(0, 7), "0 %"),
        (wording.share(1, 300), "<1 %"),
        (wording.share(299, 300), ">99 %"),
        (wording.share(7, 7), "100 %"),
        (wording.core_time(0.5 / 3600), "0.50 s"),
        (wording.core_time(7.9e-3), "28 s"),
        (wording.core_time(1e-5), "36 ms"),
        (wording.core_time(1e-9), "<0.01 ms"),
        (wording.core_time(0.0), "0 s"),
        (wording.core_time(123_456.0), "123,456 h"),
        (wording.plain(1_234_567.0), "1,234,567"),
        (wording.core_time(0.2), "12 min"),
        (wording.core_time(3.4), "3.4 h"),
        (wording.measured(1e-8), "1e-8"),
        (wording.measured(0.0123), "0.012"),
        (wording.measured(6715.4), "6,715"),
        (wording.tick(1, -8), "10⁻⁸"),
        (wording.tick(2, -1), "0.2"),
        (wording.tick(1, 3), "1,000"),
        (wording.tick(5, 4), "5·10⁴"),
        (wording.fine_score(-0.0001), "0.000"),
    ],
)
def test_numbers_read_well(text: str, expected: str):
    assert text.replace("\N{NO-BREAK SPACE}", " ") == expected


def test_breakable_name_stays_escaped():
    assert wording.breakable("<b>_x") == "&lt;b&gt;_<wbr>x"
