"""What a rule is: a sentence, and a check that raises where the sentence is not true of somebody's plug-in."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from llamoco_data.problems.asking import described
from llamoco_data.silence import silence

Subject = TypeVar("Subject")
Rules: TypeAlias = Mapping[str, Callable[[Subject], None]]
"""Rule -> its check."""


class RuleBroken(Exception):
    """A rule is broken; the message says how."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found."""

    rule: str
    complaint: str
    """Empty where the rule is kept."""


def require(kept: bool, complaint: str) -> None:
    """Raises an error where a rule is not kept.

    Raises:
        RuleBroken: it is not.
    """
    if not kept:
        raise RuleBroken(complaint)


def checked(rules: Rules[Subject], subject: Subject) -> Iterator[Checked]:
    """What the checks of all rules find, one after the other."""
    for rule, check in rules.items():
        yield Checked(rule, _complaint(check, subject))


def _complaint(check: Callable[[Subject], None], subject: Subject) -> str:
    with silence():
        try:
            check(subject)
        except RuleBroken as broken:
            return str(broken)
        except Exception as error:  # noqa: BLE001 - what is checked is somebody's code
            return f"it raised {described(error)}"
    return ""
