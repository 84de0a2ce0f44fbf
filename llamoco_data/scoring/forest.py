"""The contender `statement forest`: the selector, fitted on the training rows of an export. Nothing is run here.

It chooses the optimizer with the best expected score, and the settings that most often stood best on similar problems.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from llamoco_data.portfolio.stored_candidates import StoredCandidate, stored_candidates
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.selector import Training, applying_to, features, fitted


def foreseen(training: Training, specs: Sequence[AnySpec], texts: Mapping[str, str]) -> list[str | None]:
    """The program that the forest chooses for each problem; None for a user's own, and where no text is known.

    Args:
        texts: program text of each candidate_id that may be chosen.
    """
    asked = [position for position, spec in enumerate(specs) if isinstance(spec, ProblemSpec)]
    answers: list[str | None] = [None] * len(specs)
    if not asked:
        return answers
    known = training.optimizers_left
    candidates = stored_candidates(known)
    selector = fitted(training.measured)
    features_MF = np.array([features(spec) for spec in specs if isinstance(spec, ProblemSpec)])
    applying = [applying_to(known, specs[position]) for position in asked]
    choices = selector.choices(features_MF, applying)
    for position, choice, alike in zip(asked, choices, selector.precedents(features_MF), strict=True):
        best = [training.best_candidates[row].get(choice, "") for row in alike.rows]
        votes: defaultdict[str, float] = defaultdict(float)
        for candidate_id, weight in zip(best, alike.weights, strict=True):
            votes[candidate_id] += weight if candidate_id in texts else 0.0
        chosen = max(votes, key=votes.__getitem__)
        answers[position] = texts.get(chosen) or _first_of(choice, candidates, specs[position])
    return answers


def _first_of(optimizer: str, candidates: Sequence[StoredCandidate], spec: AnySpec) -> str | None:
    """The first candidate of an optimizer that applies to a problem."""
    return next((one.program for one in candidates if one.optimizer == optimizer and not one.declines(spec)), None)
