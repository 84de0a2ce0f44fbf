"""Checks the users' own problems of a campaign: each is what its text defines, and its text is stored twice.

Every text is executed in a process of its own with a time limit.
"""

from collections import Counter
from collections.abc import Iterator

from llamoco_data.campaign import CampaignSpec, removals
from llamoco_data.campaign.own_problems import kept_text
from llamoco_data.campaign.spec import own_index
from llamoco_data.identity import LlamocoError
from llamoco_data.problems.checking_apart import check_apart
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.store import Store
from llamoco_data.verification.finding import Finding

_OTHER = "it was not written by this program, or this machine has other versions of the libraries"
_AGAIN = "add it again to the campaign"


def check_own_problems(spec: CampaignSpec, store: Store, checked: Counter[str]) -> Iterator[Finding]:
    """Checks every own problem of the campaign, and notes those whose adding was interrupted."""
    for problem_id in spec.own_problems:
        where = f"problem {problem_id}"
        if kept_text(store.place, problem_id) is None:
            what = "has no intact copy of its text beside the tables"
            yield Finding(where=where, what=what, advice=f"{_AGAIN}; it is read from its table", note=True)
        if store.problem_id(own_index(problem_id)) is None:
            yield Finding(
                where=where, what="is in no table", advice=f"run the campaign, and if it asks you to, {_AGAIN}"
            )
            continue
        try:
            problem = store.problem(problem_id)
        except LlamocoError:  # its file is reported elsewhere
            continue
        checked["own problems checked again"] += 1
        if isinstance(problem, OwnProblemSpec):
            yield from _check_text(problem)
    removed = {own_index(removal.problem_id) for removal in removals(store.place, spec)}
    if removed:
        checked["problems removed"] += len(removed)
    for index in store.indices():
        if index < 0 and not spec.holds(index) and index not in removed:
            what = "is in a table but not in the campaign: adding it was interrupted"
            advice = "add it again, or leave it: it is not run"
            yield Finding(where=f"problem {store.problem_id(index)}", what=what, advice=advice, note=True)


def _check_text(problem: OwnProblemSpec) -> Iterator[Finding]:
    where = f"problem {problem.problem_id}"
    try:
        now = check_apart(problem.source, problem.name).spec
    except LlamocoError as error:
        what = f"does not pass its check today: {error}".partition("; ")[0]
        yield Finding(where=where, what=what, advice=_OTHER)
        return
    # The share is an estimate, and slow problems are evaluated at as many points as time allows.
    now = now.model_copy(update={"feasible_share": problem.feasible_share})
    if now != problem:
        differs = next(name for name in type(now).model_fields if getattr(now, name) != getattr(problem, name))
        what = f"is stored with {differs} {getattr(problem, differs)}, but its text gives {getattr(now, differs)}"
        yield Finding(where=where, what=what, advice=_OTHER)
