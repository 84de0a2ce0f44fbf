"""Exports an instruction set: rows, a dataset card, and a numbered snapshot of both, complete or not at all.

The set is a function of the campaign folder alone: exported twice, it has the same bytes.
"""

import contextlib
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from llamoco_data.budgets import SHORTEST, shorter_budget
from llamoco_data.campaign import CampaignReader, CampaignSpec, Removal, load_campaign, removals, view_of
from llamoco_data.export.card import CARD_FILE, dataset_card
from llamoco_data.export.changes import Changes, RowsById, changes_between, rows_of, write_changes
from llamoco_data.export.crew import Crew, crew, number_for
from llamoco_data.export.judging import Judgements, baseline_of, judge_all, restated, single_best_solver
from llamoco_data.export.placing import (
    check_place,
    commit,
    keep_unnumbered,
    kept_numbers,
    mend,
    publish,
    put_changes,
    scratch,
    writing,
)
from llamoco_data.export.report import ExportReport, report_of
from llamoco_data.export.row_tables import Fact, Measure, all_rows, length
from llamoco_data.export.shards import ShardWriter, sha256_of
from llamoco_data.files import Place, files_at, local_folder
from llamoco_data.identity import LlamocoError, digest
from llamoco_data.instruction_set import (
    EXTENDED,
    Drawing,
    Instruction,
    Origin,
    Shard,
    SnapshotManifest,
    snapshot_manifest,
    snapshot_numbers,
)
from llamoco_data.invocation import command
from llamoco_data.plurals import counted


@dataclass(frozen=True, slots=True)
class Exported:
    """An instruction set in its place."""

    folder: Path
    snapshot: int
    """Number of the snapshot in this folder."""
    files: tuple[str, ...]
    """Parquet files, relative to the folder."""
    report: ExportReport
    example: Instruction
    """The shortest row, to look at."""
    unchanged: bool
    """Whether the folder held this very set already."""
    changes: Changes | None
    """Changes since the snapshot that was asked for, or else the previous one; None where there was none to read."""
    removed: tuple[Removal, ...]
    """Users' own problems that were taken out of the campaign, which the set leaves out."""
    predicted_rows_before: int
    """Rows of split `train_extended` in the snapshot before, which are left out of this one."""


def export(
    folder: Place,
    out: Place,
    *,
    budgets: Sequence[float] = (),
    since: int | None = None,
    processes: int | None = None,
) -> Exported:
    """Exports every complete problem of a campaign folder that is worth teaching, as a new snapshot of the set.

    Earlier snapshots stay. A set that the folder holds already makes no new snapshot. Predicted rows are left out of a
    new one, because the problems that are measured now would have predicted others. A folder that holds anything else
    is refused and left as it is.

    Args:
        budgets: shares of the budget, between 0 and 1, at which every problem is exported once more, with a verdict
            from the traces of its runs.
        since: a snapshot; what has changed since then is written into a folder of its own.
        processes: number of processes that judge problems and write their statements. Default: one for each processor,
            and for a small campaign this process alone. The set does not depend on it.

    Raises:
        LlamocoError: the folder holds no campaign, or nothing worth teaching yet; or the place is taken or cannot be
            written, or has no such snapshot; or a budget is no share, or too small a share for every problem; or a
            plug-in that the campaign takes is not installed here; or a process died.
    """
    shares = _shares(budgets)
    _drawing(load_campaign(folder)).check_installed()
    target = local_folder(out)
    check_place(target)
    if since is not None and since not in kept_numbers(target):
        snapshot_manifest(files_at(target), since)
    view = view_of(folder)
    reader = CampaignReader(view)
    _check_shares(reader, shares)
    with crew(partial(CampaignReader, view), number_for(len(reader.indices()), processes)) as at_work:
        judgements = judge_all(at_work, reader, shares)
        if not judgements.verdicts:
            raise LlamocoError(_nothing_yet(folder, judgements.incomplete, len(judgements.kept_out)))
        with writing(target), scratch(target) as made:
            keep_unnumbered(target)
            before, predicted_rows = _before(target, since), _predicted_rows(target)
            shards, report, example = _made(at_work, reader, judgements, shares, made)
            origin = _origin(reader.spec, list(reader.candidates), shares)
            number, unchanged = _placed(made, target, report, shards, origin)
            changes = _changes(target, before, number, written=since is not None)
    return Exported(
        folder=Path(out),
        snapshot=number,
        files=tuple(shard.path for shard in shards),
        report=report,
        example=example,
        unchanged=unchanged,
        changes=changes,
        removed=removals(files_at(folder), view.spec),
        predicted_rows_before=predicted_rows,
    )


def _nothing_yet(folder: Place, incomplete: int, kept_out: int) -> str:
    """Why a campaign has no row yet, and what to do about it."""
    nothing = f"{folder} has nothing to export"
    if not incomplete:
        why = f"nothing can be learned from its {counted(kept_out, 'problem')}"
        return f"{nothing}: {why}; see the reasons with: {command('report', folder)}"
    kept = f", and nothing can be learned from {counted(kept_out, 'other')}" if kept_out else ""
    lack = "lacks" if incomplete == 1 else "lack"
    return f"{nothing} yet: {counted(incomplete, 'problem')} {lack} runs{kept}; continue with: {command('run', folder)}"


def _shares(budgets: Sequence[float]) -> list[float]:
    """The shares of the budget, each once, largest first.

    Raises:
        LlamocoError: one of them is no share.
    """
    wrong = [share for share in budgets if not 0 < share < 1]
    if wrong:
        raise LlamocoError(f"{wrong[0]:g} is no share of a budget; give numbers between 0 and 1, such as 0.1")
    return sorted(set(budgets), reverse=True)


def _check_shares(reader: CampaignReader, shares: Sequence[float]) -> None:
    """Refuses a share of the budget that would add nothing.

    Raises:
        LlamocoError: every problem has too few evaluations for a label at the share.
    """
    budgets = {reader.problem(index).max_evaluations for index in reader.indices()} if shares else set[int]()
    for share in shares:
        if budgets and not any(shorter_budget(budget, share) for budget in budgets):
            raise LlamocoError(
                f"a budget share of {share:g} adds nothing: it leaves fewer than {SHORTEST} evaluations of "
                f"{max(budgets):,}, the most that a problem has; give a larger share"
            )


def _made(
    at_work: Crew[CampaignReader],
    reader: CampaignReader,
    judgements: Judgements,
    shares: Sequence[float],
    made: Path,
) -> tuple[tuple[Shard, ...], ExportReport, Instruction]:
    """Writes all rows into a folder; returns their shards, the numbers of the set, and its shortest row."""
    baseline = baseline_of(reader.candidates)
    measure = Measure(single_best_solver(judgements, baseline), baseline, tuple(shares), restated(judgements))
    writer, facts, shortest = ShardWriter(made, _drawing(reader.spec)), list[Fact](), list[Instruction]()
    for rows in all_rows(at_work, judgements, measure):
        for split, table in rows.tables.items():
            writer.add(split, table)
        facts += rows.facts
        shortest = [min(*shortest, rows.shortest, key=length)] if shortest else [rows.shortest]
    shards = writer.close()
    return shards, report_of(reader, judgements, facts, writer.rows, measure.single_best), shortest[0]


def _placed(
    made: Path, target: Path, report: ExportReport, shards: tuple[Shard, ...], origin: Origin
) -> tuple[int, bool]:
    """Puts the set into its place; returns the number of its snapshot, and whether that was there before."""
    newest = max(snapshot_numbers(files_at(target)), default=None)
    if newest is not None:
        known = _manifest(made, report, shards, origin, newest)
        if _same_set(known, target):
            mend(made, target, known)
            publish(target, newest)
            return newest, True
    number = (newest or 0) + 1
    commit(made, target, _manifest(made, report, shards, origin, number, newest))
    publish(target, number)
    return number, False


def _manifest(
    made: Path,
    report: ExportReport,
    shards: tuple[Shard, ...],
    origin: Origin,
    number: int,
    previous: int | None = None,
) -> SnapshotManifest:
    """Writes the card of the set under a number; returns the manifest that goes with it."""
    card = made / CARD_FILE
    card.write_text(dataset_card(report, [shard.path for shard in shards], number), encoding="utf-8")
    return SnapshotManifest(
        number=number,
        previous=previous,
        origin=origin,
        shards=shards,
        rows={str(split): rows for split, rows in report.rows.items()},
        card_sha256=sha256_of(card),
    )


def _same_set(manifest: SnapshotManifest, target: Path) -> bool:
    """Whether the snapshot with the manifest's number has the same rows and the same card."""
    try:
        there = snapshot_manifest(files_at(target), manifest.number)
    except LlamocoError:
        return False
    return (there.shards, there.card_sha256) == (manifest.shards, manifest.card_sha256)


def _before(target: Path, since: int | None) -> tuple[int, RowsById] | None:
    """The snapshot to compare with, and its rows; None where there is none that can be read.

    Raises:
        LlamocoError: the snapshot that was asked for cannot be read.
    """
    place = files_at(target)
    if since is not None:
        return since, rows_of(place, since)
    with contextlib.suppress(LlamocoError):
        for number in snapshot_numbers(place)[-1:]:
            return number, rows_of(place, number)
    return None


def _predicted_rows(target: Path) -> int:
    """Rows of split `train_extended` in the newest snapshot; 0 where none can be read."""
    place = files_at(target)
    with contextlib.suppress(LlamocoError):
        for number in snapshot_numbers(place)[-1:]:
            return snapshot_manifest(place, number).rows.get(EXTENDED, 0)
    return 0


def _changes(target: Path, before: tuple[int, RowsById] | None, number: int, *, written: bool) -> Changes | None:
    if before is None:
        return None
    since, rows = before
    changes = changes_between(since, rows, number, rows_of(files_at(target), number))
    if not written:
        return changes
    with scratch(target) as made:
        write_changes(changes, target, made)
        return dataclasses.replace(changes, folder=put_changes(made, target, since, number))


def _drawing(spec: CampaignSpec) -> Drawing:
    return Drawing(
        mixture=spec.mixture,
        seed=spec.seed,
        wordings=spec.wordings,
        held_out_families=spec.held_out_families,
        plugin_wordings=spec.plugin_wordings,
    )


def _origin(spec: CampaignSpec, candidate_ids: Sequence[str], shares: Sequence[float]) -> Origin:
    return Origin(
        campaign_id=digest(spec),
        candidates_id=digest(candidate_ids),
        recipe=spec.recipe,
        seed=spec.seed,
        num_problems=spec.num_problems,
        budgets=tuple(shares),
        release=version("llamoco"),
    )
