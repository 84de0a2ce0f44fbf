"""What is in a campaign folder, what is missing, and what the missing runs will cost; it changes nothing."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llamoco_data.campaign.costs import FLOOR_S, evaluation_s
from llamoco_data.campaign.foresight import Foresight, prior_for
from llamoco_data.campaign.missing import open_indices, open_task
from llamoco_data.campaign.removals import Removal, removals, runs_of
from llamoco_data.campaign.spec import (
    CampaignSpec,
    load_campaign,
    plan_id,
    stored_campaign,
    wanted_campaign,
    without_retired,
)
from llamoco_data.execution import drawn
from llamoco_data.files import Place
from llamoco_data.portfolio import retired
from llamoco_data.portfolio.stored_candidates import optimizers_of, stored_candidates
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.suites import is_of_suite
from llamoco_data.racing import Exhaustive, outlook
from llamoco_data.runs import RunStatus
from llamoco_data.selector import Prior
from llamoco_data.store import RunTotals, Store, run_totals

COUNTED_PROBLEMS = 300
"""Most open problems that a plan looks at; of more it takes an even sample."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign still needs."""

    spec: CampaignSpec
    problems_total: int
    problems_missing: int
    """Problems that lack at least one run; an estimate where a plan took a sample."""
    runs_missing: int
    runs_missing_by_optimizer: Mapping[str, int]
    core_hours: float
    """Estimated processor time of the missing runs."""
    core_hours_by_optimizer: Mapping[str, float]
    exact: bool
    """Whether the missing runs were counted, and not estimated from a sample of the problems or for a race."""
    retired: tuple[str, ...]
    """Optimizers of the folder's campaign that have left the portfolio: it would go on without them."""
    measured: tuple[str, ...]
    """Optimizers whose cost was measured in the folder; for the others it is the catalogue's."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a campaign folder holds."""

    spec: CampaignSpec
    problems_total: int
    num_real: int
    """Problems of suites."""
    problems_stored: int
    """Problems with at least one run."""
    problems_complete: int
    """Problems with every run that the policy asks for."""
    runs_by_status: Mapping[RunStatus, int]
    runs_by_optimizer: Mapping[str, int]
    declined: int
    """Pairs of a stored problem and a candidate that does not apply to it."""
    evaluations: int
    cpu_hours: float
    removed: tuple[Removal, ...]
    """Users' own problems that were taken out; their runs are counted above."""
    num_removed_runs: int
    num_files: int
    size_bytes: int


def plan(folder: Place, spec: CampaignSpec, prior: Prior | None = None) -> Plan:
    """What `run_campaign` would do with the same folder, spec and prior; the folder need not exist.

    It takes up to a minute for a new campaign of hundreds of problems, which have to be drawn.

    Raises:
        LlamocoError: the folder holds another campaign, or is damaged.
    """
    spec, stored = without_retired(wanted_campaign(folder, spec)), stored_campaign(folder)
    store, candidates = Store(folder), stored_candidates(spec.optimizers)
    foresight = Foresight(spec, store, prior_for(store.place, spec, prior))
    optimizer = {candidate.candidate_id: candidate.optimizer for candidate in candidates}
    measured = _seconds_per_evaluation(run_totals(store), optimizer)
    indices = open_indices(spec, candidates, store)
    step = max(1, -(-len(indices) // COUNTED_PROBLEMS))
    runs: dict[str, float] = defaultdict(float)
    seconds: dict[str, float] = defaultdict(float)
    missing = 0
    foresight.look_ahead(indices[::step])
    for index in indices[::step]:
        task = open_task(foresight, candidates, index)
        problem = drawn(task.problem)
        applying = optimizers_of(candidates, problem)
        expected = outlook(spec.policy, problem.problem_id, applying, task.records, task.prospects)
        missing += bool(expected)
        for candidate_id, num_runs in expected.items():
            name = optimizer[candidate_id]
            each_s = measured.get(name, evaluation_s(name))
            runs[name] += num_runs
            seconds[name] += num_runs * (each_s * problem.max_evaluations + FLOOR_S)
    scale = len(indices) / max(len(indices[::step]), 1)
    by_optimizer = {name: round(runs[name] * scale) for name in spec.optimizers if round(runs[name] * scale)}
    hours = {name: seconds[name] * scale / 3600 for name in by_optimizer}
    return Plan(
        spec=spec,
        problems_total=spec.problems_total,
        problems_missing=round(missing * scale),
        runs_missing=sum(by_optimizer.values()),
        runs_missing_by_optimizer=by_optimizer,
        core_hours=sum(hours.values()),
        core_hours_by_optimizer=hours,
        exact=step == 1 and isinstance(spec.policy, Exhaustive),
        retired=retired(stored.optimizers) if stored else (),
        measured=tuple(name for name in spec.optimizers if name in measured),
    )


def status(folder: Place) -> Status:
    """What is in a campaign folder.

    Raises:
        LlamocoError: the folder holds no campaign, or is damaged.
    """
    spec, store = load_campaign(folder), Store(folder)
    candidates = store.candidates()
    optimizer = {candidate.candidate_id: candidate.optimizer for candidate in candidates}
    totals = [total for total in run_totals(store) if total.candidate_id in optimizer]
    by_status: Counter[RunStatus] = Counter()
    by_optimizer: Counter[str] = Counter()
    for total in totals:
        by_status[total.status] += total.num_runs
        by_optimizer[optimizer[total.candidate_id]] += total.num_runs
    complete = store.complete(plan_id(spec, candidates))
    ids = [store.problem_id(index) for index in store.indices() if spec.holds(index)]
    problems = [store.problem(problem_id) for problem_id in ids if problem_id is not None]
    removed = removals(store.place, spec)
    return Status(
        spec=spec,
        problems_total=spec.problems_total,
        num_real=sum(
            isinstance(problem, OwnProblemSpec) and is_of_suite(problem.source, spec.real_titles)
            for problem in problems
        ),
        problems_stored=len(ids),
        problems_complete=sum(problem_id in complete for problem_id in ids),
        runs_by_status=dict(by_status),
        runs_by_optimizer=dict(by_optimizer),
        declined=sum(len(candidates) - len(optimizers_of(candidates, problem)) for problem in problems),
        evaluations=sum(total.evaluations for total in totals),
        cpu_hours=sum(total.cpu_s for total in totals) / 3600,
        removed=removed,
        num_removed_runs=runs_of(store, removed),
        num_files=len(store.files),
        size_bytes=sum(file.size_bytes for file in store.files),
    )


def _seconds_per_evaluation(totals: Sequence[RunTotals], optimizer: Mapping[str, str]) -> dict[str, float]:
    """Optimizer -> processor seconds per evaluation, overhead included, where the folder has runs of it."""
    evaluations: Counter[str] = Counter()
    cpu_s: dict[str, float] = defaultdict(float)
    for total in totals:
        if total.evaluations and (name := optimizer.get(total.candidate_id)):
            evaluations[name] += total.evaluations
            cpu_s[name] += total.cpu_s
    return {name: cpu_s[name] / evaluations[name] for name in evaluations}
