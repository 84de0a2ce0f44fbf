"""All numbers of the page, computed from a judged campaign; nothing is drawn or worded here."""

from collections import Counter
from dataclasses import dataclass

from llamoco_data.portfolio import OptimizerFamily
from llamoco_data.problems.own_spec import function_of
from llamoco_data.report.reading import JudgedCampaign
from llamoco_data.report.scores import Contribution, Gap, Reach, contributions, gap_of, reaches
from llamoco_data.report.sureness import Sureness, sureness
from llamoco_data.report.winners import GroupingWins, OptimizerWins, wins_by_group, wins_by_optimizer

FREQUENT_SHARE = 0.01
"""Share of the problems that a frequent winner wins at least."""


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """The numbers of the page. Those about winners cover the problems that are not kept out."""

    campaign: JudgedCampaign
    families: tuple[OptimizerFamily, ...]
    """Families of the optimizers that can win, most wins first."""
    wins: tuple[OptimizerWins, ...]
    groupings: tuple[GroupingWins, ...]
    gap: Gap | None
    """None where no problem remains, or only random search was run."""
    reaches: tuple[Reach, ...]
    contributions: tuple[Contribution, ...]
    sureness: Sureness | None
    """None where no problem remains."""

    @property
    def num_problems(self) -> int:
        return len(self.campaign.problems)

    @property
    def num_frequent(self) -> int:
        """Number of optimizers that win at least `FREQUENT_SHARE` of the problems."""
        return sum(row.wins >= FREQUENT_SHARE * self.num_problems for row in self.wins if row.wins)


def campaign_report(campaign: JudgedCampaign) -> CampaignReport:
    """The numbers of a campaign's page."""
    verdicts, candidates = campaign.verdicts, campaign.candidates
    functions = [function_of(spec) for spec, _ in campaign.problems]
    wins = wins_by_optimizer(verdicts, candidates)
    by_family: Counter[OptimizerFamily] = Counter()
    for row in wins:
        by_family[row.family] += row.wins
    return CampaignReport(
        campaign=campaign,
        families=tuple(sorted(by_family, key=lambda family: -by_family[family])),
        wins=wins,
        groupings=wins_by_group(campaign.problems, candidates),
        gap=gap_of(verdicts, campaign.single_best, functions) if campaign.single_best else None,
        reaches=reaches(verdicts, candidates),
        contributions=contributions(verdicts, candidates),
        sureness=sureness(verdicts, candidates) if verdicts else None,
    )
