"""All numbers of the page, computed from score folders; nothing is drawn or worded here."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from llamoco_data.comparison.anytime import Anytime, anytime
from llamoco_data.comparison.blocks import SINGLE_BEST, VIRTUAL_BEST, Block, Entrant, blocks_of
from llamoco_data.comparison.confusion import Confusion, confusion_of
from llamoco_data.comparison.reading import ScoreFolder
from llamoco_data.comparison.showcase import Showcase, showcase_of
from llamoco_data.report.curves import MOST_PROBLEMS, evenly
from llamoco_data.scoring import intervals
from llamoco_data.scoring.comparing import holm, signed_rank
from llamoco_data.scoring.intervals import Interval
from llamoco_data.scoring.marks import FAILURES
from llamoco_data.scoring.repairs import Repairs, repairs_of
from llamoco_data.scoring.scored import ScoredProgram
from llamoco_data.scoring.summary import running_times


@dataclass(frozen=True, slots=True)
class Measure:
    """A mean over problems, with its interval over problems; None for a single problem, or where it says nothing."""

    value: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Writing:
    """How a model's programs came about, and how far they get."""

    num_programs: int
    runs: Measure
    """Programs whose every run gives a result."""
    failures: Mapping[str, int]
    """Number of programs that fail at each stage."""
    mended: int
    """Number of failing programs that run after the four rules."""
    edited_tokens: float | None
    """Mean number of tokens that the rules edit in those; None if there are none."""
    repairs: Repairs | None
    """What rounds of repair by a model gave; None without any."""
    tokens: float
    """Mean completion tokens of a program."""
    tokens_per_running: float | None
    """The same for each program that runs; None if none does."""
    seconds: float
    seconds_per_running: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One contender in a block: a row of its tables."""

    name: str
    is_model: bool
    score: Measure
    gap: Measure | None
    """Gap closed; None without a single best solver, or where that is the virtual best."""
    aocc: Measure | None
    """Area over the convergence curve; None in folders of earlier releases."""
    solved: Measure | None
    """Share of the runs that end within the tolerance."""
    running_times: tuple[float | None, ...]
    """Expected running time to each target, in budgets; None for a target that no run hits.

    None at all in folders of earlier releases.
    """
    p_value: float | None
    """Of Wilcoxon's test against the single best solver, with Holm's correction for all contenders of the block."""
    effect: float | None
    """Matched-pairs rank-biserial correlation with the single best solver."""
    writing: Writing | None
    """None for a baseline."""

    @property
    def wrote(self) -> bool:
        """Whether the programs were written by a model, token by token, and not put down by a rule."""
        return self.writing is not None and self.writing.tokens > 0


@dataclass(frozen=True, slots=True)
class BlockNumbers:
    """The numbers of one split."""

    split: str
    num_problems: int
    num_left_out: int
    rows: tuple[Row, ...]
    """Models by their scores, best first, then the baselines by theirs."""
    anytime: Anytime | None
    """None where a folder of an earlier release does not say whose runs it holds, or where they were not to be read."""
    confusions: tuple[Confusion, ...]
    time_limits_s: Mapping[str, float]
    """Limit on the wall time of the runs of each model, where they differ."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The numbers of the page."""

    folders: tuple[ScoreFolder, ...]
    blocks: tuple[BlockNumbers, ...]
    showcases: tuple[Showcase, ...]


def compare(folders: Sequence[ScoreFolder], *, traces: bool = True) -> Comparison:
    """The numbers of a page about at least one folder.

    Args:
        traces: whether the runs are read, for what only their traces tell.

    Raises:
        LlamocoError: the folders do not fit together, or runs are damaged.
    """
    blocks = blocks_of(folders)
    chosen = frozenset(evenly([(block.split, key) for block in blocks for key in block.problem_ids], MOST_PROBLEMS))
    return Comparison(
        folders=tuple(folders),
        blocks=tuple(_numbers(block, anytime(block, chosen) if traces else None) for block in blocks),
        showcases=tuple(found for block in blocks for found in showcase_of(block)),
    )


def _numbers(block: Block, traced: Anytime | None) -> BlockNumbers:
    values = {entrant.name: np.array([score.score for score in entrant.scores]) for entrant in block.entrants}
    functions = block.functions
    shares_BN = intervals.resampled(block.problem_ids, functions)
    low_N, high_N = values.get(SINGLE_BEST), values.get(VIRTUAL_BEST)
    tested = [name for name in values if low_N is not None and name != SINGLE_BEST]
    tests = {name: signed_rank(values[name], low_N, functions) for name in tested if low_N is not None}
    corrected = dict(zip(tested, holm([tests[name][0] for name in tested]), strict=True))
    rows: list[Row] = []
    for entrant in block.entrants:
        name, scores = entrant.name, entrant.scores
        gap = None
        if low_N is not None and high_N is not None:
            closed = intervals.gap_closed(values[name], low_N, high_N)
            between = None if name in (SINGLE_BEST, VIRTUAL_BEST) else (values[name], low_N, high_N, shares_BN)
            gap = None if closed is None else Measure(closed, intervals.gap_interval(*between) if between else None)
        rows.append(
            Row(
                name=name,
                is_model=entrant.is_model,
                score=_measure(values[name], shares_BN),
                gap=gap,
                aocc=_measure_known([score.aocc for score in scores], shares_BN),
                solved=_measure_known([score.solved for score in scores], shares_BN),
                running_times=running_times(scores),
                p_value=corrected.get(name),
                effect=tests[name][1] if name in tests else None,
                writing=_writing(entrant) if entrant.is_model else None,
            )
        )
    return BlockNumbers(
        split=block.split,
        num_problems=len(block.problem_ids),
        num_left_out=block.num_left_out,
        rows=tuple(sorted(rows, key=lambda row: (not row.is_model, -row.score.value))),
        anytime=traced,
        confusions=tuple(confusion_of(entrant) for entrant in block.entrants if entrant.is_model),
        time_limits_s=block.time_limits_s if len(set(block.time_limits_s.values())) > 1 else {},
    )


def _measure(values_N: NDArray[np.float64], shares_BN: NDArray[np.float64]) -> Measure:
    return Measure(float(values_N.mean()), intervals.mean_interval(values_N, shares_BN))


def _measure_known(values: Sequence[float | None], shares_BN: NDArray[np.float64]) -> Measure | None:
    known = [value for value in values if value is not None]
    return _measure(np.array(known), shares_BN) if len(known) == len(values) else None


def _writing(entrant: Entrant) -> Writing:
    programs = entrant.programs
    groups: dict[str, list[ScoredProgram]] = defaultdict(list)
    for program in programs:
        groups[program.problem_id].append(program)
    failures = Counter(program.failure for program in programs)
    mended = [program.edited_tokens for program in programs if program.mends]
    runs = fmean(fmean(program.runs for program in group) for group in groups.values())
    running = sum(program.runs for program in programs)
    tokens = sum(program.completion_tokens for program in programs)
    seconds = sum(program.seconds for program in programs)
    return Writing(
        num_programs=len(programs),
        runs=Measure(runs, intervals.share_interval(runs, len(groups))),
        failures={failure: failures[failure] for failure in FAILURES if failures[failure]},
        mended=len(mended),
        edited_tokens=fmean(mended) if mended else None,
        repairs=repairs_of(programs),
        tokens=tokens / len(programs),
        tokens_per_running=tokens / running if running else None,
        seconds=seconds / len(programs),
        seconds_per_running=seconds / running if running else None,
    )
