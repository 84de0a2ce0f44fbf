"""Makes the prompts of a problem: requests as the model was taught with them, above the problem's text."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from llamoco_tune.asking.problem import Stated
from llamoco_tune.guide import Guide, Request, guide_of_package

_BLOCK = re.compile(r"^(?:```python$|\\\[|\$\$|\\begin\{)", re.MULTILINE)
"""Pattern of the line with which the problem of a prompt begins."""


@dataclass(frozen=True, slots=True)
class Prompted:
    """A prompt of a training row, and what is known of its problem."""

    prompt: str
    wording: int
    dimension: int
    max_evaluations: int
    is_constrained: bool


def prompts_of(problem: Stated, guide: Guide, count: int) -> list[str]:
    """Some prompts of a problem, each with another request; fewer if there are not as many requests that fit.

    Where no request of the guide fits, those of the package's guide serve, some of which fit any problem.
    """
    fitting = _fitting(problem, guide) or _fitting(problem, guide_of_package())
    return [
        f"{text.format(budget=problem.max_evaluations, dimension=problem.dimension)}\n\n{problem.block}"
        for text in fitting[:count]
    ]


def parts_of(prompt: str) -> tuple[str, str]:
    """The request and the problem of a prompt, as `llamoco_data` puts them together."""
    found = _BLOCK.search(prompt)
    at = found.start() if found else len(prompt)
    return prompt[:at].rstrip("\n"), prompt[at:]


def requests_of(rows: Iterable[Prompted]) -> tuple[Request, ...]:
    """The requests of training rows, one for each wording and kind: the most frequent of its variants."""
    variants: dict[tuple[int, bool], Counter[str]] = defaultdict(Counter)
    for row in rows:
        variants[row.wording, row.is_constrained][_template(row)] += 1
    chosen = [
        Request(text=_most_frequent(counted), is_constrained=is_constrained)
        for (_, is_constrained), counted in sorted(variants.items())
    ]
    return tuple(dict.fromkeys(chosen))


def _fitting(problem: Stated, guide: Guide) -> list[str]:
    """The requests of problems of its kind; those that name the number of variables fit where its text tells it."""
    return [
        request.text
        for request in guide.requests
        if request.is_constrained == problem.is_constrained
        and (problem.dimension is not None or "{dimension}" not in request.text)
    ]


def _template(row: Prompted) -> str:
    """The request of a prompt with names in the places of its budget and its number of variables."""
    text = parts_of(row.prompt)[0].replace("{", "{{").replace("}", "}}")
    grouped, plain = f"{row.max_evaluations:,}", str(row.max_evaluations)
    if grouped != plain and grouped in text:
        text = text.replace(grouped, "{budget:,}")
    else:
        text = _named(text, plain, "{budget}")
    return _named(text, str(row.dimension), "{dimension}")


def _named(text: str, number: str, name: str) -> str:
    """The text with a name instead of a number that stands alone: not in 1e-4, nor in 0.5."""
    return re.sub(rf"(?<![\w.,-]){number}(?!\w|[.,]\d)", name, text)


def _most_frequent(counted: Counter[str]) -> str:
    best = max(counted.values())
    return min(text for text, count in counted.items() if count == best)
