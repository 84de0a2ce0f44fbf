# pyright: reportUnknownParameterType=false
"""Joins the real problems of a campaign to an export: a new snapshot whose split `test_real` has their rows as well.

So real problems can be raced apart from the campaign that made a set, or later, and are judged beside the single best
solver of the set. The files of all other splits stay as they are.
"""

import dataclasses
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from llamoco_data.campaign import CampaignReader, view_of
from llamoco_data.export.card import CARD_FILE, joined_card
from llamoco_data.export.crew import Crew, crew, number_for
from llamoco_data.export.extending import set_to_extend
from llamoco_data.export.judging import Judgements, baseline_of, judge_all
from llamoco_data.export.placing import commit, link, newest_manifest, publish, scratch, writing
from llamoco_data.export.row_tables import Measure, all_rows
from llamoco_data.export.shards import ShardWriter, sha256_of
from llamoco_data.files import Place
from llamoco_data.identity import LlamocoError, digest
from llamoco_data.instruction_set import (
    REAL,
    SPLITS,
    Drawing,
    Shard,
    SnapshotManifest,
    instruction_tables,
    snapshot_folder,
    split_of,
)
from llamoco_data.invocation import command
from llamoco_data.plurals import counted


@dataclass(frozen=True, slots=True)
class Joined:
    """An export with the real problems of a campaign."""

    folder: Path
    snapshot: int
    """Number of the snapshot that holds them."""
    num_problems: int
    """Problems of the split."""
    num_rows: int
    """Rows of the split."""
    num_new: int
    """Problems that were joined now."""
    num_kept_out: int
    """Real problems of the campaign from which nothing can be learned."""
    num_incomplete: int
    """Real problems of the campaign that lack runs."""


def join(folder: Place, campaign: Place, *, processes: int | None = None) -> Joined:
    """Adds the complete real problems of a campaign that an export lacks to its split `test_real`, in a new snapshot.

    A problem that the set has already stays as it is, and a set that has them all gets no new snapshot. Problems of the
    campaign that are of other splits are passed over.

    Args:
        processes: number of processes that judge problems and write their statements; the rows do not depend on it.

    Raises:
        LlamocoError: the folder holds no export, or files of others; or the campaign has no real problem that is
            complete, races other candidates than the set, or states problems in other wordings; or the set cannot be
            written, or a process died.
    """
    target, drawing = set_to_extend(folder)
    view = view_of(campaign)
    reader = CampaignReader(view)
    with (
        crew(partial(CampaignReader, view), number_for(len(reader.indices()), processes)) as at_work,
        writing(target),
        scratch(target) as made,
    ):
        manifest = newest_manifest(target)
        single_best, real = _single_best(target), _real(reader)
        if not real:
            raise LlamocoError(
                f"{campaign} has no real problem to join; add some with: {command('add', campaign, '--suite', 'all')}, "
                f"and run them with: {command('run', campaign)}"
            )
        _check_alike(reader, manifest, single_best, drawing, campaign, folder)
        shares = manifest.origin.budgets if manifest.origin else ()
        judgements = judge_all(at_work, reader, shares)
        kept_out, complete = real & {*judgements.kept_out}, real & {*judgements.kept_out, *judgements.verdicts}
        if REAL not in judgements.splits.values():
            lacking = " and ".join(left_out(len(real) - len(complete), len(kept_out)))
            raise LlamocoError(
                f"{campaign} has no real problem to join, but {lacking}; go on with: {command('run', campaign)}"
            )
        tables = list(instruction_tables(target, (REAL,))) if manifest.rows.get(REAL) else []
        known = {problem_id for table in tables for problem_id in table["problem_id"].to_pylist()}
        new = dataclasses.replace(judgements, taught=_new(judgements, known))
        num_new = sum(map(len, new.taught.values()))
        if new.taught:
            measure = Measure(single_best, baseline_of(reader.candidates), shares)
            shards = _written(made, drawing, at_work, new, measure, tables)
            manifest = _later(made, target, manifest, shards, num_new)
            commit(made, target, manifest)
        publish(target, manifest.number)  # also where an earlier command was ended before it had
    return Joined(
        folder=target,
        snapshot=manifest.number,
        num_problems=len(known) + num_new,
        num_rows=manifest.rows[REAL],
        num_new=num_new,
        num_kept_out=len(kept_out),
        num_incomplete=len(real) - len(complete),
    )


def left_out(num_incomplete: int, num_kept_out: int) -> list[str]:
    """What keeps problems of a campaign from being joined, in words; empty where nothing does."""
    their = "its" if num_incomplete == 1 else "their"
    unfinished = f"{counted(num_incomplete, 'problem')} without all of {their} runs"
    useless = f"{counted(num_kept_out, 'problem')} from which nothing can be learned"
    return [text for text, number in ((unfinished, num_incomplete), (useless, num_kept_out)) if number]


def _real(reader: CampaignReader) -> set[str]:
    """problem_ids of the real problems of a campaign."""
    specs = (reader.problem(index) for index in reader.indices() if index < 0)
    return {spec.problem_id for spec in specs if split_of(spec, (), reader.spec.real_titles) == REAL}


def _check_alike(
    reader: CampaignReader,
    manifest: SnapshotManifest,
    single_best: str,
    drawing: Drawing,
    campaign: Place,
    folder: Place,
) -> None:
    """Checks that the campaign's scores and statements can stand beside those of the set.

    Raises:
        LlamocoError: its candidates are not those of the set, as far as the set tells which it had, or its wordings.
    """
    wordings, brought = reader.spec.wordings, reader.spec.plugin_wordings
    if wordings != drawing.wordings or brought != drawing.plugin_wordings:
        raise LlamocoError(
            f"{campaign} states problems in other wordings than {folder}; race the problems in a campaign of the set's "
            "recipe"
        )
    told = manifest.origin.candidates_id if manifest.origin else None
    if single_best not in reader.candidates or told not in (None, digest(list(reader.candidates))):
        raise LlamocoError(
            f"{campaign} races other candidates than {folder}; race the problems in a campaign of the same recipe and "
            "release as the set's"
        )


def _single_best(target: Path) -> str:
    """candidate_id of the single best solver of an export."""
    return next(instruction_tables(target))["single_best_candidate"][0].as_py()


def _new(judgements: Judgements, known: Container[str]) -> Mapping[int, Sequence[str]]:
    """The real problems that are worth teaching and not known, by their indices."""
    return {
        index: problem_ids
        for index, problem_ids in judgements.taught.items()
        if judgements.splits[problem_ids[0]] == REAL and problem_ids[0] not in known
    }


def _written(
    made: Path,
    drawing: Drawing,
    at_work: Crew[CampaignReader],
    judgements: Judgements,
    measure: Measure,
    tables: Iterable[pa.Table],
) -> tuple[Shard, ...]:
    """The shards of the split: the rows that are there, then those of the new problems."""
    writer = ShardWriter(made, drawing)
    for table in tables:
        writer.add(REAL, table)
    for rows in all_rows(at_work, judgements, measure):
        writer.add(REAL, rows.tables[REAL])
    return writer.close()


def _later(made: Path, target: Path, former: SnapshotManifest, real: Sequence[Shard], num_new: int) -> SnapshotManifest:
    """Puts the other shards beside those of the split, and the card of the new snapshot; returns its manifest.

    Raises:
        LlamocoError: the card of the former snapshot was changed, and has no place for the rows.
    """
    home = target / snapshot_folder(former.number)
    others = [shard for shard in former.shards if shard.split != REAL]
    for shard in others:
        link(home / shard.path, made / shard.path)
    shards = tuple(sorted((*others, *real), key=lambda shard: [*SPLITS].index(shard.split)))
    number, rows = former.number + 1, {**former.rows, REAL: sum(shard.rows for shard in real)}
    card = (home / CARD_FILE).read_text(encoding="utf-8")
    later = joined_card(card, [shard.path for shard in shards], number, num_new, rows)
    (made / CARD_FILE).write_text(later, encoding="utf-8")
    changes = {"number": number, "previous": former.number, "shards": shards, "rows": rows}
    return former.model_copy(update={**changes, "card_sha256": sha256_of(made / CARD_FILE)})
