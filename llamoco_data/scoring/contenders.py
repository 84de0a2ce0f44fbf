"""The contenders and their programs: the model, and baselines that choose without one. Nothing is run here.

All programs are texts that are run with the same seeds, limits and budget.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from llamoco_data.identity import stream
from llamoco_data.portfolio import BASELINE, OPTIMIZER_BY_NAME
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.scoring.cases import Export, Prompt
from llamoco_data.scoring.forest import foreseen
from llamoco_data.scoring.naming import Names
from llamoco_data.scoring.programs import Generated

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
CONTENDERS: tuple[Contender, ...] = ("model", *BASELINES)

REPEATS = 3
"""Number of runs of each program, each with another seed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a contender to an instruction."""

    contender: Contender
    problem_id: str
    programs: tuple[str, ...]
    """One text for each repeat; identical unless drawn at random."""
    split: str = ""
    """Split of the prompt that is answered; empty for an answer to a problem, however it is stated."""


def answers_of(programs: Sequence[Generated]) -> list[Answer]:
    """The model's answers, one for each of its programs."""
    return [Answer("model", program.problem_id, (program.program,) * REPEATS) for program in programs]


def baselines(export: Export, names: Names, instruction_ids: Sequence[str]) -> list[Answer]:
    """The answers of the baselines: of nearest neighbour to each given instruction, of the others to each problem.

    A baseline without an answer is left out: nearest neighbour without training rows, the statement forest with too few
    of them, and the single best solver if its program is unknown.
    """
    cases = export.cases.values()
    answers = [Answer("virtual best", case.problem_id, (case.answer,) * REPEATS) for case in cases]
    single_best = names.texts.get(export.single_best)
    if single_best is not None:
        answers += [Answer("single best solver", problem, (single_best,) * REPEATS) for problem in export.cases]
    drawn = [drawn_programs(export, repeat) for repeat in range(REPEATS)]
    answers += [Answer("random candidate", problem, tuple(each[problem] for each in drawn)) for problem in drawn[0]]
    foreseen = foreseen_programs(export, names)
    answers += [Answer("statement forest", problem, (text,) * REPEATS) for problem, text in foreseen.items()]
    retrieved = retrieved_programs(export, instruction_ids)
    for key, text in retrieved.items():
        asked = export.prompts[key]
        answers.append(Answer("nearest neighbour", asked.problem_id, (text,) * REPEATS, asked.split))
    return answers


def drawn_programs(export: Export, repeat: int) -> dict[str, str]:
    """problem_id -> program of a candidate, drawn evenly from those that apply to the problem, except random search."""
    ran = tuple(name for name in OPTIMIZER_BY_NAME if name in export.optimizers and name != BASELINE)
    candidates = stored_candidates(ran)
    drawn: dict[str, str] = {}
    for case in export.cases.values():
        applicable = [candidate for candidate in candidates if not candidate.declines(case.spec)]
        if applicable:
            place = stream("random candidate", case.problem_id, repeat).integers(len(applicable))
            drawn[case.problem_id] = applicable[int(place)].program
    return drawn


def foreseen_programs(export: Export, names: Names) -> dict[str, str]:
    """problem_id -> program that the selector chooses; none at all with too few training problems.

    A user's own problem, which no forest can read, gets the single best solver.
    """
    if export.training is None:
        return {}
    texts = foreseen(export.training, [case.spec for case in export.cases.values()], names.texts)
    single_best = names.texts.get(export.single_best)
    answered = zip(export.cases, [text or single_best for text in texts], strict=True)
    return {problem_id: text for problem_id, text in answered if text}


def retrieved_programs(export: Export, instruction_ids: Sequence[str]) -> dict[str, str]:
    """instruction_id -> answer of the training row whose prompt is most alike, never of the same problem."""
    from llamoco_data.scoring.retrieval import nearest  # noqa: PLC0415 - with it comes scipy.sparse, slow to import

    training = [prompt for prompt in export.prompts.values() if prompt.split == "train"]
    asked = [export.prompts[key] for key in dict.fromkeys(instruction_ids)]
    if not training:
        return {}
    base_ids = np.array([prompt.base_problem_id for prompt in training])
    found = nearest(
        [prompt.prompt for prompt in asked],
        [prompt.prompt for prompt in training],
        [base_ids != prompt.base_problem_id for prompt in asked],
    )
    places = zip(asked, found, strict=True)
    return {prompt.instruction_id: training[place].answer for prompt, place in places if place is not None}


def majority(prompts: Mapping[str, Prompt]) -> str:
    """The most frequent optimizer of the training problems, the first by name among equals; empty without any."""
    labels = {prompt.problem_id: prompt.optimizer for prompt in prompts.values() if prompt.split == "train"}
    counts = Counter(sorted(labels.values()))
    return counts.most_common(1)[0][0] if counts else ""


def usual_program(prompts: Mapping[str, Prompt], optimizer: str) -> str:
    """The answer with which an optimizer most often won training problems, the first by its text among equals.

    Where it won none, it is the program with the optimizer's first settings.
    """
    won = {p.problem_id: p.answer for p in prompts.values() if p.split == "train" and p.optimizer == optimizer}
    counts = Counter(sorted(won.values()))
    return counts.most_common(1)[0][0] if counts else stored_candidates((optimizer,))[0].program
