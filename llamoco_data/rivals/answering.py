"""The programs of rivals for the problems of a split: one for each problem, decided by name, export and seed."""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio import OPTIMIZER_BY_NAME
from llamoco_data.rivals.catalogue import PACKAGE_OF, PROGRAM_OF, Rival
from llamoco_data.rivals.chosen_by_landscape import landscape_programs
from llamoco_data.rivals.texts import Part, heading, in_turn, text_of
from llamoco_data.scoring.cases import Case, Export, Prompt
from llamoco_data.scoring.contenders import (
    drawn_programs,
    foreseen_programs,
    majority,
    retrieved_programs,
    usual_program,
)
from llamoco_data.scoring.naming import names
from llamoco_data.scoring.programs import read_choices

LIKELIEST = 3
"""Number of a model's optimizers that `top-3` runs."""


def programs_of(
    rival: Rival, export: Export, asked: Mapping[str, Prompt], seed: int, model: Path | None
) -> dict[str, str]:
    """problem_id -> program of a rival; problems that it cannot answer are left out.

    Args:
        asked: the prompt of each problem, by problem_id.
        model: file of a model's programs, which `top-3` needs.

    Raises:
        LlamocoError: the rival needs a package or a file that is not there, or does not fit.
    """
    known = names(export.prompts.values())
    if rival in PROGRAM_OF:
        _check_package(rival)
        return dict.fromkeys(export.cases, text_of(PROGRAM_OF[rival]))
    if rival == "top-3":
        return _likeliest(export, asked, model)
    by_name: Mapping[Rival, Callable[[], dict[str, str]]] = {
        "random-candidate": lambda: drawn_programs(export, seed),
        "most-frequent": lambda: _one_for_all(export, _most_frequent(export)),
        "single-best": lambda: _one_for_all(export, known.texts.get(export.single_best, "")),
        "tfidf": lambda: _nearest(export, asked),
        "forest": lambda: foreseen_programs(export, known),
        "landscape": lambda: landscape_programs(export, known, seed),
        "virtual-best": lambda: {problem_id: case.answer for problem_id, case in export.cases.items()},
    }
    return by_name[rival]()


def _one_for_all(export: Export, text: str) -> dict[str, str]:
    return dict.fromkeys(export.cases, text) if text else {}


def _most_frequent(export: Export) -> str:
    optimizer = majority(export.prompts)
    return usual_program(export.prompts, optimizer) if optimizer else ""


def _nearest(export: Export, asked: Mapping[str, Prompt]) -> dict[str, str]:
    texts = retrieved_programs(export, [prompt.instruction_id for prompt in asked.values()])
    return {export.prompts[instruction_id].problem_id: text for instruction_id, text in texts.items()}


def _likeliest(export: Export, asked: Mapping[str, Prompt], model: Path | None) -> dict[str, str]:
    """The three optimizers that apply and that a model finds likeliest, in turn, for the problems that it answers."""
    if model is None:
        raise LlamocoError("top-3 needs the programs of a model that chooses; give its file with --programs FILE")
    choices = read_choices(model)
    found: dict[str, str] = {}
    for problem_id, prompt in asked.items():
        shares = choices.get(prompt.instruction_id, {})
        likely = _applying(sorted(shares, key=lambda name: -shares[name]), export.cases[problem_id])
        if likely:
            found[problem_id] = _in_thirds([usual_program(export.prompts, name) for name in likely])
    if not found:
        raise LlamocoError(f"{model} has no choices for the problems of this split; name the file of its programs")
    return found


def _applying(optimizers: Sequence[str], case: Case) -> list[str]:
    """The first three that are in the portfolio and apply to a problem."""
    known = [name for name in optimizers if name in OPTIMIZER_BY_NAME]
    return [name for name in known if not OPTIMIZER_BY_NAME[name].declines(case.spec)][:LIKELIEST]


def _in_thirds(texts: Sequence[str]) -> str:
    title = "The optimizers that a model finds likeliest, in turn.\n\n" + "".join(f"{heading(t)}\n" for t in texts)
    return in_turn(title, [Part(text, 1 / len(texts)) for text in texts])


def _check_package(rival: Rival) -> None:
    package = PACKAGE_OF.get(rival)
    if package is not None and find_spec(package) is None:
        raise LlamocoError(
            f"{rival} needs the package {package}, which cannot be imported here; install it, in the checkout, with: "
            f"pip install '.[{package}]'"
        )
