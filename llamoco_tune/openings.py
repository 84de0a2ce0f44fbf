"""The openings of answers: the first tokens, which tell an answer's optimizer from all others.

They are kept beside a model's weights, so that it chooses without any data. A model without them writes as it likes.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from llamoco_tune.named import place_of
from llamoco_tune.records import Record, TuningError

OPENINGS_FILE = "openings.json"
OPENINGS_VERSION = 1


class Openings(Record):
    """The opening of each optimizer's answers; none begins with another."""

    version: int = Field(default=OPENINGS_VERSION, ge=1, le=OPENINGS_VERSION)
    by_optimizer: dict[str, list[int]] = Field(min_length=2)
    """Tokens of each optimizer's opening."""
    lines: dict[str, list[int]] = Field(default_factory=dict[str, list[int]])
    """Tokens of each optimizer's opening and of the rest of its line, as far as all its answers share it."""

    @property
    def optimizers(self) -> tuple[str, ...]:
        """Names of the optimizers, sorted: axis K of every distribution."""
        return tuple(sorted(self.by_optimizer))

    def begun(self, optimizer: str) -> tuple[int, ...]:
        """The tokens that an answer begins with once its optimizer is chosen; the model writes what follows."""
        return tuple(self.lines.get(optimizer) or self.by_optimizer[optimizer])

    @model_validator(mode="after")
    def _check(self) -> "Openings":
        for name, line in self.lines.items():
            opening = self.by_optimizer.get(name)
            if opening is None or line[: len(opening)] != opening:
                raise ValueError(f"lines: that of {name} does not begin with its opening")
        return self


def openings_of(answers: Mapping[str, Sequence[Sequence[int]]]) -> Openings:
    """The openings of optimizers: of each the shortest beginning that all its answers share and no other's has.

    Args:
        answers: tokens of the different answers of each optimizer.

    Raises:
        TuningError: there is one optimizer alone, or the answers of an optimizer do not tell it from another one.
    """
    if len(answers) < 2:
        raise TuningError(
            f"the training rows name {len(answers)} optimizer, so there is nothing to choose; export more problems, or "
            "teach with --choice none"
        )
    others = {name: {tuple(each) for each in texts} for name, texts in answers.items()}
    found: dict[str, list[int]] = {}
    for name, texts in answers.items():
        shared = _shared(texts)
        rivals = [tokens for other, each in others.items() if other != name for tokens in each]
        length = next(
            (
                end
                for end in range(1, len(shared) + 1)
                if not any(tokens[:end] == tuple(shared[:end]) for tokens in rivals)
            ),
            None,
        )
        if length is None:
            raise TuningError(
                f"the answers of {name!r} begin like those of another optimizer, so a choice cannot be read from their "
                "first words; teach with --choice none"
            )
        found[name] = [int(token) for token in shared[:length]]
    return Openings(by_optimizer=found)


def with_lines(
    openings: Openings, answers: Mapping[str, Sequence[Sequence[int]]], has_newline: Callable[[int], bool]
) -> Openings:
    """The openings with the rest of the lines in which they end.

    Such a line names the optimizer, its sources and its library. A small model that has chosen one of two optimizers
    with nearly equal lines may go on with the other's.

    Args:
        answers: see `openings_of`.
        has_newline: whether a token's text ends a line; the token itself is left to the model.
    """
    lines: dict[str, list[int]] = {}
    for name, opening in openings.by_optimizer.items():
        shared = _shared(answers[name])
        end = next((i for i in range(len(opening), len(shared)) if has_newline(shared[i])), len(opening))
        lines[name] = [int(token) for token in shared[:end]]
    return openings.model_copy(update={"lines": lines})


def targets_of(
    scores: Sequence[Mapping[str, float]], optimizers: Sequence[str], *, tau: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Soft targets and scores of rows, both (N, K): softmax(score / tau) over the optimizers that a row names.

    An optimizer that is not in a row has neither mass nor score there: it does not apply, or was left out as hopeless.
    The targets of a row that names none are all 0.
    """
    places = {name: k for k, name in enumerate(optimizers)}
    score_NK = np.full((len(scores), len(optimizers)), -np.inf)
    for i, row in enumerate(scores):
        for name, score in row.items():
            if name in places:
                score_NK[i, places[name]] = score
    best_N1 = np.max(score_NK, axis=1, keepdims=True, initial=-1e9)
    mass_NK = np.exp((score_NK - best_N1) / tau)
    target_NK = mass_NK / np.maximum(mass_NK.sum(1, keepdims=True), 1e-12)
    return target_NK.astype(np.float32), np.where(np.isfinite(score_NK), score_NK, 0.0).astype(np.float32)


def write_openings(folder: Path, openings: Openings) -> None:
    """Writes the openings beside a model's weights."""
    (folder / OPENINGS_FILE).write_text(openings.to_json(indent=1) + "\n", encoding="utf-8")


def read_openings(model: str) -> Openings | None:
    """The openings of a model in a folder; None if it has none, as any model that was not taught to choose.

    Raises:
        TuningError: they cannot be read.
    """
    file = Path(place_of(model)) / OPENINGS_FILE
    if not file.is_file():
        return None
    try:
        return Openings.from_json(file.read_bytes())
    except ValidationError:
        raise TuningError(
            f"{file} is damaged, or of a later release; copy the model again, or remove the file to let the model "
            "write without choosing first"
        ) from None


def _shared(texts: Sequence[Sequence[int]]) -> Sequence[int]:
    """The longest beginning that all sequences have."""
    first, last = min(map(tuple, texts)), max(map(tuple, texts))
    same = next((i for i, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None)
    return first[: min(len(first), len(last)) if same is None else same]
