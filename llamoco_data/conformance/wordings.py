"""The rules of a wording that a plug-in brings: what every request says, and what none may say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from llamoco_data.conformance.rules import Checked, Rules, checked, require
from llamoco_data.identity import stream
from llamoco_data.plugins import WORDING, brought
from llamoco_data.problems.sampling import ProblemMixture, sample
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements import FORMS, code_of, statement, wording_numbers
from llamoco_data.statements.plugin_wordings import plugin_wording
from llamoco_data.statements.wording import INTERFACE, WORDINGS, Wording, request

BUDGET = re.compile(r"(\d[\d,]*) (?:function |objective )?evaluations")
OPENING = 12
"""Number of first characters by which requests are told apart."""
MOST_CHARACTERS = 900
"""Longest request: twice the longest of this package."""
FORBIDDEN = frozenset("$\\{}[]")
"""Characters of LaTeX, or that are left where an alternative or a brace is not closed."""
NUM_DRAWS = 30
"""Number of requests for each problem, so that every alternative is drawn."""
FEASIBLE = ("g <= 0", "|h| <= 1e-4", "(g, h)")
"""What a request says of constraints, letter by letter."""
_MIXTURE = ProblemMixture(min_dimension=2, max_dimension=6, min_budget_factor=50, max_budget_factor=5_000)


@dataclass(frozen=True, slots=True)
class _Subject:
    first: int
    """Number of its first wording."""
    requests: list[tuple[ProblemSpec, str]]
    """Requests for problems with and without constraints, with every alternative."""


def check_wording(name: str) -> Iterator[Checked]:
    """The checks of the wording of this name, one after the other.

    Raises:
        LlamocoError: no package brings it, or its entry is wrong.
    """
    wording = plugin_wording(name)
    (first,) = wording_numbers([brought(WORDING, name).pinned])
    requests = [(spec, each) for spec in _specs() for each in _requests(spec, wording)]
    yield from checked(_RULES, _Subject(first, requests))


def _specs() -> list[ProblemSpec]:
    return [sample(_MIXTURE, 5, index) for index in range(8)]


def _requests(spec: ProblemSpec, wording: Wording) -> list[str]:
    return [request(spec, wording, stream("check", spec.problem_id, draw)) for draw in range(NUM_DRAWS)]


def _opens_on_its_own(subject: _Subject) -> None:
    spec = _specs()[0]
    taken = {text[:OPENING]: other.name for other in WORDINGS for text in _requests(spec, other)}
    for _, text in subject.requests:
        opening = text[:OPENING]
        require(opening not in taken, f"it opens with {opening!r}, as the wording {taken.get(opening)} does")


def _says_what_to_write(subject: _Subject) -> None:
    for spec, text in subject.requests:
        require(INTERFACE in text, f"it does not say {{interface}}: {_shown(text)}")
        told = [int(number.replace(",", "")) for number in BUDGET.findall(text)]
        require(
            told == [spec.max_evaluations],
            f"it does not say {{budget}} once, followed by `evaluations`, `function evaluations` or `objective "
            f"evaluations`: {_shown(text)}",
        )
        require("Python" in text or "python" in text, f"it does not ask for Python: {_shown(text)}")


def _says_what_is_feasible(subject: _Subject) -> None:
    for spec, text in subject.requests:
        for words in FEASIBLE:
            if spec.constraints:
                require(words in text, f"where there are constraints it does not say {words}: {_shown(text)}")
            else:
                require(words not in text, f"where there are no constraints it says {words}: {_shown(text)}")


def _is_plain_words(subject: _Subject) -> None:
    for _, text in subject.requests:
        strange = sorted(FORBIDDEN & set(text))
        require(not strange, f"it holds {' '.join(strange)}: {_shown(text)}")
        require("```" not in text, "it holds ```, which begins a block")
        require("  " not in text, f"it has two spaces in a row: {_shown(text)}")
        require(text == text.strip(), f"it begins or ends with a space or a line: {_shown(text)}")
        require("\n\n\n" not in text, "it has two empty lines in a row")
        require(len(text) <= MOST_CHARACTERS, f"it has {len(text)} characters, more than {MOST_CHARACTERS}")


def _stands_above_the_problem(subject: _Subject) -> None:
    for spec in _specs():
        for form in FORMS:
            texts = {statement(spec, form, subject.first + each) for each in range(3)}
            require(len(texts) == 3, f"three of its statements of {spec.problem_id} in {form} are not three texts")
            for text in texts:
                compile(code_of(text), "statement", "exec")


def _shown(text: str) -> str:
    """The text in one line, shortened."""
    line = " ".join(text.split())
    return line if len(line) <= 160 else f"{line[:160]} ..."


_RULES: Rules[_Subject] = {
    "it opens as no other wording does": _opens_on_its_own,
    "it asks for Python, and names the interface and the budget letter by letter": _says_what_to_write,
    "it says what feasible means where there are constraints, and only there": _says_what_is_feasible,
    "it is plain words with every alternative, and not long": _is_plain_words,
    "it stands above problems in both forms": _stands_above_the_problem,
}
