"""Adds a suite's problems to a campaign: this package's, checked in this process, or a plug-in's, checked apart."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from llamoco_data.campaign import CampaignSpec, add_problems, expected, present_problems, stored_campaign
from llamoco_data.identity import LlamocoError
from llamoco_data.plugins import SUITE, names_of
from llamoco_data.problems.checking import Checked, check
from llamoco_data.problems.checking_apart import check_apart
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.plugin_suites import JoinedSuite, plugin_suite
from llamoco_data.problems.suites import SUITES, Budgets, SuiteProblem, suites

ALL = "all"
"""Name for every suite of this package."""


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
    folder: str, spec: CampaignSpec, name: str, budgets: Budgets, notice: Callable[[str], None]
) -> AddedSuites:
    """Puts the problems of a suite, or of all suites of this package, into the campaign in a folder.

    Args:
        spec: the campaign; where the folder holds none, the one to begin, with these problems alone.
        name: that of the suite, or `ALL`.
        notice: called with a line for a person while another driver is waited for.

    Raises:
        LlamocoError: there is no such suite, a problem of a plug-in's suite fails its check, a run would be stopped by
            the campaign's time limit, or the folder cannot take the problems; nothing was added.
    """
    start = spec.model_copy(update={"num_problems": 0}) if stored_campaign(folder) is None else None
    if name in (ALL, *SUITES):
        chosen = [problem for problem in suites() if name in (ALL, problem.suite)]
        return _added(folder, spec, start, _stated(chosen, budgets), check, None, notice)
    if name not in names_of(SUITE):
        known = ", ".join((ALL, *SUITES, *names_of(SUITE)))
        package = next((one.package for one in spec.suites if one.name == name), "the package that brings it")
        raise LlamocoError(f"there is no suite {name!r} here; there are: {known}. Install {package}")
    brought = plugin_suite(name)
    return _added(folder, spec, start, _stated(brought.problems, budgets), check_apart, brought.joined, notice)


def _stated(problems: Iterable[SuiteProblem], budgets: Budgets) -> dict[str, str]:
    return {name: text for problem in problems for name, text in problem.stated(budgets).items()}


def _added(
    folder: str,
    spec: CampaignSpec,
    start: CampaignSpec | None,
    wanted: Mapping[str, str],
    checked_by: Callable[[str, str], Checked],
    suite: JoinedSuite | None,
    notice: Callable[[str], None],
) -> AddedSuites:
    """Checks the texts that a campaign lacks and adds them.

    Args:
        wanted: texts by the names of their problems.
        suite: the plug-in's suite that they are of.
    """
    present = set[str]() if start else present_problems(folder)
    new = {name: text for name, text in wanted.items() if OwnProblemSpec.id_of(text) not in present}
    checked, runs, core_s = list[OwnProblemSpec](), 0, 0.0
    for name, text in new.items():
        try:
            found = checked_by(text, name)
            cost = expected(spec, found)
        except LlamocoError as error:
            raise LlamocoError(f"{name}: {error}") from None
        checked.append(found.spec)
        runs, core_s = runs + cost.runs, core_s + cost.core_s
    add_problems(folder, checked, start=start, suite=suite, notice=notice)
    return AddedSuites(len(new), len(wanted) - len(new), runs, core_s)
