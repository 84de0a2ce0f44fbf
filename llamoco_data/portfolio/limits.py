"""Where an optimizer does not apply, as data: part of what decides which runs a problem needs."""

from pydantic import Field

from llamoco_data.identity import Record
from llamoco_data.problems.own_spec import AnySpec


class Limits(Record):
    """What an optimizer can take; the defaults are no limits, but no constraints."""

    takes_constraints: bool = False
    needs_constraints: bool = False
    """Without constraints it would be another optimizer of the portfolio, or much slower than one."""
    follows_budget: bool = False
    """Its course depends on the whole budget, so what a run had found on its way says nothing of smaller budgets."""
    min_evaluations_per_dimension: float = Field(default=0.0, ge=0)
    max_evaluations: int | None = None
    max_dimension: int | None = None

    def declines(self, spec: AnySpec) -> str:
        """Why the optimizer does not apply to a problem, as the rest of a sentence about it; empty where it does."""
        if spec.num_constraints and not self.takes_constraints:
            return "takes no constraints"
        if self.needs_constraints and not spec.num_constraints:
            return "is made for problems with constraints"
        return self.exceeded(spec.dimension, spec.max_evaluations)

    def exceeded(self, dimension: int, max_evaluations: int) -> str:
        """Why the optimizer does not apply to any problem of a size, likewise."""
        if max_evaluations < self.min_evaluations_per_dimension * dimension:
            return f"needs at least {self.min_evaluations_per_dimension:g} evaluations a dimension"
        if self.max_evaluations is not None and max_evaluations > self.max_evaluations:
            return f"is made for at most {self.max_evaluations} evaluations"
        if self.max_dimension is not None and dimension > self.max_dimension:
            return f"is made for at most {self.max_dimension} variables"
        return ""


NO_LIMITS = Limits(takes_constraints=True)
"""Those of a program that is run on whatever it is asked for."""
