"""The lines of a long command where there is no terminal: each said once, and a time left that can be believed."""

import dataclasses
import io

import pytest
from rich.console import Console

from llamoco_data.cli import progress
from llamoco_data.cli.progress import progress_display
from llamoco_data.cli.text import pace
from llamoco_data.drive import DriveProgress, Pace
from llamoco_data.runs import RunRecord

pytestmark = pytest.mark.unit

NOTHING = DriveProgress(
    problems_done=0,
    problems_total=2,
    runs_done=0,
    runs_total=1_000,
    new_runs=0,
    new_evaluations=0,
    elapsed_s=0.0,
    runs_per_s=0.0,
    left_s=None,
    problems_unbegun=2,
    spent={},
)


def at(elapsed_s: float, new_runs: int, **fields: int) -> DriveProgress:
    """The progress of a command that has made so many runs."""
    counts = {"new_runs": new_runs, "runs_done": new_runs, **fields}
    return dataclasses.replace(NOTHING, elapsed_s=elapsed_s, left_s=3.0, **counts)


def lines(monkeypatch: pytest.MonkeyPatch, *moments: DriveProgress) -> list[str]:
    """What is printed of the moments, if enough time passes between them."""
    monkeypatch.setattr(progress, "PLAIN_EVERY_S", 0.0)
    out = io.StringIO()
    with progress_display(Console(file=out), quiet=False) as report:
        for moment in moments:
            report(moment)
    return out.getvalue().splitlines()


def test_starting_is_said_once(monkeypatch: pytest.MonkeyPatch):
    said = lines(monkeypatch, *(at(second, 0) for second in (0, 10, 20, 30)), at(40, 10))
    assert [line for line in said if line.startswith("starting workers")] == said[:1]
    assert said[1].startswith("0/2 problems, 10/1,000 runs")


def test_end_is_said_once(monkeypatch: pytest.MonkeyPatch):
    end = at(50, 1_000, problems_done=2)
    said = lines(monkeypatch, at(0, 0), at(40, 900), end, end)
    assert [line for line in said if line.startswith("2/2 problems")] == said[-1:]
    assert "left" not in said[-1]


@pytest.mark.parametrize(
    ("runs_per_s", "expected"), [(5.42, "5.4 runs/s"), (0.1, "0.1 runs/s"), (0.04, "2.4 runs/min"), (0.0, "0.0 runs/s")]
)
def test_slow_runs_are_counted_by_the_minute(runs_per_s: float, expected: str):
    assert pace(runs_per_s) == expected


def run_of(seed: int) -> RunRecord:
    return RunRecord(problem_id="p", candidate_id="c", seed=seed, max_evaluations=10, status="completed")


def test_time_left_does_not_count_the_start_of_the_workers():
    """Ten runs in the first 20 seconds, most of which went into libraries; then a hundred a second."""
    now = 0.0
    measured = Pace(clock=lambda: now)
    records = [run_of(seed) for seed in range(510)]
    assert measured.left_s(1_000) is None
    now = 20.0
    measured.add(records[:10])
    assert measured.left_s(990) is None
    now = 21.0
    measured.add(records[10:110])
    assert measured.left_s(890) is None, "a second tells little"
    now = 25.0
    measured.add(records[110:510])
    assert measured.left_s(490) == pytest.approx(4.9)
    assert measured.left_s(0) == 0.0
