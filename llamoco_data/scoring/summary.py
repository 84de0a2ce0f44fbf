"""The summary of a score, by split: how far programs get, their scores beside the baselines, what they choose."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from llamoco_data.identity import Record
from llamoco_data.instruction_set import SPLITS
from llamoco_data.scoring import intervals
from llamoco_data.scoring.contenders import CONTENDERS, Contender
from llamoco_data.scoring.intervals import Interval
from llamoco_data.scoring.marks import FAILURES
from llamoco_data.scoring.metrics import TARGETS, expected_running_time
from llamoco_data.scoring.repairs import Repairs, repairs_of
from llamoco_data.scoring.scored import ProblemScore, ScoredProgram, functions_of


class Share(Record):
    """A share of programs: the mean over problems of the share within each."""

    share: float = Field(ge=0, le=1)
    interval: Interval
    """Wilson's interval, with problems as the trials."""


class ContenderScore(Record):
    """How one contender did on the problems of a split."""

    contender: Contender
    score: float = Field(ge=0, le=1)
    """Mean score over the problems."""
    interval: Interval | None
    """Bootstrap interval over the problems; None for a single problem."""
    gap_closed: float | None
    """Share of the way from the single best solver to the virtual best; below 0 if worse than the former."""
    gap_interval: Interval | None
    """Bootstrap interval of the gap closed; None where it says nothing."""
    aocc: float | None = None
    """Mean area over the convergence curve; None in scores of earlier releases."""
    solved: float | None = None
    """Mean share of the runs that end within the tolerance."""
    running_times: tuple[float | None, ...] = ()
    """Expected running time to each of the three targets, in budgets; None for a target that no run hits."""


class SplitSummary(Record):
    """The summary of one split."""

    split: str
    num_problems: int = Field(ge=1)
    num_programs: int = Field(ge=1)
    parse: Share
    """Programs that are Python."""
    define: Share
    """Programs that define `minimize`."""
    run: Share
    """Programs whose every run gives a result: it ends, or it is stopped at its budget and its best point counts."""
    keep_budget: Share
    """Programs whose every run ends by itself."""
    failures: Mapping[str, int]
    """Number of programs that fail at each stage."""
    cut_off: int
    """Number of programs whose completion was cut at its limit."""
    not_generated: int
    """Number of completions that ended with an error of the model's runtime; they count as failures."""
    contenders: tuple[ContenderScore, ...]
    """The model, then the baselines that have answers."""
    recorded_virtual_best: float
    """Mean of the winners' scores in the export, from the runs that made them winners."""
    recorded_single_best: float
    """Mean of the single best solver's scores in the export."""
    named: Share
    """Programs that name a known optimizer."""
    right: Share
    """Programs that name the optimizer of the label."""
    nearly_right: Share
    """Programs that name the optimizer of the label or of a near-tie."""
    copies: Share
    """Programs that copy one of the portfolio or of the answers to the byte."""
    majority: str
    """Most frequent optimizer of the training problems; empty without any."""
    majority_right: Share
    """Programs whose label is the majority."""
    completion_tokens: float
    """Mean number of completion tokens of a program."""
    completion_tokens_per_running: float | None
    """All completion tokens, divided by the number of programs that run; None if none does."""
    seconds: float = 0.0
    """Mean time of a completion."""
    seconds_per_running: float | None = None
    """Time of all completions, divided by the number of programs that run; None if none does."""
    mended: int = 0
    """Number of failing programs that run after the four rules."""
    edited_tokens: float | None = None
    """Mean number of tokens that the rules edit in a program that they mend; None if they mend none."""
    repairs: Repairs | None = None
    """What rounds of repair by a model gave; None without any."""
    evaluations: float = 0.0
    """Mean number of evaluations of a program's runs."""
    calls: float = 0.0
    """Mean number of calls of a search by prompts; 0 of programs that are none."""
    vain_calls: float = 0.0
    """Mean number of these calls whose answer holds no new point."""


class Summary(Record):
    """The summary of a score."""

    schema_version: int = 1
    score_id: str
    """Digest of what was scored and how."""
    model: str
    settings: str
    """How the programs were decoded, JSON; empty if that differs between them."""
    repeats: int
    """Number of runs of each program."""
    tiers: Mapping[str, int] = Field(default_factory=dict)
    """Number of runs at each tier of confinement."""
    faults: int = 0
    """Attempts at runs that the confinement spoilt; they were made again, and count against no program."""
    splits: tuple[SplitSummary, ...]


def summarise(
    programs: Sequence[ScoredProgram], problems: Sequence[ProblemScore], majority: str
) -> tuple[SplitSummary, ...]:
    """A summary of each split that has programs."""
    splits = {program.split for program in programs}
    ordered = sorted(splits, key=lambda split: (split not in SPLITS, SPLITS.index(split) if split in SPLITS else 0))
    return tuple(
        _split(
            split,
            [program for program in programs if program.split == split],
            [problem for problem in problems if problem.split == split],
            majority,
        )
        for split in ordered
    )


def _split(
    split: str, programs: Sequence[ScoredProgram], problems: Sequence[ProblemScore], majority: str
) -> SplitSummary:
    by_problem: dict[str, list[ScoredProgram]] = defaultdict(list)
    for program in programs:
        by_problem[program.problem_id].append(program)
    groups = list(by_problem.values())
    running = sum(program.runs for program in programs)
    tokens = sum(program.completion_tokens for program in programs)
    failures = Counter(program.failure for program in programs)
    seconds = sum(program.seconds for program in programs)
    mended = [program.edited_tokens for program in programs if program.mends]
    models = [problem for problem in problems if problem.contender == "model"]
    return SplitSummary(
        split=split,
        num_problems=len(groups),
        num_programs=len(programs),
        parse=_share(groups, lambda program: program.parses),
        define=_share(groups, lambda program: program.defines),
        run=_share(groups, lambda program: program.runs),
        keep_budget=_share(groups, lambda program: program.keeps_budget),
        failures={failure: failures[failure] for failure in FAILURES if failures[failure]},
        cut_off=sum(program.ended == "length" for program in programs),
        not_generated=sum(program.ended == "error" for program in programs),
        contenders=_contenders(problems),
        recorded_virtual_best=fmean(problem.recorded_virtual_best for problem in models),
        recorded_single_best=fmean(problem.recorded_single_best for problem in models),
        named=_share(groups, lambda program: bool(program.named)),
        right=_share(groups, lambda program: program.right),
        nearly_right=_share(groups, lambda program: program.nearly_right),
        copies=_share(groups, lambda program: bool(program.copy_of)),
        majority=majority,
        majority_right=_share(groups, lambda program: program.label == majority),
        completion_tokens=tokens / len(programs),
        completion_tokens_per_running=tokens / running if running else None,
        seconds=seconds / len(programs),
        seconds_per_running=seconds / running if running else None,
        mended=len(mended),
        edited_tokens=fmean(mended) if mended else None,
        repairs=repairs_of(programs),
        evaluations=fmean(program.evaluations for program in programs),
        calls=fmean(program.calls for program in programs),
        vain_calls=fmean(program.vain_calls for program in programs),
    )


def _share(groups: Sequence[Sequence[ScoredProgram]], holds: Callable[[ScoredProgram], bool]) -> Share:
    share = fmean(fmean(holds(program) for program in group) for group in groups)
    return Share(share=share, interval=intervals.share_interval(share, len(groups)))


def _contenders(problems: Sequence[ProblemScore]) -> tuple[ContenderScore, ...]:
    """The scores of the contenders that have one on every problem."""
    ids = sorted({problem.problem_id for problem in problems})
    table: dict[Contender, dict[str, ProblemScore]] = defaultdict(dict)
    for problem in problems:
        table[problem.contender][problem.problem_id] = problem
    whole: dict[Contender, dict[str, ProblemScore]] = {
        contender: table[contender] for contender in CONTENDERS if len(table[contender]) == len(ids)
    }
    values: dict[Contender, NDArray[np.float64]] = {
        contender: np.array([rows[problem_id].score for problem_id in ids], dtype=np.float64)
        for contender, rows in whole.items()
    }
    first = next(iter(whole.values()))
    shares_BN = intervals.resampled(ids, functions_of([first[problem_id] for problem_id in ids]))
    low_N, high_N = values.get("single best solver"), values["virtual best"]
    scores: list[ContenderScore] = []
    for contender, values_N in values.items():
        compared = low_N is not None
        scores.append(
            ContenderScore(
                contender=contender,
                score=float(values_N.mean()),
                interval=intervals.mean_interval(values_N, shares_BN),
                gap_closed=intervals.gap_closed(values_N, low_N, high_N) if compared else None,
                gap_interval=intervals.gap_interval(values_N, low_N, high_N, shares_BN) if compared else None,
                aocc=_mean(row.aocc for row in whole[contender].values()),
                solved=_mean(row.solved for row in whole[contender].values()),
                running_times=running_times([whole[contender][problem_id] for problem_id in ids]),
            )
        )
    return tuple(scores)


def running_times(scores: Sequence[ProblemScore]) -> tuple[float | None, ...]:
    """The expected running time to each target, in budgets; none where a release did not measure it."""
    if not all(score.spent for score in scores):
        return ()
    spent_NT, reached_NT = np.array([s.spent for s in scores]), np.array([s.reached for s in scores])
    return tuple(expected_running_time(spent_NT[:, t], reached_NT[:, t]) for t in range(len(TARGETS)))


def _mean(values: Iterable[float | None]) -> float | None:
    """The mean; None if one of the values is unknown."""
    known = list(values)
    return None if None in known else fmean(value for value in known if value is not None)
