"""Verifies a campaign folder: its log and tables, every problem and run against the spec, and a sample of runs."""

from collections import Counter
from collections.abc import Iterator, Sequence

from llamoco_data.campaign import CampaignSpec, stored_campaign
from llamoco_data.campaign.foresight import PRIOR_FILE, Foresight, prior_for
from llamoco_data.files import Place, files_at
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.store import Store
from llamoco_data.verification.finding import Finding
from llamoco_data.verification.laws import check_drawing, check_runs
from llamoco_data.verification.logs import check_extra, check_log
from llamoco_data.verification.own_problems import check_own_problems
from llamoco_data.verification.reruns import check_again, chosen, repeatable
from llamoco_data.verification.stored_tables import check_table

MOST_DRAWN = 2_000
"""Most problems to draw again; of more, a fixed choice is drawn."""


def verify_campaign(folder: Place, sample: int, checked: Counter[str]) -> Iterator[Finding]:
    """See `verify`.

    Raises:
        LlamocoError: `campaign.json` is damaged, or the folder cannot be read.
    """
    place = files_at(folder)
    spec = stored_campaign(folder)
    if spec is None:
        what = "is missing; it decides every row"
        yield Finding(where=place.where("campaign.json"), what=what, advice="restore it from a copy")
        return
    log = yield from check_log(place)
    store = Store(folder, log)
    checked["log entries"] += len(log)
    damaged = False
    for file in store.files:
        checked["files"] += 1
        for finding in check_table(place, file):
            damaged = True
            yield finding
    yield from check_extra(place, log, store.files)
    if damaged:
        yield Finding(
            where=place.where(),
            what="problems with damaged files are not checked further",
            advice="mend the folder, then verify it again",
            note=True,
        )
    try:
        prior = prior_for(place, spec)
    except LlamocoError as error:
        yield Finding(where=place.where(PRIOR_FILE), what="is missing or damaged", advice=str(error))
        return
    try:
        candidates = store.candidates()
    except LlamocoError:  # reported above
        return
    yield from check_own_problems(spec, store, checked)
    yield from _check_problems(Foresight(spec, store, prior), candidates, checked)
    yield from _check_sample(spec, candidates, store, sample, checked)


def _check_problems(
    foresight: Foresight, candidates: Sequence[StoredCandidate], checked: Counter[str]
) -> Iterator[Finding]:
    spec, store = foresight.spec, foresight.store
    drawn = set(chosen(_ids(spec, store), MOST_DRAWN))
    for index in store.indices():
        problem = _problem(store, index)
        if problem is None or (index < 0 and not spec.holds(index)):
            continue
        checked["problems"] += 1
        if problem.problem_id in drawn and index >= 0:
            checked["problems drawn again"] += 1
            yield from check_drawing(spec, index, problem)
        try:
            yield from check_runs(foresight, candidates, index, problem)
            checked["runs"] += len(store.records(problem.problem_id))
        except LlamocoError:  # its files are reported above
            continue


def _check_sample(
    spec: CampaignSpec, candidates: Sequence[StoredCandidate], store: Store, sample: int, checked: Counter[str]
) -> Iterator[Finding]:
    programs = {candidate.candidate_id: candidate.program for candidate in candidates}
    ids = chosen(_ids(spec, store), sample)
    each = -(-sample // max(len(ids), 1))
    left = sample
    for problem_id in ids:
        try:
            problem, records = store.problem(problem_id), store.records(problem_id)
        except LlamocoError:  # reported above
            continue
        for record in repeatable(records, programs, min(each, left)):
            left -= 1
            checked["runs made again"] += 1
            yield from check_again(record, problem, programs, spec.time_limit_s)


def _ids(spec: CampaignSpec, store: Store) -> list[str]:
    ids = (store.problem_id(index) for index in store.indices() if spec.holds(index))
    return [problem_id for problem_id in ids if problem_id is not None]


def _problem(store: Store, index: int) -> AnySpec | None:
    """The problem of an index; None if its file is damaged, which `check_table` reports."""
    problem_id = store.problem_id(index)
    try:
        return None if problem_id is None else store.problem(problem_id)
    except LlamocoError:
        return None
