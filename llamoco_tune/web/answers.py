"""What a visitor gets for a problem: the model's choice and its programs, as plain data for the page."""

from pydantic import Field

from llamoco_tune.asking.answering import Asked, asked
from llamoco_tune.asking.problem import Form, Stated, stated
from llamoco_tune.records import Record, TuningError
from llamoco_tune.web.config import MOST_CHARACTERS, MOST_PROGRAMS, WebConfig
from llamoco_tune.web.highlighting import coloured

NAME = "the problem"
"""What messages call the text of a visitor."""


class BusyError(TuningError):
    """Too many visitors at once."""


class Question(Record):
    """What a visitor asks."""

    problem: str
    programs: int = Field(default=1, ge=1, le=MOST_PROGRAMS)
    """Number of programs, each of another optimizer."""


class Considered(Record):
    """An optimizer of the answer."""

    optimizer: str
    probability: float | None
    program: str
    """Empty where none was written."""
    pieces: tuple[tuple[str, str], ...]
    """The program in pieces: the class of a piece, and its text."""


class Answer(Record):
    """What the page shows for a problem."""

    form: Form
    dimension: int | None
    max_evaluations: int
    is_constrained: bool
    considered: tuple[Considered, ...]
    """First those with programs, then the others, the likeliest first."""
    share: float | None
    """Share of choices as likely, in validation, that scored within 0.02 of the best."""
    num_choices: int
    """Number of those choices."""
    warnings: tuple[str, ...]


def answer(question: Question, config: WebConfig) -> Answer:
    """The model's answer. It takes a second or two of one core for the model of the package; nothing is executed.

    Raises:
        TuningError: the text is no problem, or the model gives no program.
    """
    problem = read(question.problem)
    found = asked(
        problem, model=config.model, endpoint=config.endpoint, top=question.programs, wordings=config.wordings
    )
    return _shown(problem, found)


def read(text: str) -> Stated:
    """The problem in a visitor's text.

    Raises:
        TuningError: it is none, or too long.
    """
    if len(text) > MOST_CHARACTERS:
        raise TuningError(
            f"{NAME} has {len(text):,} characters, and a prompt holds {MOST_CHARACTERS:,}; state it more briefly"
        )
    if not text.strip():
        raise TuningError("there is no problem yet; paste one, open a file, or take an example")
    return stated(text, NAME)


def _shown(problem: Stated, found: Asked) -> Answer:
    return Answer(
        form=problem.form,
        dimension=problem.dimension,
        max_evaluations=problem.max_evaluations,
        is_constrained=problem.is_constrained,
        considered=tuple(
            Considered(
                optimizer=each.optimizer,
                probability=each.probability,
                program=each.program,
                pieces=tuple(coloured(each.program)) if each.program else (),
            )
            for each in found.alternatives
        ),
        share=found.worth.share if found.worth else None,
        num_choices=found.worth.num_choices if found.worth else 0,
        warnings=found.warnings,
    )
