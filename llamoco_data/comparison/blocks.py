"""Brings score folders together: for each split, the contenders of all folders on the problems that all have."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llamoco_data.comparison.reading import ScoreFolder
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import SPLITS
from llamoco_data.scoring.contenders import BASELINES
from llamoco_data.scoring.scored import ProblemScore, ScoredProgram, functions_of

SINGLE_BEST, VIRTUAL_BEST = "single best solver", "virtual best"
"""Contenders between which the gap is."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """A contender in a block: a model, or a baseline."""

    name: str
    is_model: bool
    folder: ScoreFolder
    scores: Sequence[ProblemScore]
    """Its scores, in the order of the block's problems."""
    programs: Sequence[ScoredProgram]
    """Its programs on these problems; none of a baseline."""


@dataclass(frozen=True, slots=True)
class Block:
    """The problems of one split that all folders with this split have, and who was scored on them."""

    split: str
    problem_ids: tuple[str, ...]
    num_left_out: int
    """Number of problems that only some of the folders have."""
    entrants: tuple[Entrant, ...]
    """The models in the order of the folders, then the baselines."""

    @property
    def time_limits_s(self) -> Mapping[str, float]:
        """Limit on the wall time of the runs of each model."""
        return {entrant.name: entrant.folder.time_limit_s for entrant in self.entrants if entrant.is_model}

    @property
    def functions(self) -> tuple[str, ...]:
        """What each problem has in common with others, as any of the folders tells; scores of early releases do not."""
        each = (functions_of(entrant.scores) for entrant in self.entrants)
        named = (
            next((name for name in names if name != problem_id), problem_id)
            for problem_id, names in zip(self.problem_ids, zip(*each, strict=True), strict=True)
        )
        return tuple(named)


def blocks_of(folders: Sequence[ScoreFolder]) -> tuple[Block, ...]:
    """The blocks of at least one folder, in the order of the splits.

    Raises:
        LlamocoError: two folders with the same split have no problem in common, or measure one by different yardsticks.
    """
    splits = {score.split for folder in folders for score in folder.scores}
    ordered = sorted(splits, key=lambda split: (SPLITS.index(split) if split in SPLITS else len(SPLITS), split))
    return tuple(
        _block(split, [part for folder in folders if (part := folder.of_split(split)).scores]) for split in ordered
    )


def _block(split: str, folders: Sequence[ScoreFolder]) -> Block:
    """The block of a split, of the parts of folders that are about it."""
    each = [{score.problem_id for score in folder.scores} for folder in folders]
    common = set[str].intersection(*each)
    if not common:
        raise LlamocoError(
            f"the folders {', '.join(folder.name for folder in folders)} have no problem of split {split} in common; "
            "compare scores against the same export"
        )
    problem_ids = tuple(sorted(common))
    _check_yardsticks(split, folders, common)
    entrants = _models(folders, problem_ids)
    names = {entrant.name for entrant in entrants}
    for contender in BASELINES:
        having = next((found for folder in folders if (found := _baseline(folder, contender, problem_ids))), None)
        if having is not None and contender not in names:
            entrants.append(having)
    return Block(split, problem_ids, len(set[str].union(*each)) - len(common), tuple(entrants))


def _check_yardsticks(split: str, folders: Sequence[ScoreFolder], common: set[str]) -> None:
    """Checks that the folders agree on what a score of 1 and of 0 is: by what the export recorded of each problem."""
    seen: dict[tuple[str, str], tuple[str, tuple[float | None, ...]]] = {}
    for folder in folders:
        recorded: list[tuple[str, str, tuple[float | None, ...]]] = [
            (score.problem_id, "ends of the gap", (score.recorded_virtual_best, score.recorded_single_best))
            for score in folder.scores
        ]
        recorded += [  # folders of earlier releases have none
            (problem.problem_id, "yardstick", (problem.best_known, problem.tolerance, problem.floor))
            for problem in folder.problems.values()
        ]
        for problem_id, what, values in recorded:
            before = seen.setdefault((problem_id, what), (folder.name, values))
            if problem_id in common and before[1] != values:
                raise LlamocoError(
                    f"{before[0]} and {folder.name} were scored against exports with other results of problem "
                    f"{problem_id} of split {split}; score both against the same snapshot"
                )


def _models(folders: Sequence[ScoreFolder], problem_ids: Sequence[str]) -> list[Entrant]:
    named = Counter(folder.summary.model for folder in folders)
    entrants: list[Entrant] = []
    for folder in folders:
        model = folder.summary.model
        scores = _scores(folder, "model", problem_ids)
        wanted = set(problem_ids)
        entrants.append(
            Entrant(
                name=model if named[model] == 1 else f"{model} ({folder.name})",
                is_model=True,
                folder=folder,
                scores=scores,
                programs=[program for program in folder.programs if program.problem_id in wanted],
            )
        )
    return entrants


def _baseline(folder: ScoreFolder, contender: str, problem_ids: Sequence[str]) -> Entrant | None:
    """A baseline of a folder; None unless it has an answer to every problem."""
    scores = _scores(folder, contender, problem_ids)
    return Entrant(contender, False, folder, scores, ()) if len(scores) == len(problem_ids) else None


def _scores(folder: ScoreFolder, contender: str, problem_ids: Sequence[str]) -> list[ProblemScore]:
    found = {score.problem_id: score for score in folder.scores if score.contender == contender}
    return [found[problem_id] for problem_id in problem_ids if problem_id in found]
