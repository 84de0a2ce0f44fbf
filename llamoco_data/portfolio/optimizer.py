"""One optimizer of the portfolio: what it is, which settings are tried, and where it does not apply."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from llamoco_data.portfolio.limits import Limits
from llamoco_data.portfolio.settings import Setting
from llamoco_data.problems.own_spec import AnySpec

OptimizerFamily = Literal[
    "genetic algorithm",
    "differential evolution",
    "particle swarm",
    "evolution strategy",
    "bayesian optimization",
    "local search",
    "numerical optimization",
    "hybrid",
    "baseline",
]
"""The seven families of Ma et al. (arXiv 2403.01131); chained optimizers: a global search, then local searches around
its best point; and the floor for every winner."""


@dataclass(frozen=True, slots=True)
class Optimizer:
    """One optimizer of the portfolio."""

    name: str
    """Its program file, without the ending."""
    title: str
    family: OptimizerFamily
    library: str
    """Package that implements the method, or `numpy` where the program spells it out."""
    grid: Mapping[str, tuple[Setting, ...]] = field(default_factory=dict)
    """Values to try for each named constant of the program, with a candidate for each combination.

    The first values, which did best on problems set aside, represent the optimizer at the beginning of a race.
    """
    takes_constraints: bool = False
    needs_constraints: bool = False
    """Whether it only applies to constrained problems.

    On others it would be the same as another optimizer of the portfolio, or much slower than one.
    """
    follows_budget: bool = False
    """Whether its course depends on the whole budget: a schedule, a share for each phase, a shrinking population."""
    min_evaluations_per_dimension: float = 0.0
    """Least budget divided by D with which the method can work."""
    max_evaluations: int | None = None
    """Largest budget that the method is made for; beyond it, it takes too much time."""
    max_dimension: int | None = None
    max_free_dimension: int | None = None
    """Largest number of variables of a problem without constraints."""
    cost_us: float = 10.0
    """Processor microseconds an evaluation beyond the objective, at D = 10, for estimates before any measurement."""

    def declines(self, spec: AnySpec) -> str:
        """Why the optimizer does not apply to a problem; empty where it does."""
        reason = self.limits.declines(spec)
        return f"{self.title} {reason}" if reason else ""

    @property
    def limits(self) -> Limits:
        return Limits(
            takes_constraints=self.takes_constraints,
            needs_constraints=self.needs_constraints,
            follows_budget=self.follows_budget,
            min_evaluations_per_dimension=self.min_evaluations_per_dimension,
            max_evaluations=self.max_evaluations,
            max_dimension=self.max_dimension,
            max_free_dimension=self.max_free_dimension,
        )
