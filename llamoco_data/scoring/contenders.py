"""The contenders and their programs: the model, and baselines that choose without one. Nothing is run here.

All programs are texts that are run with the same seeds, limits and budget.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from llamoco_data.identity import stream
from llamoco_data.portfolio import BASELINE, OPTIMIZER_BY_NAME
from llamoco_data.portfolio.stored_candidates import StoredCandidate, stored_candidates
from llamoco_data.scoring.cases import Case, Export, Prompt
from llamoco_data.scoring.forest import foreseen
from llamoco_data.scoring.naming import Names
from llamoco_data.scoring.programs import Generated
from llamoco_data.scoring.retrieval import nearest

Contender = Literal[
    "model", "random candidate", "single best solver", "nearest neighbour", "statement forest", "virtual best"
]
BASELINES: tuple[Contender, ...] = (
    "random candidate",
    "single best solver",
    "nearest neighbour",
    "statement forest",
    "virtual best",
)

REPEATS = 3
"""Number of runs of each program, each with another seed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a contender to an instruction."""

    contender: Contender
    problem_id: str
    programs: tuple[str, ...]
    """One text for each repeat; identical unless drawn at random."""


def answers_of(programs: Sequence[Generated]) -> list[Answer]:
    """The model's answers, one for each of its programs."""
    return [Answer("model", program.problem_id, (program.program,) * REPEATS) for program in programs]


def baselines(export: Export, names: Names, instruction_ids: Sequence[str]) -> list[Answer]:
    """The answers of the baselines: of nearest neighbour to each given instruction, of the others to each problem.

    A baseline without an answer is left out: nearest neighbour without training rows, the statement forest with too few
    of them, and the single best solver if its program is unknown.
    """
    answers = [Answer("virtual best", case.problem_id, (case.answer,) * REPEATS) for case in export.cases.values()]
    single_best = names.texts.get(export.single_best)
    if single_best is not None:
        answers += [Answer("single best solver", problem, (single_best,) * REPEATS) for problem in export.cases]
    answers += _drawn(export)
    answers += _foreseen(export, names, single_best)
    return answers + _retrieved(export, instruction_ids)


def _drawn(export: Export) -> list[Answer]:
    """Answers with a candidate drawn evenly for each run from those that apply to the problem, except random search."""
    ran = tuple(name for name in OPTIMIZER_BY_NAME if name in export.optimizers and name != BASELINE)
    candidates = stored_candidates(ran)
    answers: list[Answer] = []
    for case in export.cases.values():
        applicable = [candidate for candidate in candidates if not candidate.declines(case.spec)]
        if applicable:
            drawn = tuple(_draw(applicable, case, repeat).program for repeat in range(REPEATS))
            answers.append(Answer("random candidate", case.problem_id, drawn))
    return answers


def _foreseen(export: Export, names: Names, single_best: str | None) -> list[Answer]:
    """The answers of the selector, or of the single best solver to a user's own problem, which no forest can read."""
    if export.training is None:
        return []
    programs = foreseen(export.training, [case.spec for case in export.cases.values()], names.texts)
    answered = ((problem_id, text or single_best) for problem_id, text in zip(export.cases, programs, strict=True))
    return [Answer("statement forest", problem_id, (text,) * REPEATS) for problem_id, text in answered if text]


def _draw(applicable: Sequence[StoredCandidate], case: Case, repeat: int) -> StoredCandidate:
    return applicable[int(stream("random candidate", case.problem_id, repeat).integers(len(applicable)))]


def _retrieved(export: Export, instruction_ids: Sequence[str]) -> list[Answer]:
    """The answers of the training rows whose prompts are most like those asked, never of the same problem."""
    training = [prompt for prompt in export.prompts.values() if prompt.split == "train"]
    asked = [export.prompts[key] for key in dict.fromkeys(instruction_ids)]
    if not training:
        return []
    base_ids = np.array([prompt.base_problem_id for prompt in training])
    found = nearest(
        [prompt.prompt for prompt in asked],
        [prompt.prompt for prompt in training],
        [base_ids != prompt.base_problem_id for prompt in asked],
    )
    return [
        Answer("nearest neighbour", prompt.problem_id, (training[position].answer,) * REPEATS)
        for prompt, position in zip(asked, found, strict=True)
        if position is not None
    ]


def majority(prompts: Mapping[str, Prompt]) -> str:
    """The most frequent optimizer of the training problems, the first by name among equals; empty without any."""
    labels = {prompt.problem_id: prompt.optimizer for prompt in prompts.values() if prompt.split == "train"}
    counts: dict[str, int] = {}
    for optimizer in sorted(labels.values()):
        counts[optimizer] = counts.get(optimizer, 0) + 1
    return max(counts, key=lambda optimizer: counts[optimizer], default="")
