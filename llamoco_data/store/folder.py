# pyright: reportUnknownParameterType=false
"""The tables of a campaign folder: write-once Parquet files, found through the manifest, read one problem at a time.

Only the driver of a campaign commits. Whatever dies, a commit is there wholly or not at all.
"""

import contextlib
import functools
import hashlib
import re
from collections.abc import Generator, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from llamoco_data.identity import DIGEST_CHARACTERS, LlamocoError
from llamoco_data.portfolio.entrants import Entrant
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.runs import RunRecord
from llamoco_data.store import files, manifest, tables
from llamoco_data.store.manifest import Entry, StoredFile
from llamoco_data.store.tables import StoredProblem

_OPEN_FILES = 32
"""Parquet files kept open: problems that are read one after another mostly lie in the same ones."""


@dataclass(frozen=True, slots=True)
class Block:
    """What one commit adds."""

    problems: Sequence[StoredProblem] = ()
    records: Sequence[RunRecord] = ()
    plan_id: str = ""
    complete: Sequence[str] = ()
    """problem_ids that need no more runs under the plan."""
    entrants: Sequence[Entrant] = ()
    """All candidates of the campaign, where they have changed."""


@dataclass(slots=True)
class _Index:
    """The log, folded: where everything is."""

    files: dict[str, StoredFile] = field(default_factory=dict)
    problem_ids: dict[int, str] = field(default_factory=dict)
    problem_file: dict[str, str] = field(default_factory=dict)
    run_groups: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """problem_id -> (path, row group) of its runs."""
    candidates: str = ""
    plans: dict[str, set[str]] = field(default_factory=dict)
    """plan_id -> problem_ids that are complete under it."""


class Store:
    """A campaign folder as it was when it was opened, plus what was committed through this object since."""

    def __init__(self, folder: str | PathLike[str]) -> None:
        """Reads the log and the numbers of the problems, no runs.

        Raises:
            LlamocoError: the folder cannot be read, or its log is damaged.
        """
        self.folder = local_folder(folder)
        self._index = _Index()
        self._open = functools.lru_cache(maxsize=_OPEN_FILES)(self._opened)
        self._specs = functools.lru_cache(maxsize=_OPEN_FILES)(self._specs_of)
        for entry in manifest.entries(self.folder):
            self._absorb(entry)

    @property
    def files(self) -> Sequence[StoredFile]:
        return tuple(self._index.files.values())

    @property
    def num_runs(self) -> int:
        """Rows of all run files, repeated ones included."""
        return sum(file.rows for file in self._index.files.values() if file.kind == "runs")

    def indices(self) -> list[int]:
        """Indices of the stored problems, in order."""
        return sorted(self._index.problem_ids)

    def problem_id(self, index: int) -> str | None:
        """The id of the stored problem of an index; None where none is stored."""
        return self._index.problem_ids.get(index)

    def complete(self, plan_id: str) -> Set[str]:
        """problem_ids that need no more runs under a plan."""
        return self._index.plans.get(plan_id, frozenset())

    def entrants(self) -> tuple[Entrant, ...]:
        """The candidates of the campaign, in their order; none before the first commit.

        Raises:
            LlamocoError: their file is missing or damaged.
        """
        path = self._index.candidates
        if not path:
            return ()
        with self._readable(path):
            return tables.entrants_from(self._open(path).read())

    def problem(self, problem_id: str) -> ProblemSpec:
        """The spec of a stored problem.

        Raises:
            KeyError: no such problem is stored.
            LlamocoError: its file is missing or damaged.
        """
        path = self._index.problem_file[problem_id]
        with self._readable(path):
            return ProblemSpec.from_json(self._specs(path)[problem_id])

    def records(self, problem_id: str) -> list[RunRecord]:
        """The runs of a problem, each once.

        Raises:
            LlamocoError: a file of theirs is missing or damaged.
        """
        groups: list[pa.Table] = []
        for path, group in self._index.run_groups.get(problem_id, ()):
            with self._readable(path):
                groups.append(self._open(path).read_row_group(group))
        if not groups:
            return []
        with self._readable(self._index.run_groups[problem_id][0][0]):
            return tables.runs_from(pa.concat_tables(groups))

    def run_columns(self, *columns: str) -> Iterator[pa.Table]:
        """Some columns of all runs, a file at a time.

        Raises:
            LlamocoError: a file is missing or damaged.
        """
        for file in self.files:
            if file.kind == "runs":
                with self._readable(file.path):
                    yield self._open(file.path).read(columns=list(columns))

    def commit(self, block: Block) -> None:
        """Adds a block; when this returns it is on disk. Problems whose index is taken are passed over.

        Raises:
            LlamocoError: it cannot be written; then nothing of it is visible.
        """
        added: list[StoredFile] = []
        new = [problem for problem in block.problems if problem.index not in self._index.problem_ids]
        if new:
            new.sort(key=lambda problem: problem.index)
            file = self._put("problems", [tables.problems_table(new)], [problem.spec.problem_id for problem in new])
            added.append(file.model_copy(update={"indices": tuple(problem.index for problem in new)}))
        if block.records:
            by_problem: dict[str, list[RunRecord]] = {}
            for record in block.records:
                by_problem.setdefault(record.problem_id, []).append(record)
            groups = [tables.runs_table(records) for records in by_problem.values()]
            added.append(self._put("runs", groups, list(by_problem)))
        if block.entrants:
            added.append(self._put("candidates", [tables.candidates_table(block.entrants)], []))
        if added or block.complete:
            entry = Entry(files=tuple(added), plan_id=block.plan_id, complete=tuple(block.complete))
            manifest.append(self.folder, entry)
            self._absorb(entry)

    def _put(self, kind: str, groups: Sequence[pa.Table], problem_ids: Iterable[str]) -> StoredFile:
        data = _parquet(groups)
        sha256 = hashlib.sha256(data).hexdigest()
        path = f"{kind}/{sha256[:DIGEST_CHARACTERS]}.parquet"
        files.put_if_absent(self.folder, path, data)
        rows = sum(group.num_rows for group in groups)
        return StoredFile(path=path, rows=rows, sha256=sha256, size_bytes=len(data), problem_ids=tuple(problem_ids))

    def _absorb(self, entry: Entry) -> None:
        index = self._index
        for file in entry.files:
            if file.kind == "candidates":
                index.candidates = file.path
            if file.path in index.files:
                continue
            index.files[file.path] = file
            if file.kind == "runs":
                for group, problem_id in enumerate(file.problem_ids):
                    index.run_groups.setdefault(problem_id, []).append((file.path, group))
            elif file.kind == "problems":
                for number, problem_id in zip(file.indices, file.problem_ids, strict=True):
                    index.problem_ids.setdefault(number, problem_id)
                    index.problem_file.setdefault(problem_id, file.path)
        if entry.complete:
            index.plans.setdefault(entry.plan_id, set()).update(entry.complete)

    def _opened(self, path: str) -> pq.ParquetFile:
        if files.sha256(self.folder, path) != self._index.files[path].sha256:
            raise OSError(f"{path} is not what was written")
        return pq.ParquetFile(files.open_random_access(self.folder, path))

    def _specs_of(self, path: str) -> dict[str, str]:
        """problem_id -> spec as JSON."""
        table = self._open(path).read(columns=["problem_id", "spec"])
        return dict(zip(*(column.to_pylist() for column in table.columns), strict=True))

    @contextlib.contextmanager
    def _readable(self, path: str) -> Generator[None]:
        try:
            yield
        except (OSError, pa.ArrowException, ValidationError, KeyError) as error:
            what = "is missing" if isinstance(error, FileNotFoundError) else "is damaged"
            raise LlamocoError(
                f"{self.folder / path} {what}; restore it from a copy, or start the campaign in a new folder"
            ) from None


def local_folder(folder: str | PathLike[str]) -> Path:
    """The path of a campaign folder.

    Raises:
        LlamocoError: it is not on a mounted file system.
    """
    if re.match(r"[a-z][a-z0-9+.-]+:/", str(folder)):  # a path has made one slash of the two of a URL
        raise LlamocoError(f"{folder} is no folder of this machine; give the path of a mounted folder")
    return Path(folder).absolute()


def _parquet(groups: Sequence[pa.Table]) -> bytes:
    """A Parquet file with one row group for each table."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, groups[0].schema, compression="zstd") as writer:
        for group in groups:
            writer.write_table(group)
    return sink.getvalue().to_pybytes()
