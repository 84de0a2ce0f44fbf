"""Who wins: problems won by each optimizer, and by each family of optimizers in each group of problems."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llamoco_data.export.instructions import has_rival
from llamoco_data.portfolio import OptimizerFamily
from llamoco_data.portfolio.entrants import Entrant
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.report.groups import GROUPINGS, Grouping
from llamoco_data.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class OptimizerWins:
    """The problems that one optimizer wins, with any of its settings."""

    optimizer: str
    family: OptimizerFamily
    wins: int
    sole_wins: int
    """Those of them without a near-tie of another optimizer."""


@dataclass(frozen=True, slots=True)
class GroupWins:
    """The problems of one group."""

    label: str
    num_problems: int
    wins_by_family: Mapping[OptimizerFamily, int]


@dataclass(frozen=True, slots=True)
class GroupingWins:
    """The groups of one grouping that have problems."""

    title: str
    groups: tuple[GroupWins, ...]


def families_of(entrants: Mapping[str, Entrant]) -> dict[str, OptimizerFamily]:
    """The family of every optimizer of a campaign, in catalogue order."""
    return {entrant.optimizer: entrant.family for entrant in entrants.values()}


def wins_by_optimizer(verdicts: Sequence[Verdict], entrants: Mapping[str, Entrant]) -> tuple[OptimizerWins, ...]:
    """Every optimizer, most wins first; the baseline only where it wins."""
    winners = [entrants[verdict.winner].optimizer for verdict in verdicts]
    wins = Counter(winners)
    sole_wins = Counter(
        optimizer for optimizer, verdict in zip(winners, verdicts, strict=True) if not has_rival(verdict, entrants)
    )
    rows = [
        OptimizerWins(optimizer, family, wins[optimizer], sole_wins[optimizer])
        for optimizer, family in families_of(entrants).items()
        if wins[optimizer] or family != "baseline"
    ]
    return tuple(sorted(rows, key=lambda row: -row.wins))


def wins_by_group(
    problems: Sequence[tuple[AnySpec, Verdict]], entrants: Mapping[str, Entrant]
) -> tuple[GroupingWins, ...]:
    """Wins of the families for every grouping, without groups that no problem belongs to."""
    return tuple(GroupingWins(grouping.title, _groups(grouping, problems, entrants)) for grouping in GROUPINGS)


def _groups(
    grouping: Grouping, problems: Sequence[tuple[AnySpec, Verdict]], entrants: Mapping[str, Entrant]
) -> tuple[GroupWins, ...]:
    families: dict[str, Counter[OptimizerFamily]] = {label: Counter() for label in grouping.labels}
    for spec, verdict in problems:
        for label in grouping.labels_of(spec):
            families[label][entrants[verdict.winner].family] += 1
    return tuple(GroupWins(label, wins.total(), dict(wins)) for label, wins in families.items() if wins)
