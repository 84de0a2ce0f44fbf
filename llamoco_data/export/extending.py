# pyright: reportUnknownParameterType=false
"""Extends an export by predicted rows: a new snapshot with the same measured rows and a split `train_extended`.

Everything comes from the export itself. A split that is extended further begins with the same bytes.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_data.export.card import CARD_FILE, extended_card
from llamoco_data.export.crew import crew, number_for
from llamoco_data.export.placing import (
    check_data,
    commit,
    link,
    newest_manifest,
    publish,
    scratch,
    writing,
)
from llamoco_data.export.predicting import Predicted, Teacher, predicted, teacher_of
from llamoco_data.export.shards import ROWS_PER_GROUP, sha256_of, shard_of
from llamoco_data.files import Place, files_at, local_folder
from llamoco_data.folders import not_a
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import (
    EXTENDED,
    INDEX,
    MEASURED_SPLITS,
    Drawing,
    Shard,
    SnapshotManifest,
    drawing_of,
    instruction_tables,
    shard_names,
    snapshot_folder,
)
from llamoco_data.invocation import command
from llamoco_data.problems.sampling import FIRST_UNMEASURED
from llamoco_data.selector import LEAST_PROBLEMS, training_of

PROBLEMS_PER_SHARD = 1_000
"""Problems of a whole shard: it stays as it is when the split is extended further."""
CHUNK = 20
"""Indices that a process draws at a time."""

Report = Callable[[int, int], None]
"""Told the number of problems that are done, and of all."""


@dataclass(frozen=True, slots=True)
class Extended:
    """An export with its split of predicted rows."""

    folder: Path
    snapshot: int
    """Number of the snapshot that holds the split."""
    num_problems: int
    """Problems of the split."""
    num_rows: int
    """Rows of the split."""
    size_bytes: int
    """Size of the split's files."""
    num_new: int
    """Problems that were drawn now."""
    num_training: int
    """Measured problems that the answers are predicted from; 0 where nothing was left to predict."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """The whole shards that a split has already."""

    shards: tuple[Shard, ...]
    next_index: int
    """First index that none of them has drawn."""
    num_problems: int
    """Problems of the split, including those of a shard that is not whole."""


def extend(folder: Place, num_problems: int, *, processes: int | None = None, report: Report | None = None) -> Extended:
    """Brings the split `train_extended` of an export to at least so many problems, in a new snapshot.

    Args:
        processes: number of processes that draw and state problems; the rows do not depend on it.

    Raises:
        LlamocoError: fewer than one problem; the folder holds no export, one that does not tell where its problems come
            from, too few training problems, or files of others; or it cannot be written, or a process died.
    """
    if num_problems < 1:
        raise LlamocoError(f"a set can be extended by 1 problem or more, not by {num_problems}")
    target, drawing = set_to_extend(folder)
    with writing(target), scratch(target) as made:
        manifest = newest_manifest(target)
        kept = _kept(target, manifest)
        if num_problems <= kept.num_problems:
            publish(target, manifest.number)  # where an earlier command was ended before it had
            return _extended(target, manifest, kept.num_problems, num_new=0, num_training=0)
        teacher = _teacher(target, drawing)
        (made / "data").mkdir()
        parts = _written(made, teacher, kept, num_problems, processes, report)
        shards = _named(made, target, manifest, kept.shards, parts)
        later = _manifest(made, target, manifest, shards, num_problems)
        commit(made, target, later)
        publish(target, later.number)
        num_new, num_training = num_problems - kept.num_problems, len(teacher.training.measured.problem_ids)
        return _extended(target, later, num_problems, num_new=num_new, num_training=num_training)


def set_to_extend(folder: Place) -> tuple[Path, Drawing]:
    """The folder of an export that can get another snapshot, and what its problems were drawn from.

    Raises:
        LlamocoError: the folder holds no export, one that does not tell where its problems come from, or files of
            others.
    """
    target = local_folder(folder)
    if not shard_names(files_at(target)):
        raise not_a("an export", folder, f"holds no export; make one with: {command('export', 'DIR', folder)}")
    drawing = _drawing(target)
    drawing.check_installed()
    check_data(target)
    return target, drawing


def _extended(
    target: Path, manifest: SnapshotManifest, num_problems: int, *, num_new: int, num_training: int
) -> Extended:
    return Extended(
        folder=target,
        snapshot=manifest.number,
        num_problems=num_problems,
        num_rows=manifest.rows.get(EXTENDED, 0),
        size_bytes=sum(shard.size_bytes for shard in manifest.shards if shard.split == EXTENDED),
        num_new=num_new,
        num_training=num_training,
    )


def _drawing(target: Path) -> Drawing:
    place = files_at(target)
    drawing = drawing_of(place, shard_names(place)[0])
    if drawing is None:
        raise LlamocoError(
            f"{target} was exported by an earlier release and does not tell what its problems were drawn from; export "
            f"its campaign again: {command('export', 'DIR', target)}"
        )
    return drawing


def _teacher(target: Path, drawing: Drawing) -> Teacher:
    """The teacher of an export: fitted on its training problems alone.

    Raises:
        LlamocoError: they are too few.
    """
    columns = ("problem_id", "split", "problem_spec", "optimizer_scores", "single_best_candidate")
    firsts: list[pa.Table] = []
    measured_ids: set[str] = set()
    for table in instruction_tables(target, MEASURED_SPLITS):
        first: dict[str, int] = {}
        for row, problem_id in enumerate(table["problem_id"].to_pylist()):
            if problem_id not in measured_ids:
                first.setdefault(problem_id, row)
        measured_ids.update(first)
        firsts.append(table.select(columns).take(pa.array(first.values(), pa.int64())))
    rows = pa.concat_tables(firsts)
    training = training_of(rows)
    if training is None:
        raise LlamocoError(
            f"{target} has fewer than {LEAST_PROBLEMS} drawn training problems, too few to predict from; export more "
            "problems"
        )
    return teacher_of(training, drawing, rows["single_best_candidate"][0].as_py(), frozenset(measured_ids))


def _kept(target: Path, manifest: SnapshotManifest) -> _Kept:
    """What a snapshot has of the split.

    Raises:
        LlamocoError: one of its files is missing or damaged.
    """
    whole: list[Shard] = []
    next_index, num_problems = FIRST_UNMEASURED, 0
    for shard in manifest.shards:
        if shard.split == EXTENDED:
            indices = _indices(target / snapshot_folder(manifest.number) / shard.path)
            num_problems += len(indices)
            if len(indices) == PROBLEMS_PER_SHARD:
                whole.append(shard)
                next_index = max(indices) + 1
    return _Kept(tuple(whole), next_index, num_problems)


def _indices(file: Path) -> set[int]:
    """The indices that the problems of a shard were drawn with."""
    try:
        extras = set(pq.read_table(file, columns=["extra"])["extra"].to_pylist())
    except (pa.ArrowException, OSError):
        raise LlamocoError(f"{file} is missing or damaged; restore it from a copy, or export again") from None
    return {json.loads(extra)[INDEX] for extra in extras}


def _written(
    made: Path, teacher: Teacher, kept: _Kept, num_problems: int, processes: int | None, report: Report | None
) -> list[Path]:
    """Draws the problems that are missing beside the whole shards, and writes them; returns the files in order."""
    done = PROBLEMS_PER_SHARD * len(kept.shards)
    schema, parts = teacher.drawing.file_schema, list[Path]()
    with crew(partial(_itself, teacher), number_for(num_problems - done, processes)) as at_work:
        problems = _problems(at_work.results(predicted, _chunks(kept.next_index)))
        while done < num_problems:
            waiting: list[pa.Table] = []
            for rows in islice(problems, min(PROBLEMS_PER_SHARD, num_problems - done)):
                waiting.append(rows)
                done += 1
                if report is not None:
                    report(done, num_problems)
            parts.append(made / "data" / f"{len(parts):05d}.part")
            rows = pa.concat_tables(waiting).combine_chunks().cast(schema)
            pq.write_table(rows, parts[-1], compression="zstd", row_group_size=ROWS_PER_GROUP)
    return parts


def _itself(teacher: Teacher) -> Teacher:
    return teacher


def _chunks(first: int) -> Iterator[range]:
    """Indices without end: how many of them give no row shows only when they are drawn."""
    return (range(start, start + CHUNK) for start in count(first, CHUNK))


def _problems(chunks: Iterable[Predicted]) -> Iterator[pa.Table]:
    """The rows of each problem, of which all have the same number."""
    for table, num_problems in chunks:
        for position in range(num_problems):
            rows_each = table.num_rows // num_problems
            yield table.slice(position * rows_each, rows_each)


def _named(
    made: Path, target: Path, manifest: SnapshotManifest, whole: Sequence[Shard], parts: Sequence[Path]
) -> tuple[Shard, ...]:
    """Puts all shards of the new snapshot under their names: those of the former one as links to the same files."""
    home = target / snapshot_folder(manifest.number)
    measured = tuple(shard for shard in manifest.shards if shard.split != EXTENDED)
    for shard in measured:
        link(home / shard.path, made / shard.path)
    named: list[Shard] = []
    num_shards = len(whole) + len(parts)
    for number, shard in enumerate(whole):
        path = _path(number, num_shards, shard.sha256)
        link(home / shard.path, made / path)
        named.append(shard.model_copy(update={"path": path}))
    for number, part in enumerate(parts, len(whole)):
        path = _path(number, num_shards, sha256_of(part))
        part.rename(made / path)
        named.append(shard_of(made, path, EXTENDED, pq.read_metadata(made / path).num_rows))
    return (*measured, *named)


def _path(number: int, num_shards: int, sha256: str) -> str:
    return f"data/{EXTENDED}-{number:05d}-of-{num_shards:05d}-{sha256[:12]}.parquet"


def _manifest(
    made: Path, target: Path, former: SnapshotManifest, shards: tuple[Shard, ...], num_problems: int
) -> SnapshotManifest:
    """Writes the card of the new snapshot; returns its manifest.

    Raises:
        LlamocoError: the card of the former snapshot was changed, and has no place for the split.
    """
    number = former.number + 1
    rows = {**former.rows, EXTENDED: sum(shard.rows for shard in shards if shard.split == EXTENDED)}
    card = (target / snapshot_folder(former.number) / CARD_FILE).read_text(encoding="utf-8")
    later = extended_card(card, [shard.path for shard in shards], number, num_problems, rows)
    (made / CARD_FILE).write_text(later, encoding="utf-8")
    changes = {"number": number, "previous": former.number, "shards": shards, "rows": rows}
    return former.model_copy(update={**changes, "card_sha256": sha256_of(made / CARD_FILE)})
