"""Mends a damaged campaign folder: altered files are set aside, and what they held is missing like anything not run."""

from collections.abc import Callable, Sequence

from llamoco_data.campaign.foresight import Foresight
from llamoco_data.campaign.own_problems import restored
from llamoco_data.invocation import command
from llamoco_data.store import Block, Damage, StoredProblem, damaged, set_aside

_LOST = {
    "runs": "its {rows:,} runs are made again",
    "problems": "its {rows:,} problems are drawn again",
    "candidates": "the candidates are written again",
}


def repair(foresight: Foresight, found: Sequence[Damage], notice: Callable[[str], None]) -> None:
    """Sets aside the files that were found damaged and still are, and draws their problems again.

    Users' own problems cannot be drawn; they are restored from saved text or reported lost. No runs are made here: a
    problem that had some in a damaged file is no longer complete. A problem that is drawn again keeps its runs; where
    this release draws another one, that is run as a new problem.

    Raises:
        LlamocoError: the folder cannot be written.
    """
    spec, store = foresight.spec, foresight.store
    still = {file.path: file for file in store.files}
    damages = list(damaged(store, [still[damage.file.path] for damage in found if damage.file.path in still]))
    moved = set_aside(store, damages)
    for damage in damages:
        file = damage.file
        how = f"is damaged, and set aside as {moved[file.path]}" if moved[file.path] else "is missing"
        lost = _LOST[file.kind].format(rows=file.rows)
        notice(f"{store.place.where(file.path)} {how}; {lost}")
    problems = [again for damage in damages for again in _drawn_again(foresight, damage)]
    for problem_id, own in restored(spec, store):
        if own is None:
            notice(
                f"{store.place.where()} has lost the text of the user's own problem {problem_id}, and goes on without "
                f"it; add it again with `{command('add', store.place.where(), 'FILE')}`, or restore the folder from a "
                "copy"
            )
        else:
            problems.append(own)
    if problems:
        store.commit(Block(problems))


def _drawn_again(foresight: Foresight, damage: Damage) -> list[StoredProblem]:
    drawn = foresight.drawn([index for index in damage.file.indices if index >= 0])
    return [again for again in drawn if again.spec.problem_id in damage.file.problem_ids]
