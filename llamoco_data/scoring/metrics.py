"""Metrics of anytime performance: area over the convergence curve, running time to targets, attainment. Pure functions.

Formulas and sources are in docs/scoring.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llamoco_data.ordering import Yardstick
from llamoco_data.runs import MEASURED, RunRecord

LEAST_ERROR, MOST_ERROR = 1e-8, 1e2
"""Errors between which convergence is measured, on a log scale."""
TARGETS = (1.0, 1e-4, 1e-8)
"""Errors to which the expected running time is given."""
ATTAINMENT_TARGETS: NDArray[np.float64] = np.logspace(2, -8, 51)
"""Errors of the attainment curve: five a decade, from the easiest."""


@dataclass(frozen=True, slots=True)
class Convergence:
    """The error of the best point so far at the checkpoints of a run; it holds until the next one."""

    checkpoints: NDArray[np.float64]
    """Numbers of evaluations, rising, shape (K,); none of a run that failed."""
    errors: NDArray[np.float64]
    """Error at each, shape (K,); 0 within the tolerance, infinite while no point is feasible."""
    budget: int


def convergence(run: RunRecord, measured_by: Yardstick) -> Convergence:
    """The convergence of one run, as its trace has it: ten checkpoints a decade and the end."""
    trace = run.trace if run.status in MEASURED and measured_by.best_known is not None else ()
    table_K3 = np.array(trace, dtype=np.float64).reshape(-1, 3)
    error_K = table_K3[:, 1] - (measured_by.best_known or 0.0)
    error_K = np.where(error_K <= measured_by.tolerance, 0.0, error_K)
    return Convergence(table_K3[:, 0], np.where(table_K3[:, 2] > 0, np.inf, error_K), run.max_evaluations)


def aocc(curve: Convergence) -> float:
    """The area over the convergence curve: the mean over all evaluations of the budget of 1 - (log10 e + 8) / 10.

    The error e is cut off at 1e-8 and 1e2, so the area is between 0 and 1 (van Stein and Bäck, 2025).
    """
    low, high = np.log10(LEAST_ERROR), np.log10(MOST_ERROR)
    cut_K = np.clip(curve.errors, LEAST_ERROR, MOST_ERROR)
    height_K = (high - np.log10(cut_K)) / (high - low)
    width_K = np.diff(curve.checkpoints, append=curve.budget + 1)
    return float(height_K @ width_K) / curve.budget


def first_hit(curve: Convergence, target: float) -> float:
    """Evaluations until the error is at most the target, up to the next checkpoint; infinite if it never is."""
    hits = curve.checkpoints[curve.errors <= target]
    return float(hits[0]) if len(hits) else float("inf")


def solved(curve: Convergence) -> bool:
    """Whether the run ended within the tolerance."""
    return bool(len(curve.errors)) and bool(curve.errors[-1] == 0)


def spent(hits: Sequence[float], budget: int) -> tuple[float, float]:
    """Mean share of the budget that runs spend until they hit a target, and the share that hit it.

    A run without a hit spends the whole budget, even if it ended before.
    """
    hits_R = np.array(hits)
    reached_R = np.isfinite(hits_R)
    return float(np.where(reached_R, hits_R, budget).mean() / budget), float(reached_R.mean())


def expected_running_time(spent_N: NDArray[np.float64], reached_N: NDArray[np.float64]) -> float | None:
    """Evaluations spent by all runs, over the number of runs that hit the target (Hansen et al., 2021).

    None if none did.

    Args:
        spent_N: mean evaluations of the runs on each problem, until the target or the end, in budgets.
        reached_N: share of the runs on each problem that hit the target.
    """
    return float(spent_N.mean() / reached_N.mean()) if reached_N.any() else None


def attained(hits_MT: NDArray[np.float64], at_X: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of pairs of run and target that are hit by each time: the empirical distribution of running times.

    Args:
        hits_MT: running times of runs (M) to targets (T), infinite where a target was missed.
        at_X: times, in the same unit.
    """
    ordered = np.sort(hits_MT, axis=None)
    return np.searchsorted(ordered, at_X, side="right") / max(1, hits_MT.size)


def performance_profile(times_PS: NDArray[np.float64], factors_X: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of problems on which each solver is within a factor of the fastest (Dolan and Moré, 2002).

    Args:
        times_PS: times of the solvers (S) on the problems (P), infinite where a solver failed; a problem on which all
            fail counts for none.

    Returns:
        Shares of shape (solvers, factors).
    """
    best_P1 = times_PS.min(axis=1, keepdims=True)
    ratio_PS = np.divide(times_PS, best_P1, out=np.full(times_PS.shape, np.inf), where=np.isfinite(best_P1))
    return (ratio_PS.T[:, :, None] <= factors_X).mean(axis=1)
