"""The optimizer that a program names in the first line of its docstring, or copies; nothing is executed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llamoco_data.portfolio import OPTIMIZER_BY_NAME
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.runs import program_id
from llamoco_data.scoring.cases import Prompt
from llamoco_data.texts import readable

_DOCSTRING = re.compile(r"""\s*(?:#[^\n]*\n\s*)*[rR]?(?:\"{3}|'{3})\s*([^\n]*)""")
"""First line of the docstring that a text begins with, even if the rest is not Python."""
_TITLE_END = re.compile(r"""[:,]| \(|\"{3}|'{3}""")
_SECOND = re.compile(r"(?: \([^)]*\))?, then ([^:;]*)")
"""What follows the first method of a chain, such as ` (Hansen, 2009), then BOBYQA (Powell, 2009)`."""


@dataclass(frozen=True, slots=True)
class Names:
    """Titles and texts of the programs of known optimizers."""

    by_title: Mapping[str, str]
    """Optimizer of each title."""
    by_text: Mapping[str, str]
    """Optimizer of each candidate_id."""
    texts: Mapping[str, str]
    """Program text of each candidate_id."""

    def named(self, program: str) -> str:
        """The optimizer that a program copies or names; empty if it names no known one."""
        copied = self.by_text.get(program_id(program))
        return copied or self.by_title.get(title(program), "")


def names(prompts: Iterable[Prompt]) -> Names:
    """The names in today's portfolio and in the answers of an export."""
    by_text: dict[str, str] = {}
    texts: dict[str, str] = {}
    for candidate in stored_candidates(tuple(OPTIMIZER_BY_NAME)):
        by_text[candidate.candidate_id], texts[candidate.candidate_id] = candidate.optimizer, candidate.program
    for answer, optimizer in {prompt.answer: prompt.optimizer for prompt in prompts}.items():
        texts[program_id(answer)], by_text[program_id(answer)] = answer, optimizer
    by_title = {title(text): by_text[candidate_id] for candidate_id, text in texts.items() if title(text)}
    return Names(by_title, by_text, texts)


def title(program: str) -> str:
    """The beginning of a program's docstring, up to a colon, comma or bracket; empty without a docstring.

    The title of a chain names both methods: `bipop-cma-es, then bobyqa`.
    """
    docstring = _DOCSTRING.match(readable(program))
    if docstring is None:
        return ""
    first = _TITLE_END.split(docstring[1])[0]
    second = _SECOND.match(docstring[1], len(first))
    both = first if second is None else f"{first}, then {_TITLE_END.split(second[1])[0]}"
    return " ".join(both.split()).casefold()
