"""A user's own problem as data: the text that defines it, and what follows from that text.

A spec of this kind is made by `checking.own_problem`, which executes the text; reading one back executes nothing.
"""

from functools import cached_property
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter, model_validator

from llamoco_data.identity import Record, digest
from llamoco_data.problems import source
from llamoco_data.problems.spec import ProblemSpec

NAME = r"^[A-Za-z0-9_-]*$"
"""Pattern of the names that a problem may have."""


class OwnProblemSpec(Record):
    """A problem that a person wrote as Python; equal texts are the same problem, and its id is the digest of the text.

    All fields but `name` follow from the text.

    Raises:
        pydantic.ValidationError: a length does not fit the rest.
    """

    kind: Literal["own"] = "own"
    name: str = Field(default="", pattern=NAME)
    """Name of the file that it came from, without the ending; not part of its id."""
    source: str
    """Python that defines objective, lower, upper, max_evaluations and, where there are any, constraints."""
    dimension: int = Field(ge=2)
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    max_evaluations: int = Field(ge=1)
    num_inequality: int = Field(default=0, ge=0)
    num_equality: int = Field(default=0, ge=0)
    feasible_point: tuple[float, ...] = ()
    """A point that satisfies every constraint, where the text names one."""
    feasible_share: float = Field(default=1.0, ge=0, le=1)
    """Estimated share of the box that satisfies every constraint."""

    @staticmethod
    def id_of(text: str) -> str:
        """The problem_id of a text."""
        return digest(["own", text])

    @cached_property
    def problem_id(self) -> str:
        """Digest of the text."""
        return self.id_of(self.source)

    @property
    def num_constraints(self) -> int:
        return self.num_inequality + self.num_equality

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of its basic functions: always empty, because none are known."""
        return ()

    @cached_property
    def function_id(self) -> str:
        """Digest of the text without its budget: files that differ in nothing else have the same.

        Where the budget stands elsewhere in the text too, the function may depend on it, and this is the problem_id.
        """
        try:
            return self.id_of(source.with_budget(self.source, 1))
        except ValueError:
            return self.problem_id

    def with_budget(self, max_evaluations: int) -> "OwnProblemSpec":
        """The same problem with another evaluation budget, in its text too."""
        text = source.with_budget(self.source, max_evaluations)
        return self.model_copy(update={"max_evaluations": max_evaluations, "source": text})

    @model_validator(mode="after")
    def _check(self) -> "OwnProblemSpec":
        if len(self.lower) != self.dimension or len(self.upper) != self.dimension:
            raise ValueError(f"lower, upper: expected {self.dimension} numbers each")
        if any(not low < high for low, high in zip(self.lower, self.upper, strict=True)):
            raise ValueError("lower, upper: a lower bound is not below its upper bound")
        if self.feasible_point and len(self.feasible_point) != self.dimension:
            raise ValueError(f"feasible_point: expected {self.dimension} numbers or none")
        return self


AnySpec: TypeAlias = ProblemSpec | OwnProblemSpec
"""A problem of either kind."""


def function_of(spec: AnySpec) -> str:
    """What a problem has in common with the same function at other budgets; every drawn problem is of its own."""
    return spec.function_id if isinstance(spec, OwnProblemSpec) else spec.problem_id


_EITHER: TypeAdapter[AnySpec] = TypeAdapter(Annotated[AnySpec, Field(discriminator="kind")])


def read_spec(text: str | bytes) -> AnySpec:
    """The problem, of either kind, written by `to_json`; no text is executed.

    Raises:
        pydantic.ValidationError: a field is missing, unknown or of another type.
    """
    return _EITHER.validate_json(text)
