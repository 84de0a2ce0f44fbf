"""What a trial came to, in words: the rows that the terminal and the page show alike."""

from collections import Counter
from statistics import fmean

from llamoco_data.plurals import counted
from llamoco_data.report.wording import core_time
from llamoco_data.runs import MEASURED
from llamoco_data.trying.running import Point, Trial, Tried

HEAD = ("program", "feasible", "best", "median", "evaluations", "time a run")


def result_rows(tried: Tried) -> list[tuple[str, str]]:
    """What is known of the problem and of the program's results, as names and values."""
    spec, subject = tried.spec, tried.subject
    kinds = [(spec.num_inequality, "g <= 0"), (spec.num_equality, "h = 0")]
    constraints = ", ".join(f"{number} {kind}" for number, kind in kinds if number) or "no constraints"
    place = [trial.name for trial in tried.trials].index(subject.name) + 1
    return [
        ("problem", f"{counted(spec.dimension, 'variable')}, {constraints}, {spec.max_evaluations:,} evaluations"),
        ("runs", f"{counted(len(subject.records), 'run')}, confined: {tried.tier}"),
        ("result", _result(subject)),
        ("feasible", _feasible(subject)),
        *(("violated", _violated(name, value)) for name, value in (subject.best.violated if subject.best else ())),
        ("place", f"{place} of {counted(len(tried.trials), 'program')}"),
    ]


def trial_row(trial: Trial) -> tuple[str, ...]:
    """The cells of a program, under `HEAD`."""
    evaluations = fmean(run.evaluations for run in trial.records)
    time = core_time(fmean(run.cpu_s for run in trial.records) / 3600)
    best = f"{trial.feasible[0]:.6g}" if trial.feasible else "-"
    median = "-" if trial.median_f is None else f"{trial.median_f:.6g}"
    return trial.name, f"{len(trial.feasible)}/{len(trial.records)}", best, median, f"{evaluations:,.0f}", time


def endings(trial: Trial) -> list[str]:
    """A line for each way in which runs failed."""
    failed = Counter((run.status, run.detail) for run in trial.records if run.status not in MEASURED)
    return [f"{counted(number, 'run')} {status}: {detail}" for (status, detail), number in failed.items()]


def point_text(point: Point | None) -> str:
    """All coordinates of a point with all their digits, as Python: it is the solution, and to be copied."""
    return "" if point is None else str([float(value) for value in point.x])


def _result(trial: Trial) -> str:
    if trial.best is None:
        return "none: no run evaluated a point of the box with finite values and ended well"
    if not trial.feasible:
        return f"no feasible point; objective {trial.best.f:.6g} at the point that violates least"
    return f"best {trial.feasible[0]:.6g}, worst {trial.feasible[-1]:.6g}"


def _feasible(trial: Trial) -> str:
    return f"{len(trial.feasible)} of {counted(len(trial.records), 'run')}"


def _violated(name: str, value: float) -> str:
    return f"{name} = {value:.3g}, to be {'at most 0' if name.startswith('g') else '0'}"
