"""Campaigns: what one is, running what is missing, what there is and what it costs, and reading it back."""

from llamoco_data.campaign.driver import Outcome, Snapshot, run_campaign
from llamoco_data.campaign.reading import ProblemRuns, read_entrants, read_problems
from llamoco_data.campaign.spec import CampaignSpec, grown, load_campaign
from llamoco_data.campaign.survey import Plan, Status, plan, status

__all__ = [
    "CampaignSpec",
    "Outcome",
    "Plan",
    "ProblemRuns",
    "Snapshot",
    "Status",
    "grown",
    "load_campaign",
    "plan",
    "read_entrants",
    "read_problems",
    "run_campaign",
    "status",
]
