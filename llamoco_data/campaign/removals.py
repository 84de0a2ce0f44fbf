"""Users' own problems that were taken out of a campaign: how one is, and the record that says so.

A campaign holds the problems that its spec names. So a problem is out once the spec no longer names it; its tables and
runs stay as they are. The record tells why a stored problem is not in the spec, and counts for nothing while it is.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import ValidationError

from llamoco_data.campaign.own_problems import OWN_PROBLEMS, is_named, own_names
from llamoco_data.campaign.spec import CampaignSpec, load_campaign, put_campaign
from llamoco_data.drive import holding
from llamoco_data.files import Files, Place, files_at
from llamoco_data.identity import LlamocoError, Record
from llamoco_data.invocation import command
from llamoco_data.store import Store

ENDING = ".removed.json"
"""Ending of a record's file, which lies beside the problem's text and is named like it."""


class Removal(Record):
    """A user's own problem that was taken out of a campaign."""

    schema_version: Literal[1] = 1
    problem_id: str
    name: str
    """Name of the problem's file; empty where its campaign has lost it."""


def remove_problem(folder: Place, identifier: str, *, notice: Callable[[str], None] = lambda _: None) -> Removal:
    """Takes a user's own problem out of a campaign, and returns the record of that.

    The record is written first and the spec last: a process that dies in between leaves the campaign as it was.

    Args:
        identifier: the problem's name or the file that it was added from, or its id or the beginning of it.
        notice: called with a line for a person, where another driver is waited for.

    Raises:
        LlamocoError: the folder holds no campaign or cannot be written, a driver works on it, or the identifier is not
            that of exactly one of its own problems.
    """
    place = files_at(folder)
    _found(folder, load_campaign(folder), identifier)
    with holding(place, notice) as hold:
        spec = load_campaign(folder)
        removal = _found(folder, spec, identifier)
        place.replace(_file_of(removal), (removal.to_json() + "\n").encode())
        hold.check()
        left = tuple(problem_id for problem_id in spec.own_problems if problem_id != removal.problem_id)
        put_campaign(folder, spec.model_copy(update={"own_problems": left}))
    return removal


def removals(place: Files, spec: CampaignSpec) -> tuple[Removal, ...]:
    """The problems that were taken out of the campaign and not added again, by name; records that are damaged are not.

    Raises:
        LlamocoError: the folder cannot be read.
    """
    names = [f"{OWN_PROBLEMS}/{name}" for name in place.names(OWN_PROBLEMS) if name.endswith(ENDING)]
    found = {removal.problem_id: removal for data in place.read_all(names) if (removal := _read_back(data))}
    return tuple(removal for problem_id, removal in found.items() if problem_id not in spec.own_problems)


def runs_of(store: Store, removed: Sequence[Removal]) -> int:
    """Number of stored runs on problems that were taken out.

    Raises:
        LlamocoError: a file of them is missing or damaged.
    """
    return sum(len(store.records(removal.problem_id)) for removal in removed)


def named(removed: Sequence[Removal]) -> str:
    """The names of problems that were taken out, or where they have none, their ids."""
    return ", ".join(removal.name or removal.problem_id for removal in removed)


def _found(folder: Place, spec: CampaignSpec, identifier: str) -> Removal:
    """The record for the one problem that is meant.

    Raises:
        LlamocoError: there is no such problem, or more than one.
    """
    store = Store(folder)
    names = own_names(spec, store)
    found = [problem_id for problem_id, own in names.items() if any(is_named(identifier, name) for name in own)]
    found = found or [problem_id for problem_id in names if _begins(problem_id, identifier)]
    if len(found) > 1:
        raise LlamocoError(f"{folder} holds {len(found)} problems {identifier}: {', '.join(found)}; name one by its id")
    if found:
        own = sorted(names[found[0]], key=lambda name: (not is_named(identifier, name), name))
        return Removal(problem_id=found[0], name=own[0] if own else "")
    for removal in removals(store.place, spec):
        if is_named(identifier, removal.name) or _begins(removal.problem_id, identifier):
            name = f" ({removal.name})" if removal.name else ""
            raise LlamocoError(f"problem {removal.problem_id}{name} was removed from {folder} before")
    raise LlamocoError(
        f"{folder} holds no problem {identifier or repr(identifier)} that was added to it; list its problems with: "
        f"{command('show', folder)}"
    )


def _begins(problem_id: str, identifier: str) -> bool:
    return bool(identifier) and problem_id.startswith(identifier)


def _file_of(removal: Removal) -> str:
    return f"{OWN_PROBLEMS}/{removal.name or 'problem'}-{removal.problem_id}{ENDING}"


def _read_back(data: bytes) -> Removal | None:
    try:
        return Removal.from_json(data)
    except ValidationError:
        return None
