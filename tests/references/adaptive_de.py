"""JADE and L-SHADE as their papers' pseudo code has them, written down anew: what minionpy's are compared with."""

import math

import numpy as np

from tests.references.trials import Solver, Trial


def current_to_pbest(
    population: np.ndarray, archive: np.ndarray, leaders: np.ndarray, f: np.ndarray, cr: np.ndarray, rng
) -> np.ndarray:
    """Trials of DE/current-to-pbest/1/bin with archive, for each row of the population in the unit cube.

    Mutation: Zhang & Sanderson (2009), eq. 7; what leaves the cube ends halfway between its parent and the wall.

    Args:
        leaders: rows of the best points, from which each trial's leader is drawn.
        f: scale factors, shape (N,).
        cr: crossover rates, shape (N,).
    """
    size, dim = population.shape
    everybody = np.vstack([population, archive])
    i = np.arange(size)
    r1 = (i + rng.integers(1, size, size)) % size
    r2 = rng.integers(len(everybody), size=size)
    while (taken := (r2 == i) | (r2 == r1)).any():
        r2[taken] = rng.integers(len(everybody), size=taken.sum())
    scale = f[:, None]
    mutants = population + scale * (population[rng.choice(leaders, size)] - population)
    mutants = mutants + scale * (population[r1] - everybody[r2])
    mutants = np.where(mutants < 0, population / 2, np.where(mutants > 1, (1 + population) / 2, mutants))
    crossed = rng.random((size, dim)) <= cr[:, None]
    crossed[i, rng.integers(dim, size=size)] = True
    return np.where(crossed, mutants, population)


def cauchy(location: np.ndarray, rng) -> np.ndarray:
    """Scale factors from Cauchy distributions of width 0.1: drawn again where not positive, and at most 1."""
    f = location + 0.1 * rng.standard_cauchy(len(location))
    while (again := f <= 0).any():
        f[again] = location[again] + 0.1 * rng.standard_cauchy(again.sum())
    return np.minimum(f, 1.0)


def shortened(archive: np.ndarray, length: int, rng) -> np.ndarray:
    """The archive after random points have been taken out of it."""
    return archive if len(archive) <= length else archive[rng.permutation(len(archive))[:length]]


def lehmer(values: np.ndarray, weights: np.ndarray) -> float:
    """Mean that leans towards the greater values: sum of w v^2 over sum of w v."""
    return float((weights * values**2).sum() / (weights * values).sum())


def jade(population_size: int, share: float = 0.05, rate: float = 0.1) -> Solver:
    """JADE with archive (Zhang & Sanderson, 2009, table I)."""

    def solve(objective: Trial, lower: np.ndarray, upper: np.ndarray, max_evaluations: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        population, archive = rng.random((population_size, len(lower))), np.empty((0, len(lower)))
        values = np.array([objective(lower + u * (upper - lower)) for u in population])
        mean_cr, mean_f = 0.5, 0.5
        while True:
            cr = np.clip(rng.normal(mean_cr, 0.1, population_size), 0.0, 1.0)
            f = cauchy(np.full(population_size, mean_f), rng)
            leaders = values.argsort()[: max(2, round(share * population_size))]
            trials = current_to_pbest(population, archive, leaders, f, cr, rng)
            new = np.array([objective(lower + u * (upper - lower)) for u in trials])
            won = new < values
            archive = shortened(np.vstack([archive, population[won]]), population_size, rng)
            population[won], values[won] = trials[won], new[won]
            if won.any():
                mean_cr = (1 - rate) * mean_cr + rate * cr[won].mean()
                mean_f = (1 - rate) * mean_f + rate * lehmer(f[won], np.ones(won.sum()))

    return solve


def lshade(
    population_per_dimension: int, archive_ratio: float = 2.6, memory_size: int = 6, share: float = 0.11
) -> Solver:
    """L-SHADE (Tanabe & Fukunaga, 2014, algorithms 1 and 2)."""

    def solve(objective: Trial, lower: np.ndarray, upper: np.ndarray, max_evaluations: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        first_size = size = population_per_dimension * len(lower)
        population, archive = rng.random((size, len(lower))), np.empty((0, len(lower)))
        values = np.array([objective(lower + u * (upper - lower)) for u in population])
        memory_cr, memory_f, slot, evaluations = np.full(memory_size, 0.5), np.full(memory_size, 0.5), 0, size
        while True:
            which = rng.integers(memory_size, size=size)
            terminal = np.isnan(memory_cr[which])
            cr = np.where(terminal, 0.0, np.clip(rng.normal(memory_cr[which], 0.1), 0.0, 1.0))
            f = cauchy(memory_f[which], rng)
            leaders = values.argsort()[: max(2, round(share * size))]
            trials = current_to_pbest(population, archive, leaders, f, cr, rng)
            new = np.array([objective(lower + u * (upper - lower)) for u in trials])
            evaluations += size
            won, kept = new < values, new <= values
            if won.any():
                weights = (values - new)[won]
                memory_f[slot] = lehmer(f[won], weights)
                ended = math.isnan(memory_cr[slot]) or cr[won].max() == 0
                memory_cr[slot] = math.nan if ended else lehmer(cr[won], weights)
                slot = (slot + 1) % memory_size
            archive = np.vstack([archive, population[won]])
            population[kept], values[kept] = trials[kept], new[kept]
            size = max(4, round(first_size + (4 - first_size) * evaluations / max_evaluations))
            survivors = values.argsort()[:size]
            population, values = population[survivors], values[survivors]
            archive = shortened(archive, round(archive_ratio * size), rng)

    return solve
