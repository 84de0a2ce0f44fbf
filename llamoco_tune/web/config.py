"""What decides how the page is served, and the limits that every visitor has."""

from pydantic import Field

from llamoco_tune.named import READY
from llamoco_tune.records import Record

MOST_CHARACTERS = 20_000
"""Longest problem, as for `llamoco-data try`."""
MOST_BYTES = 200_000
"""Largest request: a problem and a program in UTF-8."""
MOST_PROGRAMS = 5
"""Programs that are written for one question at most."""
MOST_SEEDS = 10
"""Runs of each program at most."""
MOST_WAITING = 4
"""Visitors that wait for a run, or for an answer, at most; more are sent away."""


class WebConfig(Record):
    """How the page is served."""

    host: str
    port: int = Field(ge=0, le=65535)
    """Port; 0 for one that is free."""
    model: str = READY
    endpoint: str | None = None
    """URL of an OpenAI-compatible server that has the model."""
    wordings: int = Field(ge=1)
    """Requests over which a choice is averaged."""
    run_limit_s: float = Field(gt=0)
    """Time of one trial: of all runs of the program and of those beside it, the check of the problem included."""
    runs_at_once: int = Field(ge=1)
    """Trials at once; others wait."""
    confinement: str = "filtered"
    """Least tier of confinement of a trial's programs, as `llamoco-data try` names it."""
    arrival_limit_s: float = Field(default=10.0, gt=0)
    """Time that a request may take to arrive."""
