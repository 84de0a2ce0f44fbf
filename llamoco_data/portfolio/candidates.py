"""The candidates of the portfolio: its optimizers with each of their settings, and the programs that these are."""

import functools
import itertools
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from llamoco_data.identity import LlamocoError, Record, digest
from llamoco_data.portfolio.catalog import OPTIMIZER_BY_NAME, OPTIMIZERS
from llamoco_data.portfolio.optimizer import OptimizerFamily
from llamoco_data.portfolio.rendering import program_text
from llamoco_data.portfolio.settings import Setting
from llamoco_data.problems.own_spec import AnySpec


class Candidate(Record):
    """An optimizer with its settings."""

    optimizer: str
    settings: dict[str, Setting]

    @functools.cached_property
    def candidate_id(self) -> str:
        """Digest of the program text: a changed program is another candidate."""
        return digest(program_text(self.optimizer, self.settings))

    @property
    def family(self) -> OptimizerFamily:
        return OPTIMIZER_BY_NAME[self.optimizer].family


def no_optimizer(name: str, known: Iterable[str]) -> LlamocoError:
    """The error that there is no optimizer of a name, with the known names that are most like it."""
    near = ", ".join(get_close_matches(name.lower(), known)) or "see `llamoco-data portfolio`"
    return LlamocoError(f"there is no optimizer {name}; the nearest names: {near}")


def portfolio(optimizers: Sequence[str] = ()) -> tuple[Candidate, ...]:
    """Every candidate of the named optimizers, or of all, in the order of the catalogue.

    Raises:
        LlamocoError: no optimizer has one of the names, or a name was given instead of several.
    """
    if isinstance(optimizers, str):
        raise LlamocoError(f"optimizers: expected names, such as ({optimizers or 'slsqp'!r},), not one text")
    for name in optimizers:
        if name not in OPTIMIZER_BY_NAME:
            raise no_optimizer(name, OPTIMIZER_BY_NAME)
    chosen = [OPTIMIZER_BY_NAME[name] for name in optimizers] if optimizers else OPTIMIZERS
    return tuple(
        Candidate(optimizer=optimizer.name, settings=dict(zip(optimizer.grid, values, strict=True)))
        for optimizer in sorted(chosen, key=list(OPTIMIZER_BY_NAME.values()).index)
        for values in itertools.product(*optimizer.grid.values())
    )


def render(candidate: Candidate, spec: AnySpec) -> str:
    """The program text of a candidate for a problem: the text that is run and, to the byte, taught.

    Today's programs read dimension, budget and constraints from their arguments, so the text is the same for every
    problem; callers must not rely on that.

    Raises:
        LlamocoError: there is no such program, or its text does not define one of the settings.
    """
    del spec
    return program_text(candidate.optimizer, candidate.settings)
