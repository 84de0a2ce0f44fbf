# scikit-learn comes without types.
# pyright: reportUnknownParameterType=false
"""What a model on a server is told before a prompt: a system message, a hint, and training rows as examples."""

import random
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from llamoco_tune.endpoint import Message
from llamoco_tune.instructions import TRAINING_SPLIT, Example
from llamoco_tune.records import Record, TuningError

HINT = (
    "Do not take SLSQP by default. Look at the functions, the number of variables, the constraints and the budget of "
    "this problem, and choose the optimizer that suits them best."
)
"""Models that were not tuned take SLSQP for nearly every problem."""


class SettingConfig(Record):
    """What is said before each prompt."""

    system: str = ""
    """Text of the system message; empty for none."""
    is_hinting: bool = False
    """Whether `HINT` ends the system message."""
    shots: int = Field(default=0, ge=0)
    """Number of training rows that stand before the prompt as examples."""
    shots_by: Literal["random", "nearest"] = "random"
    """How these rows are chosen for a prompt."""

    @property
    def system_message(self) -> str:
        """The whole text of the system message; empty for none."""
        return "\n\n".join(filter(None, (self.system, HINT * self.is_hinting)))

    def facts(self, seed: int) -> dict[str, str | int]:
        """What decides the answers, for the column `settings`: only what is not as by default.

        Args:
            seed: seed by which random examples are drawn.
        """
        given: dict[str, str | int] = {"system": self.system_message} if self.system_message else {}
        if not self.shots:
            return given
        drawn = {"shots_seed": seed} if self.shots_by == "random" else {}
        return {**given, "shots": self.shots, "shots_by": self.shots_by, **drawn}


def messages_before(
    asked: Sequence[Example], training: Sequence[Example], config: SettingConfig, seed: int
) -> list[list[Message]]:
    """The messages before each prompt: the system message, and examples as if the model had answered them.

    Args:
        training: the rows that examples are chosen from: of the same form as the prompt, one of a problem, and never of
            the problem that is asked about.

    Raises:
        TuningError: there are too few training problems for the examples.
    """
    system = [Message("system", config.system_message)] if config.system_message else []
    chosen = _random(asked, training, config.shots, seed) if config.shots_by == "random" else None
    if chosen is None:
        chosen = _nearest(asked, training, config.shots)
    return [[*system, *(message for row in rows for message in _example(row))] for rows in chosen]


def _example(row: Example) -> tuple[Message, Message]:
    return Message("user", row.prompt), Message("assistant", f"```python\n{row.answer}```")


def _random(asked: Sequence[Example], training: Sequence[Example], count: int, seed: int) -> list[list[Example]]:
    """Rows drawn for each prompt, decided by its id and the seed."""
    chosen: list[list[Example]] = []
    for example in asked:
        stream = random.Random(f"{seed}/{example.instruction_id}")
        order = range(len(training))
        chosen.append(_first_of((training[place] for place in stream.sample(order, len(order))), example, count))
    return chosen


def _nearest(asked: Sequence[Example], training: Sequence[Example], count: int) -> list[list[Example]]:
    """The rows whose prompts are most like each prompt, by the cosine of TF-IDF; the most similar one last."""
    if not count:
        return [[] for _ in asked]
    if not training:
        raise TuningError(_too_few(0, count))
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - slow to import
    from sklearn.metrics.pairwise import linear_kernel  # noqa: PLC0415

    vectors = TfidfVectorizer(ngram_range=(1, 2))
    theirs = vectors.fit_transform([row.prompt for row in training])
    chosen: list[list[Example]] = []
    for example in asked:
        similar = linear_kernel(vectors.transform([example.prompt]), theirs).ravel()
        nearest = (training[place] for place in (-similar).argsort(kind="stable"))
        chosen.append(_first_of(nearest, example, count)[::-1])
    return chosen


def _first_of(rows: Iterable[Example], asked: Example, count: int) -> list[Example]:
    """The first rows that may stand before a prompt.

    Raises:
        TuningError: they are too few.
    """
    found: dict[str, Example] = {}
    for row in rows:
        if len(found) == count:
            break
        if row.form == asked.form and row.base_problem_id != asked.base_problem_id:
            found.setdefault(row.base_problem_id, row)
    if len(found) < count:
        raise TuningError(_too_few(len(found), count))
    return list(found.values())


def _too_few(there: int, count: int) -> str:
    return f"split {TRAINING_SPLIT} has rows of {there} other problems for {count} examples; give fewer --shots"
