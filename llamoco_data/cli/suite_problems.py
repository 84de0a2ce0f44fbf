"""Adds the problems of suites to a campaign: their texts come with this package, and are checked in this process."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from llamoco_data.campaign import CampaignSpec, add_problems, expected, present_problems, stored_campaign
from llamoco_data.identity import LlamocoError
from llamoco_data.problems.checking import check
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.suites import Budgets, suites


@dataclass(frozen=True, slots=True)
class AddedSuites:
    """What became of the problems of some suites; a problem counts once for each of its budgets."""

    num_new: int
    num_present: int
    """Problems that the campaign held already."""
    runs: int
    """Estimated runs of the new problems."""
    core_s: float
    """Estimated processor time of these runs, in seconds."""


def add_suites(
    folder: str, spec: CampaignSpec, names: Collection[str], budgets: Budgets, notice: Callable[[str], None]
) -> AddedSuites:
    """Puts the problems of some suites into the campaign in a folder.

    Args:
        spec: the campaign; where the folder holds none, the one to begin, with these problems alone.
        names: those of the suites.
        notice: called with a line for a person while another driver is waited for.

    Raises:
        LlamocoError: a run would be stopped by the campaign's time limit, or the folder cannot take the problems;
            nothing was added.
    """
    start = spec.model_copy(update={"num_problems": 0}) if stored_campaign(folder) is None else None
    present = set[str]() if start else present_problems(folder)
    wanted = {name: text for one in suites() if one.suite in names for name, text in one.stated(budgets).items()}
    new = {name: text for name, text in wanted.items() if OwnProblemSpec.id_of(text) not in present}
    checked, runs, core_s = list[OwnProblemSpec](), 0, 0.0
    for name, text in new.items():
        found = check(text, name)
        try:
            cost = expected(spec, found)
        except LlamocoError as error:
            raise LlamocoError(f"{name}: {error}") from None
        checked.append(found.spec)
        runs, core_s = runs + cost.runs, core_s + cost.core_s
    add_problems(folder, checked, start=start, notice=notice)
    return AddedSuites(len(new), len(wanted) - len(new), runs, core_s)
