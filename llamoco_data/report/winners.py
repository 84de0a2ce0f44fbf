"""Problems won by each optimizer, and by each family of optimizers in each group of problems."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llamoco_data.export.making import has_rival
from llamoco_data.portfolio import OptimizerFamily
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.report.groups import GROUPINGS, Grouping
from llamoco_data.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class OptimizerWins:
    """Number of problems that one optimizer wins, with any of its settings."""

    optimizer: str
    family: OptimizerFamily
    wins: int
    sole_wins: int
    """Number of wins without a near-tie of another optimizer."""


@dataclass(frozen=True, slots=True)
class GroupWins:
    """Wins in one group of problems."""

    label: str
    num_problems: int
    wins_by_family: Mapping[OptimizerFamily, int]


@dataclass(frozen=True, slots=True)
class GroupingWins:
    """Wins in the groups of one grouping that have problems."""

    title: str
    groups: tuple[GroupWins, ...]


def families_of(candidates: Mapping[str, StoredCandidate]) -> dict[str, OptimizerFamily]:
    """The family of every optimizer of a campaign, in catalogue order."""
    return {candidate.optimizer: candidate.family for candidate in candidates.values()}


def wins_by_optimizer(
    verdicts: Sequence[Verdict], candidates: Mapping[str, StoredCandidate]
) -> tuple[OptimizerWins, ...]:
    """The wins of every optimizer, most first; the baseline is included only if it wins."""
    winners = [candidates[verdict.winner].optimizer for verdict in verdicts]
    wins = Counter(winners)
    sole_wins = Counter(
        optimizer for optimizer, verdict in zip(winners, verdicts, strict=True) if not has_rival(verdict, candidates)
    )
    rows = [
        OptimizerWins(optimizer, family, wins[optimizer], sole_wins[optimizer])
        for optimizer, family in families_of(candidates).items()
        if wins[optimizer] or family != "baseline"
    ]
    return tuple(sorted(rows, key=lambda row: -row.wins))


def wins_by_group(
    problems: Sequence[tuple[AnySpec, Verdict]], candidates: Mapping[str, StoredCandidate]
) -> tuple[GroupingWins, ...]:
    """Wins of the families for every grouping, without empty groups."""
    return tuple(GroupingWins(grouping.title, _groups(grouping, problems, candidates)) for grouping in GROUPINGS)


def _groups(
    grouping: Grouping, problems: Sequence[tuple[AnySpec, Verdict]], candidates: Mapping[str, StoredCandidate]
) -> tuple[GroupWins, ...]:
    families: dict[str, Counter[OptimizerFamily]] = {label: Counter() for label in grouping.labels}
    for spec, verdict in problems:
        for label in grouping.labels_of(spec):
            families[label][candidates[verdict.winner].family] += 1
    return tuple(GroupWins(label, wins.total(), dict(wins)) for label, wins in families.items() if wins)
