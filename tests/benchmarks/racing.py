"""Measures the race against exhaustive search on problems set aside: evaluations spent, and regret of what is chosen.

    python tests/benchmarks/truth.py truth-test --set test
    python tests/benchmarks/racing.py truth-test

Every policy is replayed over stored runs, several times with the seeds in another order. Regret is the score of the
truly best candidate less that of the chosen one, both by the truth: all seeds of every candidate, or, without any run
that the policy has seen, the other half of the seeds. Prints what every rule of the race buys, and how far confidence
can be believed; exits with 1 where the race spends more than a fifth of the evaluations of five seeds for every
candidate, or its mean regret is larger.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from llamoco_data.campaign import read_entrants, read_problems
from llamoco_data.identity import stream
from llamoco_data.portfolio import BASELINE
from llamoco_data.racing import Contestant, Exhaustive, Policy, Race, counted, next_runs
from llamoco_data.runs import RunRecord, run_seed
from llamoco_data.verdicts import Verdict, judge

REPLAYS = 10
SEEN = 10
"""Seeds that a policy may see; the truth that it is blind to is made of the others."""
REFERENCE = "exhaustive, 5 seeds"
RACE = "race"
CLOSE = 0.02
"""A choice with a regret below this is as good as the best for any purpose."""

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


@dataclass(frozen=True, slots=True)
class Reference:
    """A problem, and all that is known of it."""

    problem_id: str
    contestants: tuple[Contestant, ...]
    records: dict[str, list[RunRecord]]
    """candidate_id -> its runs, by seed."""
    truth: Verdict


@dataclass(slots=True)
class Outcome:
    """What a policy did, in every problem and replay: lists of equal length."""

    problem: list[int] = field(default_factory=list)
    regret: list[float] = field(default_factory=list)
    blind_regret: list[float] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)
    """Evaluations, as a share of those of the reference policy."""
    agrees: list[bool] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", help="a campaign of tests/benchmarks/truth.py")
    arguments = parser.parse_args()
    console = Console(width=120)
    entrants = read_entrants(arguments.folder)
    order = [entrant.candidate_id for entrant in entrants]
    baseline = next(entrant.candidate_id for entrant in entrants if entrant.optimizer == BASELINE)
    optimizer = {entrant.candidate_id: entrant.optimizer for entrant in entrants}
    references: list[Reference] = []
    for runs in read_problems(arguments.folder):
        by_candidate: dict[str, list[RunRecord]] = {}
        for record in runs.records:
            by_candidate.setdefault(record.candidate_id, []).append(record)
        truth = judge(runs.records, order=order, baseline=baseline)
        if runs.complete and truth.kept_out is None:
            racers = tuple(Contestant(candidate_id=c, optimizer=optimizer[c]) for c in order if c in by_candidate)
            references.append(Reference(runs.spec.problem_id, racers, by_candidate, truth))
    outcomes = {name: Outcome() for name in POLICIES}
    for position, reference in enumerate(references):
        for replay in range(REPLAYS):
            _replay(reference, position, replay, order, baseline, outcomes)
    num_seeds = len(next(iter(references[0].records.values())))
    console.print(f"{len(references)} problems worth teaching, {num_seeds} seeds, {REPLAYS} replays\n")
    console.print(_policies_table(outcomes))
    console.print(_confidence_table(outcomes[RACE]))
    race, exhaustive = outcomes[RACE], outcomes[REFERENCE]
    difference = _by_problem(race, "blind_regret") - _by_problem(exhaustive, "blind_regret")
    low, high = _interval(difference)
    console.print(f"regret of the race less that of {REFERENCE}: {difference.mean():+.4f} [{low:+.4f}, {high:+.4f}]")
    met = float(np.mean(race.spent)) <= 0.2 and float(difference.mean()) <= 0
    console.print("met" if met else "MISSED")
    return 0 if met else 1


def _replay(
    reference: Reference, position: int, replay: int, order: Sequence[str], baseline: str, outcomes: dict[str, Outcome]
) -> None:
    """Every policy on one problem, with the seeds in an order of this replay's own."""
    num_seeds = len(next(iter(reference.records.values())))
    shuffled = stream("racing", reference.problem_id, replay).permutation(num_seeds)
    served = {
        (candidate, run_seed(reference.problem_id, repeat)): records[place]
        for candidate, records in reference.records.items()
        for repeat, place in enumerate(shuffled[:SEEN])
    }
    unseen = [records[place] for records in reference.records.values() for place in shuffled[SEEN:]]
    scores = {s.candidate_id: s.score for s in reference.truth.standings}
    blind = {s.candidate_id: s.score for s in judge(unseen, order=order, baseline=baseline).standings}
    for name, policy in POLICIES.items():
        verdict, num_runs = _raced(policy, reference, served, order, baseline)
        outcome = outcomes[name]
        outcome.problem.append(position)
        outcome.regret.append(scores[reference.truth.winner] - scores[verdict.winner])
        outcome.blind_regret.append(max(blind.values()) - blind[verdict.winner])
        outcome.spent.append(num_runs / (5 * len(reference.contestants)))
        outcome.agrees.append(verdict.winner == reference.truth.winner)
        outcome.confidence.append(verdict.confidence)


def _raced(
    policy: Policy,
    reference: Reference,
    served: dict[tuple[str, int], RunRecord],
    order: Sequence[str],
    baseline: str,
) -> tuple[Verdict, int]:
    """The verdict after every run that a policy asks for, and their number; a run's cost is the problem's budget."""
    records: list[RunRecord] = []
    while runs := next_runs(policy, reference.problem_id, reference.contestants, records):
        records += [served[run.candidate_id, run.seed].model_copy(update={"seed": run.seed}) for run in runs]
    asked = counted(policy, reference.problem_id, reference.contestants, records)
    return judge(asked, order=order, baseline=baseline), len(records)


def _policies_table(outcomes: dict[str, Outcome]) -> Table:
    table = Table("policy", title="Regret, mean over problems [95 % interval over problems]", title_justify="left")
    for head in ("evaluations", "regret, all seeds", "regret, unseen seeds", "truth's winner", "regret < 0.02"):
        table.add_column(head, justify="right")
    for name, outcome in outcomes.items():
        table.add_row(
            name,
            f"{np.mean(outcome.spent):.1%}",
            _with_interval(_by_problem(outcome, "regret")),
            _with_interval(_by_problem(outcome, "blind_regret")),
            f"{np.mean(outcome.agrees):.0%}",
            f"{np.mean(np.array(outcome.regret) < CLOSE):.0%}",
        )
    return table


def _confidence_table(outcome: Outcome) -> Table:
    table = Table("confidence of the race's verdict", title="How far confidence can be believed", title_justify="left")
    for head in ("verdicts", "truth's winner", "regret < 0.02", "mean regret"):
        table.add_column(head, justify="right")
    confidence, regret = np.array(outcome.confidence), np.array(outcome.regret)
    for low, high in ((0.0, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.95), (0.95, 1.01)):
        inside = (confidence >= low) & (confidence < high)
        if inside.any():
            agrees = np.array(outcome.agrees)[inside].mean()
            close = (regret[inside] < CLOSE).mean()
            label = f"{low:.2f} to {min(high, 1):.2f}"
            table.add_row(label, f"{inside.sum()}", f"{agrees:.0%}", f"{close:.0%}", f"{regret[inside].mean():.4f}")
    return table


def _by_problem(outcome: Outcome, what: str) -> NDArray[np.float64]:
    """Means over the replays of each problem."""
    values, problem = np.array(getattr(outcome, what)), np.array(outcome.problem)
    return np.array([values[problem == p].mean() for p in np.unique(problem)])


def _interval(values_P: NDArray[np.float64]) -> tuple[float, float]:
    """Bootstrap over problems."""
    picks = stream("racing", "interval").integers(len(values_P), size=(5_000, len(values_P)))
    low, high = np.quantile(values_P[picks].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _with_interval(values_P: NDArray[np.float64]) -> str:
    low, high = _interval(values_P)
    return f"{values_P.mean():.4f} [{low:.4f}, {high:.4f}]"


if __name__ == "__main__":
    raise SystemExit(main())
