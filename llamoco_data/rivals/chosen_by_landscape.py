"""The rival `landscape`: it samples a problem, and a forest chooses by features of the values. It runs no optimizer.

The sample is part of the program, which spends it first, so that its evaluations count against the budget.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from llamoco_data.portfolio.rendering import Setting, program_with
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.rivals.landscape import landscape_features
from llamoco_data.rivals.texts import Part, heading, in_turn, text_of
from llamoco_data.scoring.cases import Export
from llamoco_data.scoring.forest import chosen_programs
from llamoco_data.scoring.naming import Names
from llamoco_data.texts import execute

POINTS_PER_DIMENSION = 50
"""Size of the sample by the number of variables (Kerschke et al., GECCO 2016: low-budget landscape analysis)."""
MOST_SHARE = 0.5
"""Largest share of the budget that the sample may take."""


def landscape_programs(export: Export, names: Names, seed: int) -> dict[str, str]:
    """problem_id -> program that samples first, and then runs what the forest of landscape features chooses.

    None at all with too few training problems. Problems of users are evaluated too, so their code runs here.
    """
    if export.training is None:
        return {}
    sampling = Sampling(seed)
    training = export.training
    measured = replace(
        training.measured, features=np.array([sampling.features(spec, spec.max_evaluations) for spec in training.specs])
    )
    specs = [case.spec for case in export.cases.values()]
    features_MF = np.array([sampling.features(spec, spec.max_evaluations - sample_size(spec)) for spec in specs])
    texts = chosen_programs(replace(training, measured=measured), features_MF, specs, names.texts)
    return {spec.problem_id: sampling.then(text, spec) for spec, text in zip(specs, texts, strict=True) if text}


def sample_size(spec: AnySpec) -> int:
    """50 evaluations a dimension, and at most half of the budget, rounded down."""
    return min(POINTS_PER_DIMENSION * spec.dimension, int(MOST_SHARE * spec.max_evaluations))


@dataclass(frozen=True, slots=True)
class Sampling:
    """Samples of problems that were drawn with one seed, and what is known of them."""

    seed: int
    _known: dict[tuple[str, int], NDArray[np.float64]] = field(default_factory=dict)
    """Features by the problem without its budget, and the size of the sample: smaller budgets share them."""

    @property
    def text(self) -> str:
        """The program that draws the sample."""
        settings: dict[str, Setting] = {"SAMPLE_SEED": self.seed}
        return program_with(text_of("latin_hypercube"), "latin_hypercube", settings)

    def features(self, spec: AnySpec, evaluations: int) -> NDArray[np.float64]:
        """Of the landscape, then dimension, evaluations, constraints, and the feasible share of the sample.

        Args:
            evaluations: what an optimizer may spend.
        """
        size = max(sample_size(spec), 1)
        key = spec.model_copy(update={"max_evaluations": size}).problem_id, size
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._sampled(spec, size)
        told = [np.log10(spec.dimension), np.log10(max(evaluations, 1)), np.log10(max(evaluations, 1) / spec.dimension)]
        return np.concatenate([known, told, [spec.num_inequality, spec.num_equality]])

    def _sampled(self, spec: AnySpec, size: int) -> NDArray[np.float64]:
        """Features of the landscape, and the feasible share of the sample (Malan et al., 2015)."""
        problem = build(spec)
        points: list[NDArray[np.float64]] = []
        values: list[float] = []

        def watched(x: NDArray[np.float64]) -> float:
            points.append(x)
            values.append(problem.objective(x))
            return values[-1]

        executed = execute(self.text, "program")
        minimize = executed.names["minimize"]
        assert callable(minimize), "a program defines it"
        minimize(watched, problem.lower, problem.upper, size, 0)
        executed.forget()
        feasible = float(np.mean([problem.violation(x) == 0.0 for x in points]))
        u_ND = (np.array(points) - problem.lower) / (problem.upper - problem.lower)
        return np.append(landscape_features(u_ND, np.array(values)), feasible)

    def then(self, text: str, spec: AnySpec) -> str:
        """The program that draws the sample, and then runs another with the rest of the budget."""
        size = sample_size(spec)
        short = "" if size == POINTS_PER_DIMENSION * spec.dimension else ", half of the short budget"
        title = (
            f"{heading(text)}\n\nIt was chosen by landscape features of the {size} points that the first method draws"
            f"{short}.\n"
        )
        return in_turn(title, [Part(self.text, size / spec.max_evaluations), Part(text, 1.0)])
