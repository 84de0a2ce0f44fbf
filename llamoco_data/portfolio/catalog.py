"""The portfolio: which optimizers there are, with which settings, and where each of them does not apply.

An optimizer is one program file in `programs` and one entry here; the order of the entries breaks the last ties.
"""

import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from llamoco_data.identity import Record, digest
from llamoco_data.portfolio.limits import Limits
from llamoco_data.portfolio.rendering import Setting, program_text
from llamoco_data.problems.own_spec import AnySpec

OptimizerFamily = Literal[
    "genetic algorithm",
    "differential evolution",
    "particle swarm",
    "evolution strategy",
    "bayesian optimization",
    "local search",
    "numerical optimization",
    "hybrid",
    "baseline",
]
"""The seven families of Ma et al. (arXiv 2403.01131); chained optimizers: a global search, then local searches around
its best point; and the floor for every winner."""

BASELINE = "random_search"


@dataclass(frozen=True, slots=True)
class Optimizer:
    """One optimizer of the portfolio."""

    name: str
    """Its program file, without the ending."""
    title: str
    family: OptimizerFamily
    library: str
    """Package that implements the method, or `numpy` where the program spells it out."""
    grid: Mapping[str, tuple[Setting, ...]] = field(default_factory=dict)
    """Values to try for each named constant of the program, with a candidate for each combination.

    The first values, which did best on problems set aside, represent the optimizer at the beginning of a race.
    """
    takes_constraints: bool = False
    needs_constraints: bool = False
    """Whether it only applies to constrained problems.

    On others it would be the same as another optimizer of the portfolio, or much slower than one.
    """
    follows_budget: bool = False
    """Whether its course depends on the whole budget: a schedule, a share for each phase, a shrinking population."""
    min_evaluations_per_dimension: float = 0.0
    """Least budget divided by D with which the method can work."""
    max_evaluations: int | None = None
    """Largest budget that the method is made for; beyond it, it takes too much time."""
    max_dimension: int | None = None
    cost_us: float = 10.0
    """Processor microseconds an evaluation beyond the objective, at D = 10, for estimates before any measurement."""

    def declines(self, spec: AnySpec) -> str:
        """Why the optimizer does not apply to a problem; empty where it does."""
        reason = self.limits.declines(spec)
        return f"{self.title} {reason}" if reason else ""

    @property
    def limits(self) -> Limits:
        return Limits(
            takes_constraints=self.takes_constraints,
            needs_constraints=self.needs_constraints,
            follows_budget=self.follows_budget,
            min_evaluations_per_dimension=self.min_evaluations_per_dimension,
            max_evaluations=self.max_evaluations,
            max_dimension=self.max_dimension,
        )


class Candidate(Record):
    """An optimizer with its settings."""

    optimizer: str
    settings: dict[str, Setting]

    @functools.cached_property
    def candidate_id(self) -> str:
        """Digest of the program text: a changed program is another candidate."""
        return digest(program_text(self.optimizer, self.settings))

    @property
    def family(self) -> OptimizerFamily:
        return OPTIMIZER_BY_NAME[self.optimizer].family


def portfolio(optimizers: tuple[str, ...] = ()) -> tuple[Candidate, ...]:
    """Every candidate of the named optimizers, or of all, in the order of the catalogue.

    Raises:
        KeyError: no optimizer has one of the names.
    """
    chosen = [OPTIMIZER_BY_NAME[name] for name in optimizers] if optimizers else OPTIMIZERS
    return tuple(
        Candidate(optimizer=optimizer.name, settings=dict(zip(optimizer.grid, values, strict=True)))
        for optimizer in sorted(chosen, key=OPTIMIZERS.index)
        for values in itertools.product(*optimizer.grid.values())
    )


def render(candidate: Candidate, spec: AnySpec) -> str:
    """The program text of a candidate for a problem: the text that is run and, to the byte, taught.

    Today's programs read dimension, budget and constraints from their arguments, so the text is the same for every
    problem; callers must not rely on that.

    Raises:
        LlamocoError: there is no such program, or its text does not define one of the settings.
    """
    del spec
    return program_text(candidate.optimizer, candidate.settings)


OPTIMIZERS: tuple[Optimizer, ...] = (
    Optimizer(
        name="slsqp",
        title="SLSQP with restarts",
        family="numerical optimization",
        library="scipy",
        grid={"DIFFERENCE_STEP": (1e-8, 1e-3)},
        takes_constraints=True,
        cost_us=20.0,
    ),
    Optimizer(
        name="trust_constr",
        title="Trust-region interior point with restarts",
        family="numerical optimization",
        library="scipy",
        takes_constraints=True,
        needs_constraints=True,
        max_evaluations=5_000,
        min_evaluations_per_dimension=3.0,
        max_dimension=20,
        cost_us=150.0,
    ),
    Optimizer(
        name="bobyqa",
        title="BOBYQA with restarts",
        family="numerical optimization",
        library="nlopt",
        grid={"INITIAL_STEP": (0.4, 0.05)},
        cost_us=27.0,
    ),
    Optimizer(
        name="lbfgsb",
        title="L-BFGS-B with restarts",
        family="numerical optimization",
        library="scipy",
        min_evaluations_per_dimension=3.0,
        cost_us=9.0,
    ),
    Optimizer(
        name="cobyla",
        title="COBYLA with restarts",
        family="numerical optimization",
        library="nlopt",
        grid={"INITIAL_STEP": (0.4, 0.1)},
        takes_constraints=True,
        max_dimension=20,
        cost_us=24.0,
    ),
    Optimizer(
        name="nelder_mead",
        title="Nelder-Mead with restarts",
        family="local search",
        library="nlopt",
        grid={"INITIAL_STEP": (0.5, 0.2, 0.05)},
        cost_us=2.6,
    ),
    Optimizer(
        name="sbplx",
        title="Subplex with restarts",
        family="local search",
        library="nlopt",
        grid={"INITIAL_STEP": (0.4, 0.05)},
        cost_us=4.0,
    ),
    Optimizer(
        name="powell",
        title="Powell's direction set with restarts",
        family="local search",
        library="scipy",
        grid={"LINE_TOLERANCE": (1e-2, 1e-4)},
        min_evaluations_per_dimension=10.0,
        cost_us=20.0,
    ),
    Optimizer(
        name="pattern_search",
        title="Pattern search with restarts",
        family="local search",
        library="numpy",
        grid={"DIRECTIONS": ("axes", "random"), "INITIAL_STEP": (0.25, 0.05)},
        takes_constraints=True,
        cost_us=10.0,
    ),
    Optimizer(
        name="dual_annealing",
        title="Dual annealing",
        family="local search",
        library="scipy",
        grid={"VISIT": (2.62, 2.2)},
        cost_us=32.0,
    ),
    Optimizer(
        name="basin_hopping",
        title="Basin hopping",
        family="local search",
        library="scipy",
        grid={"STEP": (0.2, 0.05)},
        min_evaluations_per_dimension=5.0,
        cost_us=10.0,
    ),
    Optimizer(
        name="simulated_annealing",
        title="Simulated annealing",
        family="local search",
        library="numpy",
        grid={"ANNEALINGS": (1, 4), "HOTTEST": (0.1, 1.0)},
        takes_constraints=True,
        follows_budget=True,
        cost_us=9.0,
    ),
    Optimizer(
        name="crs2",
        title="Controlled random search with restarts",
        family="local search",
        library="numpy",
        takes_constraints=True,
        min_evaluations_per_dimension=20.0,
        cost_us=17.0,
    ),
    Optimizer(
        name="direct",
        title="DIRECT, then Nelder-Mead",
        family="local search",
        library="nlopt",
        grid={"LOCALLY_BIASED": (False, True), "GLOBAL_SHARE": (0.9, 0.5)},
        follows_budget=True,
        cost_us=5.0,
    ),
    Optimizer(
        name="bayesian_optimization",
        title="Bayesian optimization",
        family="bayesian optimization",
        library="scipy",
        grid={"INITIAL_POINTS": (2, 4)},
        follows_budget=True,
        max_evaluations=300,
        min_evaluations_per_dimension=5.0,
        max_dimension=20,
        cost_us=9_000.0,
    ),
    Optimizer(
        name="bipop_cma_es",
        title="BIPOP-CMA-ES",
        family="evolution strategy",
        library="minionpy",
        grid={"INITIAL_STEP": (0.3, 0.1)},
        min_evaluations_per_dimension=10.0,
        cost_us=8.0,
    ),
    Optimizer(
        name="cma_es",
        title="CMA-ES with doubled populations",
        family="evolution strategy",
        library="minionpy",
        grid={"INITIAL_STEP": (0.3, 0.1), "POPULATION_FACTOR": (1.0, 3.0)},
        min_evaluations_per_dimension=10.0,
        cost_us=8.0,
    ),
    Optimizer(
        name="sep_cma_es",
        title="Separable CMA-ES with doubled populations",
        family="evolution strategy",
        library="numpy",
        grid={"INITIAL_STEP": (0.3, 0.1), "POPULATION_FACTOR": (1.0, 3.0)},
        min_evaluations_per_dimension=10.0,
        cost_us=8.0,
    ),
    Optimizer(
        name="al_cma_es",
        title="CMA-ES with an augmented Lagrangian",
        family="evolution strategy",
        library="numpy",
        grid={"INITIAL_STEP": (0.3, 0.1), "POPULATION_FACTOR": (1.0, 2.0)},
        takes_constraints=True,
        needs_constraints=True,
        min_evaluations_per_dimension=20.0,
        cost_us=25.0,
    ),
    Optimizer(
        name="one_plus_one_es",
        title="(1+1)-ES with the one-fifth rule",
        family="evolution strategy",
        library="numpy",
        grid={"INITIAL_STEP": (0.2, 0.5), "SMALLEST_STEP": (1e-10, 1e-5)},
        takes_constraints=True,
        cost_us=7.8,
    ),
    Optimizer(
        name="lshade",
        title="L-SHADE",
        family="differential evolution",
        library="minionpy",
        follows_budget=True,
        min_evaluations_per_dimension=20.0,
        cost_us=1.6,
    ),
    Optimizer(
        name="jade",
        title="JADE",
        family="differential evolution",
        library="minionpy",
        min_evaluations_per_dimension=20.0,
        cost_us=2.6,
    ),
    Optimizer(
        name="arrde",
        title="ARRDE",
        family="differential evolution",
        library="minionpy",
        grid={"POPULATION_PER_DIMENSION": (0, 5)},
        follows_budget=True,
        min_evaluations_per_dimension=20.0,
        cost_us=4.0,
    ),
    Optimizer(
        name="de",
        title="Differential evolution",
        family="differential evolution",
        library="numpy",
        grid={"STRATEGY": ("rand1bin", "best1bin"), "CR": (0.9, 0.2)},
        takes_constraints=True,
        min_evaluations_per_dimension=20.0,
        cost_us=8.8,
    ),
    Optimizer(
        name="epsilon_de",
        title="Epsilon-constrained differential evolution",
        family="differential evolution",
        library="numpy",
        takes_constraints=True,
        needs_constraints=True,
        follows_budget=True,
        min_evaluations_per_dimension=20.0,
        cost_us=11.0,
    ),
    Optimizer(
        name="pso",
        title="Particle swarm",
        family="particle swarm",
        library="numpy",
        grid={"INERTIA": (0.5, 0.7298)},
        takes_constraints=True,
        min_evaluations_per_dimension=20.0,
        cost_us=4.6,
    ),
    Optimizer(
        name="ga",
        title="Real-coded genetic algorithm",
        family="genetic algorithm",
        library="numpy",
        takes_constraints=True,
        min_evaluations_per_dimension=20.0,
        cost_us=5.0,
    ),
    Optimizer(
        name="lshade_bobyqa",
        title="L-SHADE, then BOBYQA",
        family="hybrid",
        library="nlopt",
        grid={"GLOBAL_SHARE": (0.6, 0.8), "LOCAL_STEP": (0.1, 0.02)},
        follows_budget=True,
        min_evaluations_per_dimension=20.0,
        cost_us=12.0,
    ),
    Optimizer(
        name="lshade_slsqp",
        title="L-SHADE, then SLSQP",
        family="hybrid",
        library="scipy",
        grid={"GLOBAL_SHARE": (0.6, 0.8)},
        follows_budget=True,
        min_evaluations_per_dimension=20.0,
        cost_us=9.0,
    ),
    Optimizer(
        name="lshade_nelder_mead",
        title="L-SHADE, then Nelder-Mead",
        family="hybrid",
        library="nlopt",
        follows_budget=True,
        min_evaluations_per_dimension=20.0,
        cost_us=3.0,
    ),
    Optimizer(
        name="bipop_cma_es_bobyqa",
        title="BIPOP-CMA-ES, then BOBYQA",
        family="hybrid",
        library="nlopt",
        grid={"GLOBAL_SHARE": (0.6, 0.4)},
        follows_budget=True,
        min_evaluations_per_dimension=10.0,
        cost_us=16.0,
    ),
    Optimizer(
        name="bipop_cma_es_lbfgsb",
        title="BIPOP-CMA-ES, then L-BFGS-B",
        family="hybrid",
        library="scipy",
        grid={"GLOBAL_SHARE": (0.6, 0.4)},
        follows_budget=True,
        min_evaluations_per_dimension=10.0,
        cost_us=9.0,
    ),
    Optimizer(
        name="bipop_cma_es_nelder_mead",
        title="BIPOP-CMA-ES, then Nelder-Mead",
        family="hybrid",
        library="nlopt",
        follows_budget=True,
        min_evaluations_per_dimension=10.0,
        cost_us=6.0,
    ),
    Optimizer(
        name="simulated_annealing_bobyqa",
        title="Simulated annealing, then BOBYQA",
        family="hybrid",
        library="nlopt",
        grid={"GLOBAL_SHARE": (0.6, 0.8)},
        follows_budget=True,
        min_evaluations_per_dimension=10.0,
        cost_us=16.0,
    ),
    Optimizer(
        name="direct_bobyqa",
        title="DIRECT, then BOBYQA",
        family="hybrid",
        library="nlopt",
        grid={"LOCALLY_BIASED": (False, True), "GLOBAL_SHARE": (0.3, 0.6)},
        follows_budget=True,
        min_evaluations_per_dimension=10.0,
        cost_us=16.0,
    ),
    Optimizer(
        name="direct_slsqp",
        title="DIRECT, then SLSQP",
        family="hybrid",
        library="scipy",
        grid={"LOCALLY_BIASED": (False, True), "GLOBAL_SHARE": (0.3, 0.6)},
        follows_budget=True,
        min_evaluations_per_dimension=10.0,
        cost_us=10.0,
    ),
    Optimizer(
        name="pattern_search_bobyqa",
        title="Pattern search, then BOBYQA",
        family="hybrid",
        library="nlopt",
        grid={"GLOBAL_SHARE": (0.3, 0.6)},
        follows_budget=True,
        min_evaluations_per_dimension=10.0,
        cost_us=16.0,
    ),
    Optimizer(
        name="pattern_search_nelder_mead",
        title="Pattern search, then Nelder-Mead",
        family="hybrid",
        library="nlopt",
        grid={"GLOBAL_SHARE": (0.6, 0.3)},
        follows_budget=True,
        min_evaluations_per_dimension=10.0,
        cost_us=7.0,
    ),
    Optimizer(
        name="epsilon_de_slsqp",
        title="Epsilon-constrained DE, then SLSQP",
        family="hybrid",
        library="scipy",
        grid={"GLOBAL_SHARE": (0.5, 0.3)},
        takes_constraints=True,
        needs_constraints=True,
        follows_budget=True,
        cost_us=75.0,
    ),
    Optimizer(
        name="sampling_slsqp",
        title="Random sample, then SLSQP from its best points",
        family="hybrid",
        library="scipy",
        grid={"SAMPLE_SHARE": (0.1, 0.03)},
        takes_constraints=True,
        needs_constraints=True,
        follows_budget=True,
        cost_us=75.0,
    ),
    Optimizer(
        name="sampling_cobyla",
        title="Random sample, then COBYLA from its best points",
        family="hybrid",
        library="nlopt",
        grid={"SAMPLE_SHARE": (0.1, 0.03)},
        takes_constraints=True,
        needs_constraints=True,
        follows_budget=True,
        max_dimension=20,
        cost_us=45.0,
    ),
    Optimizer(
        name=BASELINE,
        title="Random search",
        family="baseline",
        library="numpy",
        takes_constraints=True,
        cost_us=3.5,
    ),
)
OPTIMIZER_BY_NAME: Mapping[str, Optimizer] = MappingProxyType({optimizer.name: optimizer for optimizer in OPTIMIZERS})
