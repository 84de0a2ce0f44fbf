"""What is kept beside a model for asking it: the requests it was taught with, what it has seen, how often it was right.

`calibrate` makes it of an instruction set, so that one problem can be asked about without any set.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from llamoco_tune.named import READY, place_of
from llamoco_tune.records import Record, TuningError
from llamoco_tune.written import check_writable, in_one_step, writing

GUIDE_FILE = "guide.json"
GUIDE_VERSION = 1
CLOSE = 0.02
"""Score below the best within which a choice counts as close to it, as in the confidence of a label."""


class Request(Record):
    """A request for a program as the training rows word it, without the problem that stands below it."""

    text: str
    """Text with {budget} or {budget:,}, and, in most, {dimension}."""
    is_constrained: bool
    """Whether it is for problems with constraints: it then says what feasible means."""


class Seen(Record):
    """The problems of one form that a model was taught with."""

    tokens_per_character: float = Field(gt=0)
    """Tokens of a problem's text over its characters, which 99 of 100 validation problems do not exceed."""
    most_tokens: int = Field(ge=1)
    """Tokens of the longest problem of the training split."""


class Worth(Record):
    """How often the first choice was close to the best, on validation problems with a probability like this one's."""

    least_probability: float = Field(ge=0, le=1)
    """Smallest probability of a first choice that is counted here."""
    share: float = Field(ge=0, le=1)
    """Share of first choices whose score is within `CLOSE` of the best optimizer's."""
    num_choices: int = Field(ge=1)


class Guide(Record):
    """What is known of a model for asking it."""

    version: int = Field(default=GUIDE_VERSION, ge=1, le=GUIDE_VERSION)
    model: str
    """Digest of the model for which it was made."""
    requests: tuple[Request, ...] = Field(min_length=1)
    """Requests of both kinds, in the order in which they are taken."""
    seen: Mapping[str, Seen]
    """By form: `python`, `latex`."""
    dimensions: tuple[int, int]
    """Smallest and largest number of variables of the training problems."""
    budgets: tuple[int, int]
    """Smallest and largest number of evaluations of the training problems."""
    wordings: int = Field(ge=1)
    """Number of requests over which the choices were averaged whose worth is given."""
    worth: tuple[Worth, ...]
    """By rising probability of the first choice; empty for a model that does not choose."""

    def worth_of(self, probability: float) -> Worth | None:
        """The worth of a first choice of some probability; None for a model that does not choose."""
        reached = [each for each in self.worth if each.least_probability <= probability]
        return reached[-1] if reached else next(iter(self.worth), None)


def check_guide_can_be_written(folder: Path) -> None:
    """Checks that a guide can be written beside a model's weights, before it is made.

    Raises:
        TuningError: it cannot.
    """
    check_writable(folder / GUIDE_FILE, _ELSEWHERE)


def check_may_be_replaced(model: str) -> None:
    """Checks that a guide would replace none, and be none of the package's.

    Raises:
        TuningError: the model has a guide, or is the package's, under whatever name.
    """
    folder = Path(place_of(model))
    if folder.resolve() == Path(place_of(READY)).resolve():
        raise TuningError(
            f"{model} is the model of the package, whose guide `ask` uses; calibrate a copy of the folder {folder}, "
            "or say --replace"
        )
    if (folder / GUIDE_FILE).exists():
        raise TuningError(f"{folder / GUIDE_FILE} is there already; say --replace to write it again")


def write_guide(folder: Path, guide: Guide) -> None:
    """Writes the guide beside a model's weights, whole or not at all.

    Raises:
        TuningError: the folder cannot be written.
    """
    file = folder / GUIDE_FILE
    with writing(file, _ELSEWHERE), in_one_step(file) as part:
        part.write_text(guide.to_json(indent=1) + "\n", encoding="utf-8")


_ELSEWHERE = "calibrate a copy of the model, in a folder of your own"


def read_guide(model: str) -> Guide | None:
    """The guide of a model in a folder; None if it has none.

    Raises:
        TuningError: it cannot be read.
    """
    file = Path(place_of(model)) / GUIDE_FILE
    if not file.is_file():
        return None
    try:
        return Guide.from_json(file.read_bytes())
    except ValidationError:
        raise TuningError(
            f"{file} is damaged, or of a later release; make it again with llamoco-tune calibrate --replace, "
            "or remove it"
        ) from None


def guide_of_package() -> Guide:
    """The guide of `ready`, whose requests serve for models that have none of their own."""
    guide = read_guide(READY)
    assert guide is not None, "the package holds it"
    return guide
