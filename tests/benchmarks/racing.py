"""Measures the race against exhaustive search on problems set aside: evaluations spent, and regret of what is chosen.

    python tests/benchmarks/truth.py truth-test --set test
    llamoco-data prior standard-campaign --out prior.parquet
    python tests/benchmarks/racing.py truth-test --prior prior.parquet

Every policy is replayed over stored runs, several times with the seeds in another order. Regret is the score of the
truly best candidate less that of the chosen one, both by the truth: all seeds of every candidate, or, without any run
that the policy has seen, the other half of the seeds. Prints what every rule of the race buys, and how far confidence
can be believed; exits with 1 where the race spends more than a fifth of the evaluations of five seeds for every
candidate, its mean regret is larger, or a bin with enough verdicts is right more than five points more or less often
than its verdicts say; and, given a prior, where informed races, whole ones among them, spend more than a tenth, or
their mean regret is larger than the race's.
"""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from llamoco_data.campaign import read_candidates, read_problems
from llamoco_data.confidence import NEAR
from llamoco_data.identity import stream
from llamoco_data.portfolio import BASELINE
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.racing import Exhaustive, Informed, Policy, Prospects, Race, next_runs, replayed
from llamoco_data.runs import RunRecord, run_seed
from llamoco_data.selector import Prior, features, prospects, read_prior
from llamoco_data.verdicts import Verdict, judge

REPLAYS = 10
SEEN = 10
"""Seeds that a policy may see; the truth that it is blind to is made of the others."""
REFERENCE = "exhaustive, 5 seeds"
RACE = "race"
BINS = ((0.0, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.95), (0.95, 1.01))
"""Bins of stated confidence: from, and below."""
ENOUGH = 20
"""Verdicts that a bin needs for its share to be judged."""
POINTS_ALLOWED = 5.0
"""Largest difference between what the verdicts of a bin say and how often they are right, in points."""

POLICIES: dict[str, Policy] = {
    "exhaustive, 1 seed": Exhaustive(repeats=1),
    "exhaustive, 3 seeds": Exhaustive(repeats=3),
    REFERENCE: Exhaustive(repeats=5),
    RACE: Race(),
    "race, first settings only": Race(opened=1e-9),
    "race, all settings opened": Race(opened=1.0),
    "race, many leaders": Race(leaders=0.2),
    "race, leaders never dropped": Race(kept=0.999),
    "race, one further seed": Race(repeats=2),
    "race, half the runs": Race(runs_per_candidate=0.6),
    "race, twice the runs": Race(runs_per_candidate=2.0),
}
INFORMED = "informed race"


def informed_policies(prior: Prior) -> dict[str, Policy]:
    """Informed races of problems that have no whole race."""
    usual = Informed(prior=prior.prior_id, always=prior.spec.always, first_informed=0, full_share=0.0)
    changes: dict[str, dict[str, object]] = {
        "every optimizer": {"least_gain": 0.0},
        "few optimizers": {"least_gain": 0.01},
        "one optimizer opened": {"opened": 1},
        "six optimizers opened": {"opened": 6},
        "three leaders": {"leaders": 3},
        "ten leaders": {"leaders": 10},
        "leaders never dropped": {"kept": 0.999},
        "one run per candidate": {"runs_per_candidate": 1.0},
    }
    variants = {f"informed, {name}": usual.model_copy(update=change) for name, change in changes.items()}
    return {INFORMED: usual, **variants}


Served = dict[tuple[str, int], RunRecord]
"""(candidate_id, seed) -> the run that a policy finds there."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A problem, and all that is known of it."""

    spec: ProblemSpec
    optimizers: dict[str, str]
    """candidate_id -> its optimizer, of the candidates that ran."""
    records: dict[str, list[RunRecord]]
    """candidate_id -> its runs, by seed."""
    truth: Verdict
    prospects: Prospects | None
    """What the prior expects of the optimizers."""


@dataclass(slots=True)
class Outcome:
    """What a policy did, in every problem and replay: lists of equal length."""

    problem: list[int] = dataclasses.field(default_factory=list)
    regret: list[float] = dataclasses.field(default_factory=list)
    blind_regret: list[float] = dataclasses.field(default_factory=list)
    spent: list[float] = dataclasses.field(default_factory=list)
    """Evaluations, as a share of those of the reference policy."""
    agrees: list[bool] = dataclasses.field(default_factory=list)
    confidence: list[float] = dataclasses.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Field:
    """What all problems of a reference campaign share."""

    candidates: dict[str, StoredCandidate]
    """By candidate_id, in catalogue order."""
    baseline: str

    def judge(self, records: Sequence[RunRecord]) -> Verdict:
        return judge(records, order=list(self.candidates), baseline=self.baseline)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", help="a campaign of tests/benchmarks/truth.py")
    parser.add_argument("--prior", type=Path, help="a file of `llamoco-data prior`, of other problems")
    arguments = parser.parse_args()
    console = Console(width=120)
    prior = None if arguments.prior is None else read_prior(arguments.prior)
    field, references = read_references(arguments.folder, prior)
    policies = POLICIES | (informed_policies(prior) if prior else {})
    outcomes = {name: Outcome() for name in policies}
    for position, reference in enumerate(references):
        for replay in range(REPLAYS):
            _replay(field, reference, position, replay, policies, outcomes)
    num_seeds = len(next(iter(references[0].records.values())))
    console.print(f"{len(references)} problems worth teaching, {num_seeds} seeds, {REPLAYS} replays\n")
    console.print(_policies_table(outcomes))
    console.print(_confidence_table(outcomes[RACE]))
    off = max((abs(points) for points in _calibration(outcomes[RACE])), default=0.0)
    console.print(f"largest difference of a bin with at least {ENOUGH} verdicts: {off:.1f} points")
    race, exhaustive = outcomes[RACE], outcomes[REFERENCE]
    difference = _by_problem(race, "blind_regret") - _by_problem(exhaustive, "blind_regret")
    low, high = interval(difference)
    console.print(f"regret of the race less that of {REFERENCE}: {difference.mean():+.4f} [{low:+.4f}, {high:+.4f}]")
    met = float(np.mean(race.spent)) <= 0.2 and float(difference.mean()) <= 0 and off <= POINTS_ALLOWED
    if INFORMED in outcomes:
        informed = outcomes[INFORMED]
        console.print(_confidence_table(informed, INFORMED))
        less = _by_problem(informed, "blind_regret") - _by_problem(race, "blind_regret")
        low, high = interval(less)
        console.print(f"regret of the {INFORMED} less that of the race: {less.mean():+.4f} [{low:+.4f}, {high:+.4f}]")
        whole = Informed(prior="", first_informed=0).full_share
        spent = whole * float(np.mean(race.spent)) + (1 - whole) * float(np.mean(informed.spent))
        console.print(f"evaluations with a share of {whole:g} of whole races: {spent:.1%}")
        met = met and spent <= 0.1 and float(less.mean()) <= 0
    console.print("met" if met else "MISSED")
    return 0 if met else 1


def read_references(folder: str, prior: Prior | None = None) -> tuple[Field, list[Reference]]:
    """The complete problems of a reference campaign that are worth teaching."""
    candidates = {candidate.candidate_id: candidate for candidate in read_candidates(folder)}
    field = Field(candidates, next(c for c, candidate in candidates.items() if candidate.optimizer == BASELINE))
    references: list[Reference] = []
    for runs in read_problems(folder):
        by_candidate: dict[str, list[RunRecord]] = {}
        for record in runs.records:
            by_candidate.setdefault(record.candidate_id, []).append(record)
        if not runs.complete or not isinstance(runs.spec, ProblemSpec):
            continue
        truth = field.judge(runs.records)
        if truth.kept_out is None:
            optimizers = {c: candidate.optimizer for c, candidate in candidates.items() if c in by_candidate}
            references.append(Reference(runs.spec, optimizers, by_candidate, truth, None))
    return field, with_prospects(references, prior) if prior else references


def with_prospects(references: Sequence[Reference], prior: Prior) -> list[Reference]:
    found = prior.selector.precedents(np.array([features(reference.spec) for reference in references]))
    return [
        dataclasses.replace(
            one, prospects=prospects(each, prior.scores, prior.spec.optimizers, one.optimizers.values())
        )
        for one, each in zip(references, found, strict=True)
    ]


def reordered(reference: Reference, replay: int, seen: int = SEEN) -> tuple[Served, list[RunRecord]]:
    """Runs for a policy to find, their seeds in an order of the replay's own, and those that it never sees."""
    problem_id = reference.spec.problem_id
    num_seeds = len(next(iter(reference.records.values())))
    shuffled = stream("racing", problem_id, replay).permutation(num_seeds)
    served = {
        (candidate, run_seed(problem_id, repeat)): records[place]
        for candidate, records in reference.records.items()
        for repeat, place in enumerate(shuffled[:seen])
    }
    return served, [records[place] for records in reference.records.values() for place in shuffled[seen:]]


def raced(policy: Policy, reference: Reference, served: Served) -> list[RunRecord]:
    """Every run that a policy asks for; a run's cost is the problem's budget."""
    problem_id, records = reference.spec.problem_id, list[RunRecord]()
    while runs := next_runs(policy, problem_id, reference.optimizers, records, reference.prospects):
        records += [served[run.candidate_id, run.seed].model_copy(update={"seed": run.seed}) for run in runs]
    return list(replayed(policy, problem_id, reference.optimizers, records, reference.prospects)[0])


def _replay(
    field: Field,
    reference: Reference,
    position: int,
    replay: int,
    policies: Mapping[str, Policy],
    outcomes: dict[str, Outcome],
) -> None:
    """Every policy on one problem."""
    served, unseen = reordered(reference, replay)
    scores = {s.candidate_id: s.score for s in reference.truth.standings}
    blind = {s.candidate_id: s.score for s in field.judge(unseen).standings}
    for name, policy in policies.items():
        records = raced(policy, reference, served)
        verdict, outcome = field.judge(records), outcomes[name]
        outcome.problem.append(position)
        outcome.regret.append(scores[reference.truth.winner] - scores[verdict.winner])
        outcome.blind_regret.append(max(blind.values()) - blind[verdict.winner])
        outcome.spent.append(len(records) / (5 * len(reference.optimizers)))
        outcome.agrees.append(verdict.winner == reference.truth.winner)
        outcome.confidence.append(verdict.confidence)


def _policies_table(outcomes: dict[str, Outcome]) -> Table:
    table = Table("policy", title="Regret, mean over problems [95 % interval over problems]", title_justify="left")
    for head in ("evaluations", "regret, all seeds", "regret, unseen seeds", "truth's winner", "regret < 0.02"):
        table.add_column(head, justify="right")
    for name, outcome in outcomes.items():
        table.add_row(
            name,
            f"{np.mean(outcome.spent):.1%}",
            _withinterval(_by_problem(outcome, "regret")),
            _withinterval(_by_problem(outcome, "blind_regret")),
            f"{np.mean(outcome.agrees):.0%}",
            f"{np.mean(np.array(outcome.regret) < NEAR):.0%}",
        )
    return table


def _confidence_table(outcome: Outcome, policy: str = RACE) -> Table:
    title = f"How far the confidence of the {policy} can be believed"
    table = Table("confidence", title=title, title_justify="left")
    for head in ("verdicts", "said", "right", "right less said, points", "truth's winner", "mean regret"):
        table.add_column(head, justify="right")
    confidence, agrees, regret = np.array(outcome.confidence), np.array(outcome.agrees), np.array(outcome.regret)
    for low, high in BINS:
        inside = (confidence >= low) & (confidence < high)
        if inside.any():
            least, most = _ratio_interval(_right_less_said(outcome)[inside], np.array(outcome.problem)[inside])
            table.add_row(
                f"{low:.2f} to {min(high, 1):.2f}",
                f"{inside.sum()}",
                f"{confidence[inside].mean():.1%}",
                f"{_right(outcome)[inside].mean():.1%}",
                f"{100 * _right_less_said(outcome)[inside].mean():+.1f} [{100 * least:+.1f}, {100 * most:+.1f}]",
                f"{agrees[inside].mean():.0%}",
                f"{regret[inside].mean():.4f}",
            )
    return table


def _right(outcome: Outcome) -> NDArray[np.bool_]:
    """Whether the truth's winner was chosen, or one within `NEAR` of its score."""
    return np.array(outcome.agrees) | (np.array(outcome.regret) < NEAR)


def _right_less_said(outcome: Outcome) -> NDArray[np.float64]:
    return _right(outcome) - np.array(outcome.confidence)


def _calibration(outcome: Outcome) -> list[float]:
    """Of each bin with enough verdicts, how much more often they are right than they say, in points."""
    confidence, difference = np.array(outcome.confidence), _right_less_said(outcome)
    bins = [difference[(confidence >= low) & (confidence < high)] for low, high in BINS]
    return [100 * float(values.mean()) for values in bins if len(values) >= ENOUGH]


def _ratio_interval(values: NDArray[np.float64], problem: NDArray[np.int64]) -> tuple[float, float]:
    """95 % interval of the mean of values, of which problems have unequal numbers, by a bootstrap over problems."""
    positions = [problem == p for p in np.unique(problem)]
    sum_P = np.array([values[position].sum() for position in positions])
    count_P = np.array([np.count_nonzero(position) for position in positions])
    picks = stream("racing", "interval").integers(len(sum_P), size=(5_000, len(sum_P)))
    low, high = np.quantile(sum_P[picks].sum(axis=1) / count_P[picks].sum(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _by_problem(outcome: Outcome, what: str) -> NDArray[np.float64]:
    """Means over the replays of each problem."""
    values, problem = np.array(getattr(outcome, what)), np.array(outcome.problem)
    return np.array([values[problem == p].mean() for p in np.unique(problem)])


def interval(values_P: NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of the mean, by a bootstrap over problems."""
    picks = stream("racing", "interval").integers(len(values_P), size=(5_000, len(values_P)))
    low, high = np.quantile(values_P[picks].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _withinterval(values_P: NDArray[np.float64]) -> str:
    low, high = interval(values_P)
    return f"{values_P.mean():.4f} [{low:.4f}, {high:.4f}]"


if __name__ == "__main__":
    raise SystemExit(main())
