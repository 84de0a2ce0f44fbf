"""Users' own problems in a campaign folder: adding them, and restoring those that a damaged table has lost.

Each text also lies in the folder as a file of its own, for people and for restoring. Drawn problems need no such copy,
because they can be drawn again.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llamoco_data.campaign.costs import FLOOR_S
from llamoco_data.campaign.spec import (
    CampaignSpec,
    keep_campaign,
    load_campaign,
    own_index,
    put_campaign,
    wanted_campaign,
    without_retired,
)
from llamoco_data.drive import holding
from llamoco_data.files import Files, Place, files_at
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio import OPTIMIZER_BY_NAME
from llamoco_data.portfolio.stored_candidates import optimizers_of, stored_candidates
from llamoco_data.problems.checking import Checked
from llamoco_data.problems.checking_apart import check_apart
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.plugin_suites import JoinedSuite
from llamoco_data.racing import outlook
from llamoco_data.store import Block, Store, StoredProblem

OWN_PROBLEMS = "own-problems"
"""Folder of the texts, one Python file for each; a file's name is the problem's name, a hyphen and the problem_id."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Estimated cost of a problem in a campaign."""

    runs: int
    core_s: float


def expected(spec: CampaignSpec, checked: Checked) -> Expected:
    """The estimated cost of all runs on a problem whose evaluation was timed on this machine.

    Raises:
        LlamocoError: a run would be stopped by the campaign's time limit.
    """
    problem, candidates = checked.spec, stored_candidates(without_retired(spec).optimizers)
    optimizer = {candidate.candidate_id: OPTIMIZER_BY_NAME[candidate.optimizer] for candidate in candidates}
    runs = outlook(spec.policy, problem.problem_id, optimizers_of(candidates, problem), ())
    each_us = {c: optimizer[c].cost_us + checked.evaluation_us for c in runs}
    run_s = 1e-6 * problem.max_evaluations * checked.evaluation_us
    if run_s > spec.time_limit_s:
        most = int(problem.max_evaluations * spec.time_limit_s / run_s / 2)
        raise LlamocoError(
            f"a run takes about {run_s:,.0f} s, {problem.max_evaluations:,} evaluations of "
            f"{checked.evaluation_us / 1e3:,.1f} ms, and is stopped after {spec.time_limit_s:g} s; "
            f"make max_evaluations {most:,} or less, or an evaluation faster"
        )
    return Expected(
        runs=round(sum(runs.values())),
        core_s=sum(n * (FLOOR_S + 1e-6 * problem.max_evaluations * each_us[c]) for c, n in runs.items()),
    )


def present_problems(folder: Place) -> set[str]:
    """problem_ids of the users' own problems of a campaign, except those whose text the folder has lost.

    Raises:
        LlamocoError: the folder holds no campaign, or is damaged.
    """
    return _present(load_campaign(folder), Store(folder))


def add_problems(
    folder: Place,
    problems: Sequence[OwnProblemSpec],
    *,
    start: CampaignSpec | None = None,
    suite: JoinedSuite | None = None,
    notice: Callable[[str], None] = lambda _: None,
) -> tuple[str, ...]:
    """Adds those users' own problems that a campaign lacks, and returns their problem_ids.

    The spec that names them is written last: a process that dies before that leaves the campaign as it was, and the
    files that it wrote are used when the same problem is added again.

    Args:
        start: the campaign to begin where the folder holds none.
        suite: the plug-in's suite that they are of.
        notice: called with a line for a person, where another driver is waited for.

    Raises:
        LlamocoError: there is no campaign in the folder and none to start, a driver works on it, or it cannot be
            written.
    """
    if start is not None:
        wanted_campaign(folder, start)
    elif suite is None and not {problem.problem_id for problem in problems} - present_problems(folder):
        return ()
    with holding(files_at(folder), notice) as hold:
        if start is not None:
            keep_campaign(folder, start)
        spec, store = load_campaign(folder), Store(folder)
        present = _present(spec, store)
        new = {problem.problem_id: problem for problem in problems if problem.problem_id not in present}
        if not store.candidates():  # the log begins with them: tables without a log are taken for a broken copy
            store.commit(Block(candidates=stored_candidates(without_retired(spec).optimizers)))
        for problem in new.values():
            store.place.replace(_file_of(problem), problem.source.encode())
        store.commit(Block([_stored(problem) for problem in new.values()]))
        hold.check()
        own_problems = tuple(sorted({*spec.own_problems, *new}))
        suites = spec.suites if suite is None else _with(suite, spec.suites)
        if (own_problems, suites) != (spec.own_problems, spec.suites):
            put_campaign(folder, spec.model_copy(update={"own_problems": own_problems, "suites": suites}))
    return tuple(new)


def _with(suite: JoinedSuite, suites: Sequence[JoinedSuite]) -> tuple[JoinedSuite, ...]:
    """The suites with another one, or with the titles that another version of it has brought."""
    before = next((one.titles for one in suites if one.name == suite.name), ())
    joined = suite.model_copy(update={"titles": tuple(sorted({*before, *suite.titles}))})
    others = [one for one in suites if one.name != suite.name]
    return tuple(sorted((*others, joined), key=lambda one: one.name))


def _present(spec: CampaignSpec, store: Store) -> set[str]:
    stored = {problem_id for problem_id in spec.own_problems if store.problem_id(own_index(problem_id)) is not None}
    return {problem_id for problem_id in stored if kept_text(store.place, problem_id) is not None}


def restored(spec: CampaignSpec, store: Store) -> Iterator[tuple[str, StoredProblem | None]]:
    """The users' own problems that the tables have lost, from their texts; None where the text is lost too."""
    for problem_id in spec.own_problems:
        if store.problem_id(own_index(problem_id)) is None:
            problem = _from_text(store.place, problem_id)
            yield problem_id, problem and _stored(problem)


def kept_text(place: Files, problem_id: str) -> tuple[str, str] | None:
    """Name and text of a problem's own file; None where it is missing or was changed."""
    for file in place.names(OWN_PROBLEMS):
        name, _, rest = file.rpartition("-")
        if rest == f"{problem_id}.py":
            with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
                text = place.read(f"{OWN_PROBLEMS}/{file}").decode()
                if OwnProblemSpec.id_of(text) == problem_id:
                    return name, text
    return None


def stored_name(file: str) -> str:
    """The name that a problem gets of its file, whose path may lack `.py`."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", Path(file).name.removesuffix(".py"))


def is_named(identifier: str, name: str) -> bool:
    """Whether a name is the one that is given, or that which a file of that name gets."""
    return bool(name) and name in (identifier, stored_name(identifier))


def own_names(spec: CampaignSpec, store: Store) -> Mapping[str, set[str]]:
    """problem_id -> names of the files of its text, or where these are lost, the name that its table has."""
    names: dict[str, set[str]] = {problem_id: set() for problem_id in spec.own_problems}
    for file in store.place.names(OWN_PROBLEMS):
        name, _, rest = file.rpartition("-")
        if rest.endswith(".py"):
            names.get(rest.removesuffix(".py"), set()).add(name)
    for problem_id in [problem_id for problem_id, found in names.items() if not found]:
        with contextlib.suppress(LlamocoError, KeyError):
            problem = store.problem(problem_id)
            names[problem_id] = {problem.name} - {""} if isinstance(problem, OwnProblemSpec) else set()
    return names


def _from_text(place: Files, problem_id: str) -> OwnProblemSpec | None:
    kept = kept_text(place, problem_id)
    if kept is None:
        return None
    name, text = kept
    try:
        return check_apart(text, name).spec
    except LlamocoError:
        return None


def _stored(problem: OwnProblemSpec) -> StoredProblem:
    return StoredProblem(index=own_index(problem.problem_id), spec=problem)


def _file_of(problem: OwnProblemSpec) -> str:
    return f"{OWN_PROBLEMS}/{problem.name or 'problem'}-{problem.problem_id}.py"
