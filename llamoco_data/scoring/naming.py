"""Which optimizer a program says that it is, by the first line of its docstring, and whether it is one to the byte."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llamoco_data.portfolio import OPTIMIZERS
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.runs import program_id
from llamoco_data.scoring.cases import Prompt
from llamoco_data.texts import readable

_DOCSTRING = re.compile(r"""\s*(?:#[^\n]*\n\s*)*[rR]?(?:\"{3}|'{3})\s*([^\n]*)""")
"""The first line of a text that begins with a docstring, whether or not the rest of it is Python."""
_TITLE_END = re.compile(r"""[:,]| \(|\"{3}|'{3}""")


@dataclass(frozen=True, slots=True)
class Names:
    """What programs of known optimizers are called, and their texts."""

    by_title: Mapping[str, str]
    """Title -> optimizer."""
    by_text: Mapping[str, str]
    """candidate_id -> optimizer."""
    texts: Mapping[str, str]
    """candidate_id -> program text."""

    def named(self, program: str) -> str:
        """The optimizer that a program names; empty where it names none that is known."""
        copied = self.by_text.get(program_id(program))
        return copied or self.by_title.get(title(program), "")


def names(prompts: Iterable[Prompt]) -> Names:
    """The names of today's portfolio, and those of an export's answers."""
    by_text: dict[str, str] = {}
    texts: dict[str, str] = {}
    for candidate in stored_candidates(tuple(optimizer.name for optimizer in OPTIMIZERS)):
        by_text[candidate.candidate_id], texts[candidate.candidate_id] = candidate.optimizer, candidate.program
    for answer, optimizer in {prompt.answer: prompt.optimizer for prompt in prompts}.items():
        texts[program_id(answer)], by_text[program_id(answer)] = answer, optimizer
    by_title = {title(text): by_text[candidate_id] for candidate_id, text in texts.items() if title(text)}
    return Names(by_title, by_text, texts)


def title(program: str) -> str:
    """What the docstring of a program begins with, up to a colon, a comma or a bracket; empty without a docstring."""
    docstring = _DOCSTRING.match(readable(program))
    return "" if docstring is None else " ".join(_TITLE_END.split(docstring[1])[0].split()).casefold()
