"""Asks a model about one problem: programs, the optimizers it considered, and what its first choice is worth.

The problem's text is read, and never executed; nor is the program.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydantic import Field

from llamoco_tune.asking.problem import Stated, read_problem, stated
from llamoco_tune.asking.prompts import prompts_of
from llamoco_tune.asking.reading import Reading, in_order
from llamoco_tune.extraction import program_of
from llamoco_tune.folders import check_holds_model
from llamoco_tune.guide import GUIDE_FILE, Guide, Worth, guide_of_package, read_guide
from llamoco_tune.invocation import command
from llamoco_tune.named import READY, place_of
from llamoco_tune.records import Record, TuningError
from llamoco_tune.sound import slip_in

WORDINGS = 4
"""Requests over which a choice is averaged by default."""
SPARE = 3
"""Programs with slips that are passed over at most, for the next optimizers' programs."""


class Alternative(Record):
    """An optimizer that the model considered."""

    optimizer: str
    """Name in the portfolio; empty for a model that does not choose before it writes."""
    probability: float | None = Field(ge=0, le=1)
    """Probability that the model gives it; None where it tells none."""
    program: str = ""
    """Program that the model wrote for it; empty beyond those that were asked for."""


class Asked(Record):
    """What a model makes of one problem."""

    problem: str
    """Name of the problem's file."""
    model: str
    alternatives: tuple[Alternative, ...] = Field(min_length=1)
    """First those with programs, the likeliest first; then the optimizers without, the likeliest first."""
    worth: Worth | None
    """How often a first choice of such a probability was close to the best, on validation problems; None where the
    model tells no probabilities, where nobody has measured it for choices over as many requests, and where the first
    program is of another optimizer than the likeliest."""
    warnings: tuple[str, ...]
    """Sentences about what is odd, such as a problem unlike those of the training."""

    @property
    def program(self) -> str:
        """The first program."""
        return self.alternatives[0].program

    @property
    def optimizer(self) -> str:
        """The optimizer of the first program."""
        return self.alternatives[0].optimizer

    @property
    def programs(self) -> tuple[str, ...]:
        """All programs that were asked for."""
        return tuple(each.program for each in self.alternatives if each.program)


def ask(
    problem: str | Path,
    *,
    model: str | Path = READY,
    endpoint: str | None = None,
    top: int = 1,
    wordings: int = WORDINGS,
) -> Asked:
    """Asks a model about a problem. It takes a second or two for the model of the package; nothing is executed.

    Args:
        problem: file of Python (.py) or LaTeX (.tex), or the text itself, which has several lines.
        model: folder of a model, its name on the hub or the server, or `ready`, the model of the package.
        endpoint: URL of an OpenAI-compatible server that has the model.
        top: number of programs, each of another optimizer where the model chooses before it writes.
        wordings: number of requests over which the choice is averaged.

    Raises:
        TuningError: the file or text is no problem, there is no such model, or it writes no program.
    """
    if isinstance(model, Path):
        model = f"./{READY}" if str(model) == READY else str(model)  # a path is never the name of the package's model
    is_text = isinstance(problem, str) and "\n" in problem.strip()
    return asked(
        stated(str(problem), "the text") if is_text else read_problem(Path(problem)),
        model=model,
        endpoint=endpoint,
        top=top,
        wordings=wordings,
    )


def asked(problem: Stated, *, model: str, endpoint: str | None, top: int, wordings: int) -> Asked:
    """As `ask`, of a problem that has been read."""
    if top < 1 or wordings < 1:
        raise TuningError(f"top, wordings: expected numbers from 1 on, got {top} and {wordings}")
    own = None if endpoint else read_guide(model)
    guide = own or guide_of_package()
    warnings: list[str] = []
    if own is not None and not _is_of(own, model):
        warnings.append(f"its {GUIDE_FILE} was made for other weights; make it again: {command('calibrate', '--help')}")
        own = None
    reading = _reading(problem, guide, model, endpoint, top=top, wordings=wordings)
    known = dict(zip(reading.optimizers, np.exp(reading.log_probabilities).tolist(), strict=True))
    written = list(itertools.islice(_different(_sound(reading.completions, warnings)), top))
    if not written:
        raise TuningError(f"{model} wrote no program that could run: {warnings[-1]}; give another --model")
    if len(written) < top:
        warnings.append(f"it wrote {len(written)} of the {top} programs that were asked for: no other ones")
    listed = [Alternative(optimizer=name, probability=known.get(name), program=text) for name, text in written]
    names = {name for name, _ in written}
    others = [reading.optimizers[place] for place in in_order(reading.log_probabilities)]
    listed += [Alternative(optimizer=name, probability=known[name]) for name in others if name not in names]
    first = max(known.values(), default=None)
    # What was measured is the worth of first choices, over as many requests.
    is_measured = known.get(written[0][0]) == first and own is not None and wordings == own.wordings
    return Asked(
        problem=problem.name,
        model=model,
        alternatives=tuple(listed),
        worth=own.worth_of(first) if own and first is not None and is_measured else None,
        warnings=(*problem.warnings, *(_novelties(problem, own, reading.tokens_of_problem) if own else ()), *warnings),
    )


def _is_of(guide: Guide, model: str) -> bool:
    """Whether a guide was made for the weights beside which it lies."""
    if model == READY:
        return True
    from llamoco_tune.identity import content_digest  # noqa: PLC0415 - the hub's library is slow to import

    return guide.model == content_digest(model)


def novelty(problem: Stated, guide: Guide, num_tokens: int) -> float:
    """How much more finely a problem's text falls into tokens than those that the model was taught with.

    It is the number of tokens a character over the number that 99 of 100 validation problems do not exceed. A tokenizer
    that was made from the training texts has long tokens for what stands there often, and short ones for anything else.
    """
    return num_tokens / max(len(problem.text), 1) / guide.seen[problem.form].tokens_per_character


def _reading(problem: Stated, guide: Guide, model: str, endpoint: str | None, *, top: int, wordings: int) -> Reading:
    try:
        return _by_kind(problem, guide, model, endpoint, top=top, wordings=wordings)
    except ModuleNotFoundError as error:
        raise TuningError(
            f"{model} needs the package {error.name}; install what tuning needs, in the checkout: pip install '.[tune]'"
        ) from None


def _by_kind(problem: Stated, guide: Guide, model: str, endpoint: str | None, *, top: int, wordings: int) -> Reading:
    if endpoint is not None:
        from llamoco_tune.asking.served import read_served  # noqa: PLC0415 - slow to import

        return read_served(endpoint, model, prompts_of(problem, guide, top + SPARE))
    from llamoco_tune.asking.small import is_small, read_small  # noqa: PLC0415 - a server needs no tokenizer

    prompts = prompts_of(problem, guide, wordings)
    folder = Path(place_of(model))
    if is_small(folder):
        return read_small(folder, model, prompts, problem.text)
    check_holds_model(model)
    from llamoco_tune.asking.usual import read_usual  # noqa: PLC0415 - torch is slow to import

    return read_usual(model, prompts, problem.text)


def _different(written: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each program once: a model that does not choose may write the same one again."""
    seen: set[str] = set()
    for optimizer, program in written:
        if program not in seen:
            seen.add(program)
            yield optimizer, program


def _sound(completions: Iterator[tuple[str, str]], warnings: list[str]) -> Iterator[tuple[str, str]]:
    """Optimizers with programs without slips; what is passed over is told."""
    passed = 0
    for optimizer, completion in completions:
        program = program_of(completion)
        slip = slip_in(program)
        if not slip:
            yield optimizer, program if program.endswith("\n") else f"{program}\n"
            continue
        passed += 1
        of = f" of {optimizer}" if optimizer else ""
        warnings.append(f"the program{of} that it wrote has a slip and was passed over: {slip}")
        if passed > SPARE:
            return


def _novelties(problem: Stated, guide: Guide, num_tokens: int | None) -> Iterator[str]:
    """What about a problem is unlike all those that the model was taught with, in one sentence."""
    odd: list[str] = []
    if not any(request.is_constrained == problem.is_constrained for request in guide.requests):
        kinds = ("constraints", "without") if problem.is_constrained else ("no constraints", "with constraints")
        odd.append(f"{kinds[0]} (taught: problems {kinds[1]})")
    low, high = guide.dimensions
    if problem.dimension is not None and not low <= problem.dimension <= high:
        odd.append(f"{problem.size} (taught: {low} to {high})")
    low, high = guide.budgets
    if not low <= problem.max_evaluations <= high:
        odd.append(f"{problem.max_evaluations:,} evaluations (taught: {low:,} to {high:,})")
    seen = guide.seen.get(problem.form)
    if seen and num_tokens is not None:
        found = novelty(problem, guide, num_tokens)
        if num_tokens > seen.most_tokens:
            odd.append(f"a text of {num_tokens:,} tokens (taught: at most {seen.most_tokens:,})")
        if round(found, 2) > 1:
            odd.append(f"a style of its own (novelty {found:.2f}; up to 1 is usual)")
    if odd:
        yield f"unlike what the model was taught: {', '.join(odd)}; its choice is then worth less than is said here"
