"""The contender `statement forest`: the selector, fitted on the training rows of an export. Nothing is run here.

It chooses the optimizer with the best expected score, and the settings that most often stood best on similar problems.
It is told what statements say, and not the share of a box that is feasible, which only evaluations can tell.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from llamoco_data.portfolio.stored_candidates import StoredCandidate, stored_candidates
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.selector import ESTIMATED, NAMES, Training, applying_to, features, fitted


def foreseen(training: Training, specs: Sequence[AnySpec], texts: Mapping[str, str]) -> list[str | None]:
    """The program that the forest chooses for each problem; None for a user's own, and where no text is known.

    Args:
        texts: program text of each candidate_id that may be chosen.
    """
    read = {position: spec for position, spec in enumerate(specs) if isinstance(spec, ProblemSpec)}
    answers: list[str | None] = [None] * len(specs)
    if read:
        told = [column for column, name in enumerate(NAMES) if name != ESTIMATED]
        features_MF = np.array([features(spec) for spec in read.values()])[:, told]
        taught = replace(training.measured, features=training.measured.features[:, told])
        programs = chosen_programs(replace(training, measured=taught), features_MF, list(read.values()), texts)
        for position, program in zip(read, programs, strict=True):
            answers[position] = program
    return answers


def chosen_programs(
    training: Training, features_MF: NDArray[np.float64], specs: Sequence[AnySpec], texts: Mapping[str, str]
) -> list[str | None]:
    """The program that the forest of some features chooses for each problem; None where no text is known.

    Args:
        training: what the training problems tell, with features like those given.
        texts: program text of each candidate_id that may be chosen.
    """
    known = training.optimizers_left
    candidates = stored_candidates(known)
    selector = fitted(training.measured)
    choices = selector.choices(features_MF, [applying_to(known, spec) for spec in specs])
    answers: list[str | None] = []
    for spec, choice, alike in zip(specs, choices, selector.precedents(features_MF), strict=True):
        best = [training.best_candidates[row].get(choice, "") for row in alike.rows]
        votes: defaultdict[str, float] = defaultdict(float)
        for candidate_id, weight in zip(best, alike.weights, strict=True):
            votes[candidate_id] += weight if candidate_id in texts else 0.0
        chosen = max(votes, key=votes.__getitem__)
        answers.append(texts.get(chosen) or _first_of(choice, candidates, spec))
    return answers


def _first_of(optimizer: str, candidates: Sequence[StoredCandidate], spec: AnySpec) -> str | None:
    """The first candidate of an optimizer that applies to a problem."""
    return next((one.program for one in candidates if one.optimizer == optimizer and not one.declines(spec)), None)
