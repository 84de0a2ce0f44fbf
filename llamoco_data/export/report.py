"""The numbers of an export, for the dataset card and for the person who asked for it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from llamoco_data.campaign import CampaignReader, CampaignSpec
from llamoco_data.export.judging import Judgements
from llamoco_data.export.making import settings_json
from llamoco_data.export.row_tables import Fact
from llamoco_data.instruction_set import MEASURED_SPLITS, STYLED, Split
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.suites import is_of_suite


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The numbers of one export. Counts and shares are of the problems in the set, one for each budget."""

    spec: CampaignSpec
    rows: Mapping[Split, int]
    problems: Mapping[Split, int]
    """Those of split `test_style` are problems of split `test` too."""
    num_users_own: int
    """Users' own problems of the campaign, those of suites not counted."""
    incomplete: int
    """Problems of the campaign that lack runs, and are left out."""
    kept_out: Mapping[str, int]
    """Reason -> problems kept out, most first."""
    winners: Mapping[str, int]
    """Optimizer -> problems won, most first."""
    winning_families: Mapping[str, int]
    """Family of optimizers -> problems won, most first."""
    near_tie_share: float
    """Share of problems whose winner has a near-tie with another optimizer."""
    median_confidence: float
    """Median over problems of the confidence in the winning optimizer, with any settings."""
    single_best: str
    """Optimizer and settings of the single best solver."""
    single_best_score: float
    """Mean score of the single best solver over the problems."""
    virtual_best_score: float
    """Mean score of the winners over the problems."""

    @property
    def num_rows(self) -> int:
        """Rows of all splits."""
        return sum(self.rows.values())

    @property
    def num_problems(self) -> int:
        """Problems of all splits, each once."""
        return sum(problems for split, problems in self.problems.items() if split != STYLED)


def report_of(
    reader: CampaignReader,
    judgements: Judgements,
    facts: Sequence[Fact],
    rows: Mapping[Split, int],
    single_best: str,
) -> ExportReport:
    """The numbers of an export with these verdicts and rows.

    Args:
        single_best: candidate_id of the single best solver.
    """
    candidates = reader.candidates
    winners = Counter(candidates[fact.winner].optimizer for fact in facts)
    families = Counter(candidates[fact.winner].family for fact in facts)
    problems = Counter(judgements.splits.values())
    problems[STYLED] = rows[STYLED]  # one statement each
    best = candidates[single_best]
    return ExportReport(
        spec=reader.spec,
        rows=rows,
        problems={split: problems[split] for split in MEASURED_SPLITS},
        num_users_own=sum(
            isinstance(spec := reader.problem(index), OwnProblemSpec)
            and not is_of_suite(spec.source, reader.spec.real_titles)
            for index in reader.indices()
            if index < 0
        ),
        incomplete=judgements.incomplete,
        kept_out=_most_first(Counter(str(verdict.kept_out) for verdict in judgements.kept_out.values())),
        winners=_most_first(winners),
        winning_families=_most_first(families),
        near_tie_share=fmean(fact.has_rival for fact in facts),
        median_confidence=median(fact.confidence for fact in facts),
        single_best=f"{best.optimizer} {settings_json(best)}",
        single_best_score=fmean(fact.single_best_score for fact in facts),
        virtual_best_score=fmean(fact.score for fact in facts),
    )


def _most_first(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
