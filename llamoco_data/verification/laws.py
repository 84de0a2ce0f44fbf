# pyright: reportUnknownParameterType=false
"""Checks one problem of a campaign and its runs against the campaign's spec; it makes no run."""

from collections.abc import Iterator, Sequence

from llamoco_data.campaign import CampaignSpec
from llamoco_data.campaign.foresight import Foresight
from llamoco_data.campaign.spec import plan_id
from llamoco_data.plurals import counted
from llamoco_data.portfolio.stored_candidates import StoredCandidate, optimizers_of
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.problems.sampling import sample
from llamoco_data.racing import next_runs
from llamoco_data.runs import RunRecord, run_seed
from llamoco_data.store import Store, StoredProblem
from llamoco_data.store.tables import runs_from
from llamoco_data.verification.finding import Finding

_OTHER_RELEASE = (
    "go on with the release that drew it; if that release draws another problem, restore the folder from a copy"
)
_STRANGE = "it was not written by this program; restore the folder from a copy"


def check_drawing(spec: CampaignSpec, index: int, problem: AnySpec) -> Iterator[Finding]:
    """Checks that mixture, seed and index give this very problem. Takes about 5 ms."""
    drawn = sample(spec.mixture, spec.seed, index).problem_id
    if drawn != problem.problem_id:
        what = f"is not what mixture, seed and index {index} draw, {drawn}"
        yield Finding(where=f"problem {problem.problem_id}", what=what, advice=_OTHER_RELEASE)


def check_runs(
    foresight: Foresight, candidates: Sequence[StoredCandidate], index: int, problem: AnySpec
) -> Iterator[Finding]:
    """Checks the runs of a problem: stored once, with the campaign's seeds and budget, and complete if the log says so.

    Raises:
        LlamocoError: a file of the problem is missing or damaged.
    """
    spec, store, problem_id = foresight.spec, foresight.store, problem.problem_id
    yield from _repeated(store, problem_id)
    records = store.records(problem_id)
    seeds = {run_seed(problem_id, repeat) for repeat in range(spec.policy.repeats)}
    for record in records:
        yield from (
            Finding(where=f"run {record.run_id}", what=w, advice=_STRANGE) for w in _odd(record, problem, seeds)
        )
    applying = optimizers_of(candidates, problem)
    known = StoredProblem(index=index, spec=problem, precedents=store.precedents(problem_id))
    prospects = foresight.prospects(known, applying.values())
    missing = next_runs(spec.policy, problem_id, applying, records, prospects)
    if missing and problem_id in store.complete(plan_id(spec, candidates)):
        yield Finding(
            where=f"problem {problem_id}",
            what=f"is complete by the log, but lacks {counted(len(missing), 'run')}",
            advice="restore the folder from a copy",
        )


def _odd(record: RunRecord, problem: AnySpec, seeds: set[int]) -> Iterator[str]:
    if record.seed not in seeds:
        yield f"has seed {record.seed}, which the campaign gives to no repeat of its problem"
    if record.max_evaluations != problem.max_evaluations:
        yield f"has a budget of {record.max_evaluations:,}, but its problem has {problem.max_evaluations:,}"
    steps = [evaluations for evaluations, _, _ in record.trace]
    if steps != sorted(set(steps)) or (steps and steps[-1] > record.evaluations):
        yield "has a trace whose evaluations do not increase, or exceed those of the run"
    if record.trace and record.trace[-1][1:] != (record.best_f, record.violation):
        yield "has a trace that does not end at its result"


def _repeated(store: Store, problem_id: str) -> Iterator[Finding]:
    """Checks that runs stored more than once, as by two drivers at a time, agree; they are read once."""
    table = store.run_table(problem_id)
    if len(set(table["run_id"].to_pylist())) == table.num_rows:
        return
    first: dict[str, RunRecord] = {}
    for row in range(table.num_rows):
        (record,) = runs_from(table.slice(row, 1))
        record = record.model_copy(update={"cpu_s": 0.0})
        same = first.setdefault(record.run_id, record) == record
        if first[record.run_id] is not record:
            yield Finding(
                where=f"run {record.run_id}",
                what="is stored twice, and the two agree" if same else "is stored twice with different results",
                advice="it is read once"
                if same
                else "verify with a larger --sample to see which is right: a machine made a mistake",
                note=same,
            )
