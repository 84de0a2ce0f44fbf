"""Runs what is missing in a campaign folder: the one operation behind a start, a resumption and any growth.

Only this process writes to the folder. Wherever a run is made, it is in the folder within seconds of its slice's end.
"""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from llamoco_data.campaign.agenda import Agenda
from llamoco_data.campaign.costs import problem_costs
from llamoco_data.campaign.lease import holding
from llamoco_data.campaign.missing import known_indices, open_indices, open_task
from llamoco_data.campaign.repair import repair
from llamoco_data.campaign.spec import CampaignSpec, keep_campaign, plan_id, stored_campaign, wanted_campaign
from llamoco_data.campaign.tally import Snapshot, Tally
from llamoco_data.execution import Draw, Executor, Lost, Slice, Task, after_loss, after_progress, runs_wanted
from llamoco_data.files import Place
from llamoco_data.portfolio.entrants import Entrant, entrants
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.racing import most_runs
from llamoco_data.runs import RunRecord, RunStatus
from llamoco_data.store import Block, Store, StoredProblem, damaged

BLOCK_S = 10.0
"""A block is committed after this time: what a killed driver loses at most."""
BLOCK_RECORDS = 20_000
"""A block of so many runs is committed at once, so that memory stays bounded: about 60 MB."""
REPORT_S = 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call of `run_campaign` ended."""

    snapshot: Snapshot
    new_runs_by_status: Mapping[RunStatus, int]
    drained: bool
    """Whether it was asked to stop before the campaign was finished; everything evaluated is in the folder."""


def run_campaign(
    folder: Place,
    spec: CampaignSpec,
    executor: Executor,
    *,
    report: Callable[[Snapshot], None] = lambda _: None,
    notice: Callable[[str], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Creates, resumes or grows the campaign in a folder, until nothing is missing or `stop` says so.

    Args:
        report: called at the beginning, about five times a second, and at the end.
        notice: called with a line for a person: a damaged file was set aside, or another driver is waited for.
        stop: asked whenever a worker is free; once it is true no new work is handed out, running slices end within
            about two seconds and a run, and everything that was evaluated is committed.

    Raises:
        LlamocoError: the folder holds another campaign or cannot be written, another driver works on it, or no worker
            can be started. What was evaluated until then is in the folder wherever it can be written.
    """
    wanted_campaign(folder, spec)
    return run_entrants(folder, spec, entrants(spec.optimizers), executor, report=report, notice=notice, stop=stop)


def run_entrants(
    folder: Place,
    spec: CampaignSpec,
    candidates: Sequence[Entrant],
    executor: Executor,
    *,
    report: Callable[[Snapshot], None] = lambda _: None,
    notice: Callable[[str], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """`run_campaign` with candidates of the caller's own in place of the portfolio's.

    Raises:
        LlamocoError: see `run_campaign`.
    """
    wanted_campaign(folder, spec)
    store, candidates = Store(folder), tuple(candidates)
    found = list(damaged(store))
    if not found and _is_finished(folder, spec, candidates, store):
        snapshot = _begin(spec, candidates, store, stop).tally.snapshot()
        report(snapshot)
        return Outcome(snapshot, {}, drained=False)
    with executor.connected(), holding(store.place, notice) as hold:
        keep_campaign(folder, spec)
        store = Store(folder)  # another driver may have ended just now
        repair(spec, store, found, notice)
        drive = _begin(spec, candidates, store, lambda: bool(hold.taken_by) or stop())
        _run_what_is_missing(drive, store, executor, report)
        hold.check()
    return Outcome(drive.tally.snapshot(), dict(drive.tally.by_status), drained=drive.tally.problems_open > 0)


def _is_finished(folder: Place, spec: CampaignSpec, candidates: tuple[Entrant, ...], store: Store) -> bool:
    """Whether there is nothing to run and nothing to write."""
    if stored_campaign(folder) != spec or store.entrants() != candidates:
        return False
    if len(known_indices(spec, store)) < spec.problems_total:
        return False
    return not open_indices(spec, candidates, store)


def _run_what_is_missing(drive: "_Drive", store: Store, executor: Executor, report: Callable[[Snapshot], None]) -> None:
    report(drive.tally.snapshot())
    reported = time.monotonic()
    try:
        if drive.tally.problems_open:
            work = executor.run(drive.candidates, drive.pending, drive.tally.problems_open)
            with contextlib.closing(work) as slices:
                for end in slices:
                    if end is not None:
                        drive.take(end)
                    if drive.block.is_due():
                        drive.block.commit(store)
                    if time.monotonic() - reported >= REPORT_S:
                        report(drive.tally.snapshot())
                        reported = time.monotonic()
    finally:
        drive.block.commit(store)
    report(drive.tally.snapshot())


def _begin(spec: CampaignSpec, candidates: tuple[Entrant, ...], store: Store, stop: Callable[[], bool]) -> "_Drive":
    if store.entrants() != candidates:
        store.commit(Block(entrants=candidates))
    indices = open_indices(spec, candidates, store)
    tally = Tally(
        problems_total=len(known_indices(spec, store)),
        problems_open=len(indices),
        problems_unbegun=len(indices),
        runs_before=store.num_runs,
        most_runs_each=most_runs(spec.policy, len(candidates)),
        optimizer_of={candidate.candidate_id: candidate.optimizer for candidate in candidates},
    )
    agenda = Agenda(
        entrants=candidates,
        open=lambda index: open_task(spec, candidates, store, index),
        costs=problem_costs(spec, candidates, store, indices),
    )
    return _Drive(candidates, stop, tally, _Uncommitted(plan_id(spec, candidates)), agenda)


@dataclass(slots=True)
class _Uncommitted:
    """The next block."""

    plan_id: str
    problems: dict[int, StoredProblem] = field(default_factory=dict)
    records: list[RunRecord] = field(default_factory=list)
    complete: list[str] = field(default_factory=list)
    committed: float = field(default_factory=time.monotonic)

    def is_due(self) -> bool:
        return time.monotonic() - self.committed >= BLOCK_S or len(self.records) >= BLOCK_RECORDS

    def commit(self, store: Store) -> None:
        store.commit(Block(list(self.problems.values()), self.records, self.plan_id, self.complete))
        self.problems, self.records, self.complete = {}, [], []
        self.committed = time.monotonic()


@dataclass(slots=True)
class _Drive:
    """The state of one call: what is still to do, what was done, and what of it is not yet committed."""

    candidates: tuple[Entrant, ...]
    stop: Callable[[], bool]
    tally: Tally
    block: _Uncommitted
    agenda: Agenda

    def pending(self) -> Task | None:
        """The next task, unless it was asked to stop."""
        self.tally.ready()
        if self.stop():
            return None
        while (task := self.agenda.next()) is not None:
            if task.runs or isinstance(task.problem, Draw) or runs_wanted(task, self.candidates):
                return task
            self.agenda.came_back()
            self._finish(task.index, task.problem)
        return None

    def take(self, end: Slice) -> None:
        """Keeps what a slice gave, and lines up the rest of its problem."""
        self.agenda.came_back()
        task, result = end.task, end.result
        if isinstance(result, Lost):
            task, record = after_loss(task, result, self.candidates)
            if record is not None and not isinstance(task.problem, Draw):
                self._keep(task.index, task.problem, [record])
            self._line_up(task, finished=bool(task.runs and not runs_wanted(task, self.candidates)))
            return
        self.tally.expect(task, result)
        self._keep(task.index, result.problem, result.records)
        self._line_up(after_progress(task, result), finished=result.finished)

    def _line_up(self, task: Task, *, finished: bool) -> None:
        """Says what is to become of a task and of its problem."""
        if not finished:
            self.agenda.go_on(task, self.tally.left(task))
        elif task.runs:
            self.agenda.part_done(task, self.tally.left(task))
        elif not isinstance(task.problem, Draw):
            self._finish(task.index, task.problem)

    def _keep(self, index: int, problem: AnySpec, records: Sequence[RunRecord]) -> None:
        self.block.problems.setdefault(index, StoredProblem(index=index, spec=problem))
        self.block.records.extend(records)
        for record in records:
            self.tally.add(index, record)

    def _finish(self, index: int, problem: AnySpec) -> None:
        self.agenda.finish(index)
        self.tally.finish(index)
        self.block.complete.append(problem.problem_id)
