"""Measures labels that are read from traces against races that are run at the smaller budget, on fresh seeds.

    llamoco-data run standard-campaign --recipe standard
    python -m tests.benchmarks.smaller_budgets standard-campaign smaller-runs

For problems of a finished campaign, a race is run at a share of the budget, with the campaign's own programs. Its
winner and that of the traces then run on seeds that neither has seen. The regret of the traces' label is the score of
the race's less its own. Runs are kept in the second folder; run again, it makes none. Exits with 1 where labels with a
higher confidence have the higher regret.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from llamoco_data.campaign import CampaignReader, view_of
from llamoco_data.confidence import NEAR
from llamoco_data.export.judging import baseline_of, budgeted_problems, verdict_of
from llamoco_data.identity import stream
from llamoco_data.ordering import results_of, yardstick
from llamoco_data.portfolio.stored_candidates import optimizers_of
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.racing import next_runs
from llamoco_data.runs import RunRecord, run_program, run_seed
from llamoco_data.verdicts import Verdict, floor_from, judge, run_scores
from tests.benchmarks.racing import interval

SET_ASIDE = 30
"""Problems, first of a drawn order, on which the numbers of the rule were chosen; they are passed over."""
FRESH = 10
"""Seeds that no label has seen."""
FIRST_FRESH = 1_000
"""Repeat of the first of them; a race has fewer."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One problem at the smaller budget."""

    told: Verdict
    """By the traces."""
    raced: Verdict
    regret: float
    """Score of the race's label on fresh seeds less that of the traces' label."""


class Runs:
    """Runs of a campaign's programs at other budgets, kept in a folder, one file a problem."""

    def __init__(self, folder: Path, reader: CampaignReader, spec: AnySpec) -> None:
        self._file = folder / f"{spec.problem_id}.jsonl"
        self._reader, self._spec, self._problem = reader, spec, build(spec)
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        known = (RunRecord.from_json(line) for line in lines)
        self._known = {(record.candidate_id, record.seed): record for record in known}

    def of(self, candidate_id: str, seed: int) -> RunRecord:
        if (candidate_id, seed) not in self._known:
            program = self._reader.candidates[candidate_id].program
            record = run_program(program, self._spec, seed, problem=self._problem)
            self._known[candidate_id, seed] = record
            with self._file.open("a") as lines:
                lines.write(record.to_json() + "\n")
        return self._known[candidate_id, seed]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("campaign", help="a finished campaign folder")
    parser.add_argument("runs", type=Path, help="where the runs at the smaller budget are kept")
    parser.add_argument("--share", type=float, default=0.3, help="of the budget")
    parser.add_argument("--problems", type=int, default=40)
    arguments = parser.parse_args()
    arguments.runs.mkdir(parents=True, exist_ok=True)
    console, compared = Console(width=120), list[Compared]()
    for one in _compared(arguments.campaign, arguments.runs, arguments.share):
        compared.append(one)
        if len(compared) == arguments.problems:
            break
    return _tell(console, compared)


def _compared(campaign: str, folder: Path, share: float) -> Iterator[Compared]:
    """The problems that a race at the smaller budget would teach."""
    reader = CampaignReader(view_of(campaign))
    for index in stream("smaller budgets").permutation(reader.indices())[SET_ASIDE:]:
        runs = reader.runs(int(index))
        smaller = [*budgeted_problems(runs, reader.candidates, [share], reader.spec)][1:]
        for budgeted in smaller if runs.complete else ():
            at = Runs(folder, reader, budgeted.spec)
            raced, race = _race(reader, budgeted.spec, at)
            if raced.kept_out is None:
                told = verdict_of(budgeted, list(reader.candidates), baseline_of(reader.candidates))
                yield Compared(told, raced, _regret(reader, at, race, told, raced))


def _race(reader: CampaignReader, spec: AnySpec, at: Runs) -> tuple[Verdict, list[RunRecord]]:
    """A race at a problem's budget with the candidates of a campaign."""
    racers = optimizers_of(reader.candidates.values(), spec)
    records: list[RunRecord] = []
    while runs := next_runs(reader.spec.policy, spec.problem_id, racers, records):
        records += [at.of(run.candidate_id, run.seed) for run in runs]
    return judge(records, order=list(reader.candidates), baseline=baseline_of(reader.candidates)), records


def _regret(reader: CampaignReader, at: Runs, race: Sequence[RunRecord], told: Verdict, raced: Verdict) -> float:
    seeds = [run_seed(raced.problem_id, FIRST_FRESH + repeat) for repeat in range(FRESH)]
    labels = [[at.of(label, seed) for seed in seeds] for label in (raced.winner, told.winner)]
    floor = [at.of(baseline_of(reader.candidates), seed) for seed in seeds]
    measured_by = yardstick([*race, *labels[0], *labels[1], *floor])
    worst = floor_from(floor, measured_by)
    assert worst is not None, "a race that teaches has a best known value"
    of_race, of_traces = (
        float(run_scores(results_of([runs], measured_by)[0].error, worst, measured_by.tolerance).mean())
        for runs in labels
    )
    return of_race - of_traces


def _tell(console: Console, compared: Sequence[Compared]) -> int:
    rows = [one for one in compared if one.told.kept_out is None]
    reasons = Counter(one.told.kept_out for one in compared if one.told.kept_out is not None)
    table = Table("labels from traces", title="Regret against a race at that budget", title_justify="left")
    for head in ("problems", "regret [95 % interval]", "regret < 0.02", "the race's label"):
        table.add_column(head, justify="right")
    _add(table, "all that ran", compared)
    _add(table, "rows", rows)
    for reason in sorted(reasons):
        _add(table, f"no row: {reason}", [one for one in compared if one.told.kept_out == reason])
    bins = ((0.0, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.95), (0.95, 1.01))
    for low, high in bins:
        _add(table, f"confidence {low:g} to {min(high, 1):g}", [r for r in rows if low <= r.told.confidence < high])
    console.print(table)
    middle = float(np.median([row.told.confidence for row in rows]))
    low, high = ([r.regret for r in rows if (r.told.confidence >= middle) == sure] for sure in (False, True))
    met = not low or float(np.mean(high)) <= float(np.mean(low))
    console.print("met" if met else "MISSED")
    return 0 if met else 1


def _add(table: Table, name: str, compared: Iterable[Compared]) -> None:
    some = list(compared)
    if some:
        regret = np.array([one.regret for one in some])
        low, high = interval(regret)
        close, same = np.mean(regret < NEAR), np.mean([one.told.winner == one.raced.winner for one in some])
        table.add_row(
            name, f"{len(some)}", f"{regret.mean():.3f} [{low:.3f}, {high:.3f}]", f"{close:.0%}", f"{same:.0%}"
        )


if __name__ == "__main__":
    raise SystemExit(main())
