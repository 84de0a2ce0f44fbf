"""The parts of a search by prompts: the budget, the box, what a prompt holds, and when the temperature rises."""

from pathlib import Path

import numpy as np
import pytest

from llamoco_tune.programs import Answer
from llamoco_tune.records import TuningError
from llamoco_tune.search.black_box import BlackBox, Value, black_box
from llamoco_tune.search.journal import Call, open_journal
from llamoco_tune.search.methods import OPRO_SHOWN, PATIENCE, lmea_step, opro_step
from llamoco_tune.search.trail import Trail
from tests.full_disk import full_disk

pytestmark = pytest.mark.unit

SOURCE = """import numpy as np
lower, upper, max_evaluations = np.full(2, -1.0), np.full(2, 1.0), 9
def objective(x):
    if x[0] > 0.9:
        raise ValueError
    return x[0] if x[1] > -0.9 else float("nan")
def constraints(x):
    return np.array([x[0] - 0.5, x[1]]), np.array([5e-5])
"""


def bowl(max_evaluations: int = 99) -> Trail:
    """A search on the squared distance from 0 in two variables."""
    box = BlackBox(np.full(2, -1.0), np.full(2, 1.0), max_evaluations, False, lambda x: Value(float(x @ x), 0.0))
    return Trail(box)


def test_points_are_moved_into_the_box_and_evaluated_once_as_far_as_the_budget_goes():
    trail = bowl(3)
    assert trail.box.dimension == 2
    assert trail.add([(0.5, 2.0), (0.5, 1.0), (0.5, 3.0)]) == 1
    assert trail.tried[0].x == (0.5, 1.0)
    assert trail.add([(0.0, 0.0), (0.1, 0.1), (0.10000001, 0.1), (0.2, 0.2)]) == 2
    assert trail.is_spent
    assert [one.x for one in trail.best(2)] == [(0.1, 0.1), (0.0, 0.0)]


def test_prompt_holds_the_best_points_the_best_one_last():
    trail = bowl()
    trail.add([(number / 50, 0.0) for number in range(40)])
    prompt = opro_step(trail, 1.0).prompt
    lines = [line for line in prompt.splitlines() if " value " in line]
    assert len(lines) == OPRO_SHOWN
    assert lines[-1] == "[0, 0] value 0"
    assert "[0.4, 0]" not in prompt
    assert "constraints" not in prompt


def test_temperature_rises_where_generations_bring_nothing_better_and_stays_up():
    trail = bowl()
    trail.add([(0.5, 0.5)])
    for generation in range(1, 2 * PATIENCE + 2):
        trail.num_steps = generation
        if generation == 1:
            trail.add([(0.4, 0.4)])
        rises = (generation - 1) // PATIENCE
        assert lmea_step(trail, 1.0).temperature == pytest.approx(1.0 + 0.1 * rises)
    trail.add([(0.1, 0.1)])
    assert lmea_step(trail, 1.0).temperature == pytest.approx(1.1)
    assert lmea_step(trail, 1.95).temperature == 2.0


def test_code_of_a_problem_that_fails_at_a_point_makes_that_point_the_worst():
    call = black_box("p", SOURCE, 9).call
    assert call(np.array([0.2, -0.5])) == Value(0.2, 0.0)
    assert call(np.array([0.8, 0.3])).violation == pytest.approx((0.3 + 0.3) / 3)
    for x in ([0.95, 0.0], [0.0, -0.95]):
        assert call(np.array(x)).order == (float("inf"), float("inf"))


@pytest.mark.parametrize("source", ["lower = (", "import no_such_library", "lower = upper = [0.0]\n", "exit()"])
def test_code_that_is_no_problem_is_refused_in_a_line(source: str):
    with pytest.raises(TuningError, match="the code of problem p fails"):
        black_box("p", source, 9)


def test_answer_that_a_full_disk_does_not_take_is_one_line_and_those_before_it_are_kept(tmp_path: Path):
    path = tmp_path / "programs.parquet.calls"

    def kept(*completions: str) -> None:
        with open_journal(path, "{}") as journal:
            for number, completion in enumerate(completions):
                journal.add(Call("a", number), Answer(0, completion, "stop"))

    line = "calls cannot be written: File too large; run the same command again"
    with pytest.raises(TuningError, match=line), full_disk(1_000):
        kept("(0, 1)", "(0, 1) " * 1_000)
    with open_journal(path, "{}") as journal:
        assert list(journal.answers) == [Call("a", 0)]
