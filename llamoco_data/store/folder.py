# pyright: reportUnknownParameterType=false
"""The tables of a campaign folder: write-once Parquet files, found through the manifest, read one problem at a time.

Only the driver of a campaign commits. Whichever process dies, a commit is there completely or not at all.
"""

import contextlib
import functools
import hashlib
from collections.abc import Generator, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from llamoco_data.files import Place, files_at
from llamoco_data.identity import DIGEST_CHARACTERS, LlamocoError
from llamoco_data.invocation import command
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.own_spec import AnySpec, read_spec
from llamoco_data.runs import RunRecord
from llamoco_data.selector import Precedents
from llamoco_data.store import manifest, tables
from llamoco_data.store.index import Index
from llamoco_data.store.manifest import Entry, StoredFile
from llamoco_data.store.tables import StoredProblem
from llamoco_data.store.upgrades import with_all_columns

_OPEN_FILES = 8
"""Number of Parquet files kept open, since problems read in succession mostly lie in the same ones.

An open file takes 15 kB of memory a problem, up to 30 MB.
"""


@dataclass(frozen=True, slots=True)
class Block:
    """The content of one commit."""

    problems: Sequence[StoredProblem] = ()
    records: Sequence[RunRecord] = ()
    plan_id: str = ""
    """Plan under which problems are complete."""
    complete: Sequence[str] = ()
    """problem_ids that need no more runs under the plan."""
    candidates: Sequence[StoredCandidate] = ()
    """All candidates of the campaign, where they have changed."""


class Store:
    """A campaign folder as it was when it was opened, plus what was committed through this object since."""

    def __init__(
        self,
        folder: Place,
        log: Iterable[Entry] | None = None,
        *,
        num_entries: int | None = None,
        made_by: Sequence[str] = ("run",),
    ) -> None:
        """Reads the log and no tables.

        Args:
            log: entries of the log, where the caller has read them already.
            num_entries: number of the oldest entries to use, for the folder as it was then; all by default.
            made_by: the command that makes again what the folder lacks, up to the folder's name; for messages.

        Raises:
            LlamocoError: the folder cannot be read, its log is damaged, or it holds tables and no log.
        """
        self.place = files_at(folder)
        self._made_by = tuple(made_by)
        self._index = Index()
        self._open = functools.lru_cache(maxsize=_OPEN_FILES)(self._opened)
        self._specs = functools.lru_cache(maxsize=_OPEN_FILES)(self._specs_of)
        for entry in islice(manifest.entries(self.place) if log is None else log, num_entries):
            self._index.add(entry)
        if log is None and not self._index.num_entries:
            self._check_never_written()

    @property
    def files(self) -> Sequence[StoredFile]:
        return tuple(self._index.files.values())

    @property
    def num_entries(self) -> int:
        """Number of entries of the log."""
        return self._index.num_entries

    @property
    def num_runs(self) -> int:
        """Number of rows of all run files, repeated ones included."""
        return sum(file.rows for file in self._index.files.values() if file.kind == "runs")

    def indices(self) -> list[int]:
        """Indices of the stored problems, in order."""
        return sorted(self._index.problem_ids)

    def problem_id(self, index: int) -> str | None:
        """The id of the problem stored with an index; None where there is none."""
        return self._index.problem_ids.get(index)

    def complete(self, plan_id: str) -> Set[str]:
        """problem_ids that need no more runs under a plan."""
        return self._index.plans.get(plan_id, frozenset())

    def candidates(self) -> tuple[StoredCandidate, ...]:
        """The candidates of the campaign, in their order; none before the first commit.

        Raises:
            LlamocoError: their file is missing or damaged.
        """
        path = self._index.candidates
        if not path:
            return ()
        with self._readable(path):
            return tables.candidates_from(self._open(path).read())

    def problem(self, problem_id: str) -> AnySpec:
        """The spec of a stored problem.

        Raises:
            KeyError: no such problem is stored.
            LlamocoError: its file is missing or damaged.
        """
        path = self._index.problem_file[problem_id]
        with self._readable(path):
            return read_spec(self._specs(path)[problem_id][0])

    def precedents(self, problem_id: str) -> Precedents | None:
        """The precedents that a problem was stored with; None where its race is not informed.

        Raises:
            KeyError, LlamocoError: see `problem`.
        """
        path = self._index.problem_file[problem_id]
        with self._readable(path):
            stored = self._specs(path)[problem_id][1]
            return None if stored is None else Precedents.from_json(stored)

    def records(self, problem_id: str) -> list[RunRecord]:
        """The runs of a problem, each once.

        Raises:
            LlamocoError: a file that holds some of them is missing or damaged.
        """
        table = self.run_table(problem_id)
        if not table.num_rows:
            return []
        with self._readable(self._index.run_groups[problem_id][0][0]):
            return tables.runs_from(table)

    def run_table(self, problem_id: str) -> pa.Table:
        """The rows of a problem's runs as they are stored, repeated ones included.

        Raises:
            LlamocoError: a file that holds some of them is missing or damaged.
        """
        groups = [tables.no_runs()]
        for path, group in self._index.run_groups.get(problem_id, ()):
            with self._readable(path):
                stored = self._open(path).read_row_group(group, use_threads=False)
                groups.append(with_all_columns(stored, tables.RUNS))
        return pa.concat_tables(groups)

    def run_columns(self, *columns: str) -> Iterator[pa.Table]:
        """Some columns of all runs, a file at a time.

        Raises:
            LlamocoError: a file is missing or damaged.
        """
        for file in self.files:
            if file.kind == "runs":
                with self._readable(file.path):
                    yield self._open(file.path).read(columns=list(columns))

    def run_tables(self) -> Iterator[pa.Table]:
        """All runs as they are stored, a file at a time, with the columns of today's schema.

        Raises:
            LlamocoError: a file is missing or damaged.
        """
        for file in self.files:
            if file.kind == "runs":
                with self._readable(file.path):
                    yield with_all_columns(self._open(file.path).read(), tables.RUNS).select(tables.RUNS.names)

    def commit(self, block: Block) -> None:
        """Adds a block, which is on disk when this returns. Problems whose index is taken are left out.

        Raises:
            LlamocoError: it cannot be written; then no part of it is visible.
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
        if block.candidates:
            added.append(self._put("candidates", [tables.candidates_table(block.candidates)], []))
        if added or block.complete:
            self._append(Entry(files=tuple(added), plan_id=block.plan_id, complete=tuple(block.complete)))

    def withdraw(self, paths: Iterable[str]) -> None:
        """Notes in the log that files no longer exist; what they held then counts as never made.

        Raises:
            LlamocoError: the note cannot be written.
        """
        self._append(Entry(withdrawn=tuple(paths)))
        self._open.cache_clear()
        self._specs.cache_clear()

    def _append(self, entry: Entry) -> None:
        """Adds an entry after the last one, and reads the entries that others have added meanwhile."""
        while not manifest.put(self.place, self._index.num_entries + 1, entry):
            self._index.add(manifest.entry(self.place, self._index.num_entries + 1))
        self._index.add(entry)

    def _put(self, kind: str, groups: Sequence[pa.Table], problem_ids: Iterable[str]) -> StoredFile:
        data = tables.parquet(groups)
        sha256 = hashlib.sha256(data).hexdigest()
        path = f"{kind}/{sha256[:DIGEST_CHARACTERS]}.parquet"
        if not self.place.put_if_absent(path, data) and self.place.sha256(path) != sha256:
            self.place.replace(path, data)  # no entry named it, or it would have been withdrawn
        rows = sum(group.num_rows for group in groups)
        return StoredFile(path=path, rows=rows, sha256=sha256, size_bytes=len(data), problem_ids=tuple(problem_ids))

    def _check_never_written(self) -> None:
        """Checks that a folder without a log has no tables either: a campaign commits its candidates before any run.

        Raises:
            LlamocoError: there are tables.
        """
        if not any(self.place.names(kind) for kind in ("problems", "runs")):
            return
        for entry in manifest.entries(self.place):  # a campaign may have begun since
            self._index.add(entry)
        if not self._index.num_entries:
            raise LlamocoError(
                f"{self.place.where()} holds tables but not their log, {manifest.MANIFEST}: it was copied without "
                "hidden files; copy that folder too, or start the campaign in a new folder"
            )

    def _opened(self, path: str) -> pq.ParquetFile:
        file = self.place.open(path)
        if hashlib.file_digest(file, "sha256").hexdigest() != self._index.files[path].sha256:
            raise OSError(f"{path} is not what was written")
        file.seek(0)
        return pq.ParquetFile(file)

    def _specs_of(self, path: str) -> dict[str, tuple[str, str | None]]:
        """problem_id -> spec and precedents as JSON."""
        table = with_all_columns(self._open(path).read(), tables.PROBLEMS)
        ids, specs, precedents = (table[name].to_pylist() for name in ("problem_id", "spec", "precedents"))
        return {key: (spec, stored) for key, spec, stored in zip(ids, specs, precedents, strict=True)}

    @contextlib.contextmanager
    def _readable(self, path: str) -> Generator[None]:
        try:
            yield
        except (OSError, pa.ArrowException, ValidationError, KeyError) as error:
            what = "is missing" if isinstance(error, FileNotFoundError) else "is damaged"
            raise LlamocoError(
                f"{self.place.where(path)} {what}; restore it from a copy, or let "
                f"`{command(*self._made_by, self.place.where())}` set it aside and make what it held again"
            ) from None
