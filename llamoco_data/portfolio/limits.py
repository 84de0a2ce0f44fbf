"""The limits within which an optimizer applies, as data: part of what decides which runs a problem needs."""

from pydantic import Field

from llamoco_data.identity import Record
from llamoco_data.problems.own_spec import AnySpec


class Limits(Record):
    """The problems that an optimizer applies to: by default those of any size without constraints."""

    takes_constraints: bool = False
    needs_constraints: bool = False
    """Whether it only applies to constrained problems."""
    follows_budget: bool = False
    """Whether its course depends on the whole budget, so that its traces say nothing about smaller budgets."""
    min_evaluations_per_dimension: float = Field(default=0.0, ge=0)
    max_evaluations: int | None = None
    max_dimension: int | None = None
    max_free_dimension: int | None = None
    """Largest number of variables of a problem without constraints."""

    def declines(self, spec: AnySpec) -> str:
        """Why the optimizer does not apply to a problem, as the rest of a sentence about it; empty where it does."""
        if spec.num_constraints and not self.takes_constraints:
            return "takes no constraints"
        if self.needs_constraints and not spec.num_constraints:
            return "is made for problems with constraints"
        return self.exceeded(spec.dimension, spec.max_evaluations, constrained=bool(spec.num_constraints))

    def exceeded(self, dimension: int, max_evaluations: int, *, constrained: bool) -> str:
        """Why the optimizer does not apply to problems of a size, as the rest of a sentence; empty where it does."""
        if max_evaluations < self.min_evaluations_per_dimension * dimension:
            return f"needs at least {self.min_evaluations_per_dimension:g} evaluations a dimension"
        if self.max_evaluations is not None and max_evaluations > self.max_evaluations:
            return f"is made for at most {self.max_evaluations} evaluations"
        if self.max_dimension is not None and dimension > self.max_dimension:
            return f"is made for at most {self.max_dimension} variables"
        if not constrained and self.max_free_dimension is not None and dimension > self.max_free_dimension:
            return f"is made for at most {self.max_free_dimension} variables where nothing is constrained"
        return ""


NO_LIMITS = Limits(takes_constraints=True)
"""Limits of a program that is run on every problem."""
