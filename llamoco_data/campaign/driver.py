"""Runs what is missing in a campaign folder: the one operation behind a start, a resumption and any growth.

The agenda decides what a worker gets next. The loop and the lease are those of every drive.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from llamoco_data.campaign.agenda import Agenda
from llamoco_data.campaign.costs import problem_costs
from llamoco_data.campaign.foresight import Foresight, holds_prior, keep_prior, prior_for
from llamoco_data.campaign.missing import known_indices, open_indices, open_task
from llamoco_data.campaign.repair import repair
from llamoco_data.campaign.spec import (
    CampaignSpec,
    farewell,
    keep_campaign,
    plan_id,
    stored_campaign,
    wanted_campaign,
    without_retired,
)
from llamoco_data.campaign.tally import Tally
from llamoco_data.drive import DriveProgress, Pace, Step, drive, holding
from llamoco_data.execution import Draw, Executor, GivenRuns, Program, Task, applicable, runs_wanted
from llamoco_data.files import Place
from llamoco_data.portfolio import retired
from llamoco_data.portfolio.stored_candidates import StoredCandidate, stored_candidates
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.racing import most_runs, rule_for
from llamoco_data.runs import RunRecord, RunStatus
from llamoco_data.selector import Prior
from llamoco_data.store import Block, Store, StoredProblem, damaged


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call of `run_campaign` ended."""

    progress: DriveProgress
    new_runs_by_status: Mapping[RunStatus, int]
    drained: bool
    """Whether it was asked to stop before the campaign was finished; everything evaluated is in the folder."""


def run_campaign(
    folder: Place,
    spec: CampaignSpec,
    executor: Executor,
    *,
    prior: Prior | None = None,
    report: Callable[[DriveProgress], None] = lambda _: None,
    notice: Callable[[str], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Creates, resumes or grows the campaign in a folder, until nothing is missing or `stop` says so.

    Optimizers of the folder's campaign that have left the portfolio leave its spec; their runs stay, and are ignored.

    Args:
        prior: the prior of a campaign with informed races, where its folder does not hold it yet.
        report: called at the beginning, about five times a second, and at the end.
        notice: called with a line for a person: a damaged file was set aside, another driver is waited for, or
            optimizers leave the campaign.
        stop: asked whenever a worker is free; once it is true no new work is handed out, running slices end within
            about two seconds and a run, and everything that was evaluated is committed.

    Raises:
        LlamocoError: the folder holds another campaign or cannot be written, another driver works on it, or no worker
            can be started. What was evaluated until then is in the folder wherever it can be written.
    """
    spec = without_retired(wanted_campaign(folder, spec))
    stored = stored_campaign(folder)
    if stored is not None and (left := retired(stored.optimizers)):
        notice(farewell(left, folder))
    return run_candidates(
        folder,
        spec,
        stored_candidates(spec.optimizers),
        executor,
        prior=prior,
        report=report,
        notice=notice,
        stop=stop,
    )


def run_candidates(
    folder: Place,
    spec: CampaignSpec,
    candidates: Sequence[StoredCandidate],
    executor: Executor,
    *,
    prior: Prior | None = None,
    report: Callable[[DriveProgress], None] = lambda _: None,
    notice: Callable[[str], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """`run_campaign` with candidates of the caller's own in place of the portfolio's.

    Raises:
        LlamocoError: see `run_campaign`.
    """
    wanted_campaign(folder, spec)
    store, candidates = Store(folder), tuple(candidates)
    prior = prior_for(store.place, spec, prior)
    found = list(damaged(store))
    if not found and holds_prior(store.place, prior) and _is_finished(folder, spec, candidates, store):
        progress = _begin(Foresight(spec, store, prior), candidates).progress(Pace())
        report(progress)
        return Outcome(progress, {}, drained=False)
    with executor.connected(), holding(store.place, notice) as hold:
        keep_campaign(folder, spec)
        store = Store(folder)  # another driver may have ended just now
        keep_prior(store.place, prior)
        foresight = Foresight(spec, store, prior)
        repair(foresight, found, notice)
        campaign = _begin(foresight, candidates)
        driven = drive(campaign, store, executor, hold=hold, report=report, stop=stop)
    return Outcome(driven.progress, driven.by_status, drained=campaign.width > 0)


def _is_finished(folder: Place, spec: CampaignSpec, candidates: tuple[StoredCandidate, ...], store: Store) -> bool:
    """Whether there is nothing to run and nothing to write."""
    if stored_campaign(folder) != spec or store.candidates() != candidates:
        return False
    if len(known_indices(spec, store)) < spec.problems_total:
        return False
    return not open_indices(spec, candidates, store)


@dataclass(slots=True)
class _Campaign:
    """The work that is left of a campaign, and what has come in since the last commit."""

    programs: tuple[Program, ...]
    plan_id: str
    tally: Tally
    agenda: Agenda
    foresight: Foresight
    problems: dict[int, StoredProblem] = field(default_factory=dict)
    """Index -> problem that had new runs or was finished."""
    records: list[RunRecord] = field(default_factory=list)
    complete: list[str] = field(default_factory=list)
    """problem_ids of the problems that were finished."""

    @property
    def width(self) -> int:
        """See `Work`."""
        return self.tally.problems_open

    def next(self) -> Task | None:
        """See `Work`; problems that turn out to have all their runs are passed over."""
        while (task := self.agenda.next()) is not None:
            if isinstance(task.wants, GivenRuns) or isinstance(task.problem, Draw) or runs_wanted(task, self.programs):
                return task
            self.agenda.came_back()
            self._finish(task.index, task.problem)
        return None

    def took(self, step: Step) -> None:
        """See `Work`."""
        self.agenda.came_back()
        task = step.rest
        if not isinstance(task.problem, Draw) and (step.records or step.finished):
            self._keep(task.index, task.problem, step)
        if not step.finished:
            self.agenda.go_on(task, self.tally.left(task.index))
        elif isinstance(task.wants, GivenRuns):
            self.agenda.part_done(task, self.tally.left(task.index))
        elif not isinstance(task.problem, Draw):
            self._finish(task.index, task.problem)

    def block(self) -> Block:
        """See `Work`."""
        return Block(list(self.problems.values()), self.records, self.plan_id, self.complete)

    def committed(self) -> None:
        """See `Work`."""
        self.foresight.forget(self.problems)
        self.problems, self.records, self.complete = {}, [], []

    def progress(self, pace: Pace) -> DriveProgress:
        """See `Work`."""
        return self.tally.progress(pace)

    def _keep(self, index: int, problem: AnySpec, step: Step) -> None:
        if index not in self.problems:
            self.problems[index] = self.foresight.with_precedents(index, problem)
        self.records.extend(step.records)
        for record in step.records:
            self.tally.add(index, record)
        self.tally.expect(index, self._most_runs(step.asked, problem), len(step.asked.records))

    def _most_runs(self, task: Task, problem: AnySpec) -> int:
        rule = rule_for(self.tally.policy, problem.problem_id, task.prospects)
        return most_runs(rule, len(applicable(self.programs, problem)))

    def _finish(self, index: int, problem: AnySpec) -> None:
        self.agenda.finish(index)
        self.tally.finish(index)
        self.complete.append(problem.problem_id)


def _begin(foresight: Foresight, candidates: tuple[StoredCandidate, ...]) -> _Campaign:
    spec, store = foresight.spec, foresight.store
    if store.candidates() != candidates:
        store.commit(Block(candidates=candidates))
    indices = open_indices(spec, candidates, store)
    programs = tuple(program_of(candidate) for candidate in candidates)
    return _Campaign(
        programs=programs,
        plan_id=plan_id(spec, candidates),
        tally=Tally(
            policy=spec.policy,
            problems_total=len(known_indices(spec, store)),
            problems_open=len(indices),
            problems_unbegun=len(indices),
            runs_before=store.num_runs,
            optimizer_of={candidate.candidate_id: candidate.optimizer for candidate in candidates},
        ),
        agenda=Agenda(
            programs=programs,
            open=lambda index: open_task(foresight, candidates, index),
            costs=problem_costs(spec, candidates, store, indices),
        ),
        foresight=foresight,
    )


def program_of(candidate: StoredCandidate) -> Program:
    """The program of a candidate, for an executor."""
    return Program(program_id=candidate.candidate_id, text=candidate.program, limits=candidate.limits)
