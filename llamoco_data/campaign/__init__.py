"""Campaigns: what one is, running what is missing, what there is and what it costs, and reading it back."""

from llamoco_data.campaign.driver import Outcome, run_campaign, run_candidates
from llamoco_data.campaign.own_problems import (
    Expected,
    add_problems,
    expected,
    is_named,
    own_names,
    present_problems,
    stored_name,
)
from llamoco_data.campaign.reading import (
    CampaignReader,
    FolderView,
    ProblemRuns,
    read_candidates,
    read_problems,
    view_of,
)
from llamoco_data.campaign.removals import Removal, named, removals, remove_problem, runs_of
from llamoco_data.campaign.spec import (
    CAMPAIGN_FILE,
    CampaignSpec,
    farewell,
    load_campaign,
    source_of,
    stored_campaign,
    wanted_campaign,
)
from llamoco_data.campaign.survey import Plan, Status, plan, status

__all__ = [
    "CAMPAIGN_FILE",
    "CampaignReader",
    "CampaignSpec",
    "Expected",
    "FolderView",
    "Outcome",
    "Plan",
    "ProblemRuns",
    "Removal",
    "Status",
    "add_problems",
    "expected",
    "farewell",
    "is_named",
    "load_campaign",
    "named",
    "own_names",
    "plan",
    "present_problems",
    "read_candidates",
    "read_problems",
    "removals",
    "remove_problem",
    "run_campaign",
    "run_candidates",
    "runs_of",
    "source_of",
    "status",
    "stored_campaign",
    "stored_name",
    "view_of",
    "wanted_campaign",
]
