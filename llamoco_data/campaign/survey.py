"""What is in a campaign folder, what is missing, and what the missing part will cost; it changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from llamoco_data.campaign.spec import CampaignSpec
from llamoco_data.runs import RunStatus


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign still needs."""

    spec: CampaignSpec
    problems_total: int
    problems_missing: int
    """Problems that lack at least one run."""
    runs_missing: int
    """Exact up to a few hundred missing problems, then estimated from an even sample of them."""
    runs_missing_by_optimizer: Mapping[str, int]
    core_hours: float
    """Estimated processor time of the missing runs."""
    core_hours_by_optimizer: Mapping[str, float]
    exact: bool
    """Whether `runs_missing` is counted, not estimated."""
    measured: bool
    """Whether the cost is that measured in the folder, for at least one optimizer, rather than the catalogue's."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a campaign folder holds."""

    spec: CampaignSpec
    problems_total: int
    problems_stored: int
    """Problems with at least one run."""
    problems_complete: int
    runs_by_status: Mapping[RunStatus, int]
    runs_by_optimizer: Mapping[str, int]
    declined: int
    """Pairs of a complete problem and a candidate that does not apply to it."""
    evaluations: int
    cpu_hours: float
    files: int
    size_bytes: int


def plan(folder: str, spec: CampaignSpec) -> Plan:
    """What `run_campaign` would do with the same folder and spec; the folder need not exist.

    Raises:
        LlamocoError: the folder holds another campaign, or is damaged.
    """
    raise NotImplementedError


def status(folder: str) -> Status:
    """What is in a campaign folder.

    Raises:
        LlamocoError: the folder holds no campaign, or is damaged.
    """
    raise NotImplementedError
