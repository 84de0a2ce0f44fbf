"""The best and the worst programs of a model, by what they gain on the single best solver, with their texts."""

from collections.abc import Iterator
from dataclasses import dataclass

from llamoco_data.comparison.blocks import SINGLE_BEST, VIRTUAL_BEST, Block, Entrant
from llamoco_data.scoring.scored import ScoredProblem, ScoredProgram

MOST_SHOWN = 5
"""Number of the best programs of a model that are shown, and of the worst."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One program, and what is beside it."""

    program: ScoredProgram
    text: str
    """Text of the program; empty where the model wrote none."""
    problem: ScoredProblem
    single_best: float | None
    """Score of the single best solver on the problem."""
    virtual_best: float | None


@dataclass(frozen=True, slots=True)
class Showcase:
    """The best and the worst programs of one model on one split."""

    name: str
    split: str
    best: tuple[Shown, ...]
    """Largest gain first."""
    worst: tuple[Shown, ...]
    """Largest loss first; programs that fail at once count as scores of 0."""


def showcase_of(block: Block) -> Iterator[Showcase]:
    """The showcases of the models of a block whose folders hold the texts."""
    by_name = {entrant.name: entrant for entrant in block.entrants}
    single_best, virtual_best = (_scores(by_name.get(name)) for name in (SINGLE_BEST, VIRTUAL_BEST))
    for entrant in block.entrants:
        if not entrant.is_model or not entrant.folder.texts:
            continue
        shown = [
            Shown(
                program=program,
                text=_text(entrant, program),
                problem=entrant.folder.problems[block.split, program.problem_id],
                single_best=single_best.get(program.problem_id),
                virtual_best=virtual_best.get(program.problem_id),
            )
            for program in entrant.programs
        ]
        ordered = sorted(shown, key=lambda one: (-_gain(one), one.program.instruction_id, one.program.sample))
        best = ordered[: min(MOST_SHOWN, (len(ordered) + 1) // 2)]
        worst = ordered[len(best) :][-MOST_SHOWN:][::-1]
        yield Showcase(entrant.name, block.split, tuple(best), tuple(worst))


def _scores(entrant: Entrant | None) -> dict[str, float]:
    return {score.problem_id: score.score for score in entrant.scores} if entrant else {}


def _text(entrant: Entrant, program: ScoredProgram) -> str:
    return entrant.folder.texts[program.candidate_id].program if program.candidate_id else ""


def _gain(shown: Shown) -> float:
    return shown.program.score - (shown.single_best or 0.0)
