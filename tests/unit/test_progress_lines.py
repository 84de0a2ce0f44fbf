"""The lines of a long command where there is no terminal: each said once, and a time left that can be believed."""

import dataclasses
import io

import pytest
from rich.console import Console

from llamoco_data.campaign import Snapshot
from llamoco_data.cli import progress
from llamoco_data.cli.progress import progress_display

pytestmark = pytest.mark.unit

NOTHING = Snapshot(
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


def at(elapsed_s: float, new_runs: int, **fields: int) -> Snapshot:
    """A moment of a command that has made so many runs; its rate counts from the beginning, as that of a driver."""
    rate = new_runs / max(elapsed_s, 1e-9)
    left_s = (1_000 - new_runs) / rate if rate else None
    counts = {"new_runs": new_runs, "runs_done": new_runs, "runs_per_s": rate, "left_s": left_s, **fields}
    return dataclasses.replace(NOTHING, elapsed_s=elapsed_s, **counts)


def lines(monkeypatch: pytest.MonkeyPatch, *moments: Snapshot) -> list[str]:
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


def test_time_left_does_not_count_the_start_of_the_workers(monkeypatch: pytest.MonkeyPatch):
    """Ten runs in the first 20 seconds, most of which went into libraries; then a hundred a second."""
    said = lines(monkeypatch, at(0, 0), at(20, 10), at(21, 110), at(25, 510))
    assert "left" not in said[1]
    assert "left" not in said[2], "a second tells little"
    assert said[3].endswith(" 5 s left")
