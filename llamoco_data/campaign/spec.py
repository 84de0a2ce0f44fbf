"""What a campaign is: one record that decides every row of its folder, and the rules by which it may grow."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from llamoco_data.files import Files, Place, files_at
from llamoco_data.folders import content_of, is_only_export, not_a
from llamoco_data.identity import LlamocoError, Record, digest, is_empty
from llamoco_data.invocation import command
from llamoco_data.portfolio import OPTIMIZER_BY_NAME, RETIRED, retired
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.functions.definition import FunctionFamily
from llamoco_data.problems.plugin_suites import JoinedSuite
from llamoco_data.problems.sampling import FIRST_UNMEASURED, ProblemMixture, check_plugins
from llamoco_data.racing import Exhaustive, Informed, Policy
from llamoco_data.runs import MOST_TIME_S, TIME_LIMIT_S
from llamoco_data.statements import PinnedWording

SCHEMA_VERSION = 1
CAMPAIGN_FILE = "campaign.json"
RULES = 2
"""Number of the rules by which races ask for runs; see `plan_id`."""

_RESTORE = "restore it from a copy, or start the campaign in a new folder"


class CampaignSpec(Record):
    """A campaign: equal specs give equal rows, on one worker or a hundred, interrupted or not."""

    schema_version: Literal[1] = 1
    """Version of the campaign folder."""
    recipe: str
    """Name of the recipe that the campaign came from."""
    seed: int = Field(ge=0)
    num_problems: int = Field(ge=0, le=FIRST_UNMEASURED)
    """Number of drawn problems, users' own not counted."""
    mixture: ProblemMixture
    optimizers: tuple[str, ...] = Field(min_length=1)
    """Names of the optimizers, in the order of the catalogue."""
    policy: Policy
    """Rule that says which runs a problem needs."""
    wordings: int = Field(ge=1)
    """Number of wordings of each statement form, for each problem."""
    held_out_families: tuple[FunctionFamily, ...] = ()
    """Families of functions whose problems are for testing only."""
    time_limit_s: float = Field(default=TIME_LIMIT_S, gt=0, le=MOST_TIME_S)
    """Time limit of one run."""
    own_problems: tuple[str, ...] = ()
    """problem_ids of the users' own problems, sorted."""
    settled: bool = False
    """Whether optimizers, policy and wordings are the user's own choice, so that later releases change none of them."""
    plugin_wordings: tuple[PinnedWording, ...] = Field(default=(), exclude_if=is_empty)
    """Wordings of plug-ins that take part beside those of the package; in a recipe file, their names."""
    suites: tuple[JoinedSuite, ...] = Field(default=(), exclude_if=is_empty)
    """Suites of plug-ins whose problems were added, by name; their titles tell which problems are for testing only."""

    @cached_property
    def real_titles(self) -> frozenset[str]:
        """First lines of the problems of plug-ins' suites."""
        return frozenset(title for suite in self.suites for title in suite.titles)

    @property
    def indices(self) -> tuple[int, ...]:
        """The index of every problem, users' own first."""
        return (*map(own_index, self.own_problems), *range(self.num_problems))

    @property
    def problems_total(self) -> int:
        return len(self.own_problems) + self.num_problems

    def holds(self, index: int) -> bool:
        """Whether a problem of the campaign has the index."""
        return index < self.num_problems if index >= 0 else index in map(own_index, self.own_problems)

    @model_validator(mode="after")
    def _check(self) -> "CampaignSpec":
        if len(set(self.optimizers)) < len(self.optimizers):
            raise ValueError("optimizers: each can take part once")
        if len({one.name for one in self.plugin_wordings}) < len(self.plugin_wordings):
            raise ValueError("plugin_wordings: each can take part once")
        if list(self.own_problems) != sorted(set(self.own_problems)):
            raise ValueError("own_problems: expected different ids, sorted")
        return self


def own_index(problem_id: str) -> int:
    """The index of a user's own problem: made from its id, and negative, unlike that of a drawn problem."""
    return -1 - int(problem_id[:15], 16)


def load_campaign(folder: Place) -> CampaignSpec:
    """The spec of a campaign folder.

    Raises:
        LlamocoError: there is no campaign in the folder, or its `campaign.json` is damaged or of another version.
    """
    spec = stored_campaign(folder)
    if spec is None:
        free = not files_at(folder).names()
        advice = (
            f"start one there with: {command('run', folder, '--recipe', 'demo')}" if free else "name another folder"
        )
        raise not_a("a campaign", folder, f"holds no campaign; {advice}")
    return spec


def stored_campaign(folder: Place) -> CampaignSpec | None:
    """The spec of a campaign folder; None where there is no campaign in it, as in an export beside which it lies.

    Raises:
        LlamocoError: its `campaign.json` is damaged or of another version, or it cannot be read.
    """
    return _stored(files_at(folder))


def wanted_campaign(folder: Place, wanted: CampaignSpec) -> CampaignSpec:
    """The wanted spec, where the folder is free for it, holds it, or may grow into it.

    More problems, more repeats, more optimizers, more wordings, and a prior for further problems are growth, and so is
    leaving out optimizers that have left the portfolio; everything else is another campaign. Users' own problems come
    and go by `add_problems` and `remove_problem` alone.

    Raises:
        LlamocoError: the wanted spec shrinks the folder's campaign, is of another campaign, or contradicts itself.
        PluginMissing: its problems have parts of a plug-in that is not installed here, or is another here.
    """
    _read_back(wanted.to_json(), "the campaign asked for", "mend it")
    check_plugins(wanted.mixture)
    place = files_at(folder)
    stored = _stored(place)
    known = {*OPTIMIZER_BY_NAME, *(retired(stored.optimizers) if stored else ())}
    unknown = [name for name in wanted.optimizers if name not in known]
    if unknown:
        raise LlamocoError(f"the campaign asked for is malformed: the portfolio has no {', '.join(unknown)}; mend it")
    if stored is None and (place.names() or content_of(folder)):
        otherwise = "is not empty and holds no campaign; choose a new or an empty folder"
        raise not_a("a campaign", folder, otherwise)
    if stored is not None:
        _check_growth(stored, wanted, folder)
    return wanted


def keep_campaign(folder: Place, wanted: CampaignSpec) -> None:
    """Writes the spec into the folder, where it is new there or has grown.

    Raises:
        LlamocoError: see `wanted_campaign`; or the folder cannot be written.
    """
    wanted_campaign(folder, wanted)
    if stored_campaign(folder) != wanted:
        put_campaign(folder, wanted)


def put_campaign(folder: Place, spec: CampaignSpec) -> None:
    """Writes a spec that was made from the folder's own while its lease was held; no rule of growth applies.

    Raises:
        LlamocoError: the folder cannot be written.
    """
    files_at(folder).replace(CAMPAIGN_FILE, (spec.model_dump_json(indent=2) + "\n").encode())


def without_retired(spec: CampaignSpec) -> CampaignSpec:
    """The spec without the optimizers that have left the portfolio, whose programs no longer exist.

    Raises:
        LlamocoError: no optimizer would be left.
    """
    left = tuple(name for name in spec.optimizers if name not in RETIRED)
    if not left:
        names = ", ".join(spec.optimizers)
        raise LlamocoError(f"none of the optimizers asked for is in the portfolio any more: {names}; ask for others")
    return spec.model_copy(update={"optimizers": left})


def farewell(names: Sequence[str], folder: Place) -> str:
    """The line that tells a person which optimizers of a folder's campaign have left the portfolio, and what follows.

    Args:
        names: at least one.
    """
    one = len(names) == 1
    return (
        f"{', '.join(names)} {'has' if one else 'have'} left the portfolio: {folder} goes on without "
        f"{'it' if one else 'them'}; {'its' if one else 'their'} runs stay in the folder, but no longer count"
    )


def source_of(spec: CampaignSpec) -> str:
    """The id of what decides the drawn problems of a campaign, but for their number."""
    return digest([spec.mixture, spec.seed])


def plan_id(spec: CampaignSpec, candidates: Sequence[StoredCandidate]) -> str:
    """The id of everything that decides which runs a given problem needs.

    Defaults are left out, so that a field that a later release adds leaves the ids of old folders as they are. Where
    the races of a release ask for other runs, `RULES` is another number, and complete problems are looked at again.
    """
    limits = [
        [candidate.candidate_id, candidate.limits.model_dump(mode="json", exclude_defaults=True)]
        for candidate in candidates
    ]
    asked = [spec.policy.kind, spec.policy.model_dump(mode="json", exclude_defaults=True), limits]
    return digest(asked if isinstance(spec.policy, Exhaustive) else [RULES, *asked])


def _stored(place: Files) -> CampaignSpec | None:
    try:
        data = place.read(CAMPAIGN_FILE)
    except FileNotFoundError:
        return None
    if is_only_export(place):  # its release ships the spec of the campaign that made it
        return None
    path = place.where(CAMPAIGN_FILE)
    try:
        version = json.loads(data)["schema_version"]
    except (ValueError, KeyError, TypeError):
        raise LlamocoError(f"{path} is no campaign file; {_RESTORE}") from None
    if version != SCHEMA_VERSION:
        raise LlamocoError(
            f"{path} has schema version {version}, and this program reads version {SCHEMA_VERSION}; "
            "use the release that wrote it, or start a new folder"
        )
    return _read_back(data, path, _RESTORE)


def _read_back(data: str | bytes, what: str, advice: str) -> CampaignSpec:
    """The spec in JSON; one that `model_copy` has changed is checked in this way too.

    Raises:
        LlamocoError: a field does not fit.
    """
    try:
        return CampaignSpec.from_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        wrong = first["msg"].removeprefix("Value error, ")
        raise LlamocoError(f"{what} is malformed: {where + ': ' if where else ''}{wrong}; {advice}") from None


def _may_become(stored: CampaignSpec, wanted: Policy) -> bool:
    """Whether another policy changes nothing for the problems that the campaign has: more repeats, or a first prior."""
    if isinstance(wanted, Informed):
        return stored.policy == wanted.full and wanted.first_informed >= stored.num_problems
    return isinstance(stored.policy, Exhaustive) and isinstance(wanted, Exhaustive)


def _check_growth(stored: CampaignSpec, wanted: CampaignSpec, folder: Place) -> None:
    fixed = ("recipe", "seed", "mixture", "held_out_families", "time_limit_s", "plugin_wordings")
    other = [name for name in fixed if getattr(stored, name) != getattr(wanted, name)]
    if stored.policy != wanted.policy and not _may_become(stored, wanted.policy):
        other.append("policy")
    if other:
        name = other[0]
        values = ""
        if name not in ("mixture", "plugin_wordings"):
            values = f" {getattr(stored, name)!r}, not {getattr(wanted, name)!r}"
        raise LlamocoError(
            f"{folder} holds another campaign: its {name} is{values or ' different'}; "
            "resume it as it is, or choose another folder"
        )
    counts = [
        ("problems", stored.num_problems, wanted.num_problems),
        ("repeats", stored.policy.repeats, wanted.policy.repeats),
        ("wordings", stored.wordings, wanted.wordings),
    ]
    for name, now, then in counts:
        if then < now:
            raise LlamocoError(
                f"{folder} holds a campaign of {now} {name}, and {then} were asked for: a campaign only grows; "
                f"ask for at least {now}, or choose another folder"
            )
    lost = [problem_id for problem_id in stored.own_problems if problem_id not in wanted.own_problems]
    if lost:
        raise LlamocoError(
            f"{folder} holds a user's own problem {lost[0]}, which was not asked for: a campaign only grows; "
            "was it added just now? Then say that again"
        )
    gone = [problem_id for problem_id in wanted.own_problems if problem_id not in stored.own_problems]
    if gone:
        raise LlamocoError(
            f"{folder} does not hold the user's own problem {gone[0]}, which was asked for; "
            "was it removed just now? Then say that again"
        )
    if stored.suites != wanted.suites:
        raise LlamocoError(f"{folder} holds problems of other suites than were asked for; say that again")
    left_out = [name for name in stored.optimizers if name not in wanted.optimizers and name not in RETIRED]
    if left_out:
        raise LlamocoError(
            f"{folder} holds a campaign with {', '.join(left_out)}, which was not asked for: a campaign only grows; "
            "keep every optimizer, or choose another folder"
        )
