"""Writes an instruction set: Parquet shards and a dataset card, complete in their place or not at all.

The set is a function of the campaign folder alone: exported twice, it has the same bytes.
"""

import contextlib
import filecmp
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from llamoco_data.campaign import CampaignSpec, load_campaign, read_entrants, read_problems
from llamoco_data.export.card import CARD_FILE, dataset_card, is_card
from llamoco_data.export.judging import Judgements, cases_of, judge_all, single_best_solver
from llamoco_data.export.report import ExportReport, report_of
from llamoco_data.files import Place, local_folder
from llamoco_data.identity import LlamocoError
from llamoco_data.instructions import SPLITS, Instruction, Judged, References, Split, instructions, to_table
from llamoco_data.portfolio import BASELINE

ROWS_PER_SHARD = 20_000
"""About 25 MB of Parquet."""

_SHARD = re.compile(rf"data/({'|'.join(SPLITS)})-\d{{5}}-of-\d{{5}}\.parquet")


@dataclass(frozen=True, slots=True)
class Exported:
    """An instruction set in its place."""

    folder: Path
    files: tuple[str, ...]
    """Parquet files, relative to the folder."""
    report: ExportReport
    example: Instruction
    """The shortest row, to look at."""
    unchanged: bool
    """Whether the folder held this very set already."""


def export(folder: Place, out: Place, *, budgets: Sequence[float] = ()) -> Exported:
    """Exports every complete problem of a campaign folder that is worth teaching.

    The set is written beside its place and moved there whole. An earlier export in that place is replaced; anything
    else that lies there is refused and left alone.

    Args:
        budgets: shares of the budget, between 0 and 1, at which every problem is exported once more, by what the traces
            of its runs say of it.

    Raises:
        LlamocoError: the folder holds no campaign, or nothing worth teaching yet; or the place is taken or cannot be
            written; or a budget is no share.
    """
    wrong = [share for share in budgets if not 0 < share < 1]
    if wrong:
        raise LlamocoError(f"{wrong[0]:g} is no share of a budget; give numbers between 0 and 1, such as 0.1")
    shares = sorted(set(budgets), reverse=True)
    spec = load_campaign(folder)
    target = local_folder(out)
    _check_place(target)
    entrants = {entrant.candidate_id: entrant for entrant in read_entrants(folder)}
    baseline = next((e.candidate_id for e in entrants.values() if e.optimizer == BASELINE), "")
    judgements = judge_all(folder, spec, entrants, baseline, shares)
    if not judgements.verdicts:
        raise LlamocoError(
            f"{folder} has nothing to export yet: {judgements.incomplete} problems lack runs and "
            f"{len(judgements.kept_out)} are kept out; continue with: llamoco-data run {folder}"
        )
    references = References(entrants, single_best_solver(judgements, list(entrants), baseline), baseline)
    with _beside(target) as scratch:
        writer = _Shards(scratch)
        for row in _rows(folder, spec, judgements, references, shares):
            writer.add(row)
        files = writer.close()
        report = report_of(spec, judgements, references, writer.rows)
        scratch.joinpath(CARD_FILE).write_text(dataset_card(report, files), encoding="utf-8")
        unchanged = _same(scratch, target)
        if not unchanged:
            _move(scratch, target)
    return Exported(Path(out), files, report, writer.shortest(), unchanged)


def _rows(
    folder: Place,
    spec: CampaignSpec,
    judgements: Judgements,
    references: References,
    shares: Sequence[float],
) -> Iterator[Instruction]:
    """Every row, in the order of problem, budget, form and wording."""
    for runs in read_problems(folder):
        if not runs.complete or not runs.records:
            continue
        for case in cases_of(runs, references.entrants, shares, spec.held_out_families):
            verdict = judgements.verdicts.get(case.spec.problem_id)
            if verdict is not None:
                judged = Judged(case.spec, case.records, verdict, case.split, runs.spec.problem_id)
                yield from instructions(judged, references, wordings=spec.wordings)


class _Shards:
    """Collects rows by split and writes them in shards; a split's number of shards is known only at the end."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._data.mkdir()
        self._waiting: dict[Split, list[Instruction]] = {split: [] for split in SPLITS}
        self._written: dict[Split, int] = dict.fromkeys(SPLITS, 0)
        self._shortest: Instruction | None = None
        self.rows: dict[Split, int] = dict.fromkeys(SPLITS, 0)

    def add(self, row: Instruction) -> None:
        if self._shortest is None or _length(row) < _length(self._shortest):
            self._shortest = row
        self.rows[row.split] += 1
        self._waiting[row.split].append(row)
        if len(self._waiting[row.split]) == ROWS_PER_SHARD:
            self._write(row.split)

    def close(self) -> tuple[str, ...]:
        """The names of the shards, relative to the export."""
        for split in SPLITS:
            if self._waiting[split]:
                self._write(split)
        names: list[str] = []
        for split, count in self._written.items():
            for number in range(count):
                name = f"{split}-{number:05d}-of-{count:05d}.parquet"
                self._part(split, number).rename(self._data / name)
                names.append(f"data/{name}")
        return tuple(names)

    def shortest(self) -> Instruction:
        assert self._shortest is not None, "an export has rows"
        return self._shortest

    def _write(self, split: Split) -> None:
        table = to_table(self._waiting[split])
        pq.write_table(table, self._part(split, self._written[split]), compression="zstd")
        self._written[split] += 1
        self._waiting[split] = []

    def _part(self, split: Split, number: int) -> Path:
        return self._data / f"{split}-{number:05d}.part"


def _length(row: Instruction) -> int:
    return len(row.prompt) + len(row.answer)


def _check_place(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise LlamocoError(f"{target} is a file; choose a new folder for the export")
    others = [name for name in _names(target) if name != CARD_FILE and not _SHARD.fullmatch(name)]
    if not others and any(target.iterdir()) and not is_card(target / CARD_FILE):
        others = [CARD_FILE]
    if others:
        raise LlamocoError(
            f"{target} holds other files, {others[0]} for one, which an export must not replace; "
            "choose a new or empty folder"
        )


@contextlib.contextmanager
def _beside(target: Path) -> Generator[Path]:
    """A scratch folder beside the target; it is gone afterwards, whatever happens.

    Raises:
        LlamocoError: something could not be written.
    """
    scratch = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        yield scratch
    except OSError as error:
        raise LlamocoError(
            f"cannot write the export to {target}: {error.strerror or error}; nothing changed"
        ) from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def _move(scratch: Path, target: Path) -> None:
    """Puts the scratch folder in the place of the target. A crash in between leaves the old set beside its place."""
    scratch.chmod(0o755)
    old = scratch.with_name(f"{scratch.name}.old")
    if target.exists():
        target.rename(old)
    try:
        scratch.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _same(scratch: Path, target: Path) -> bool:
    """Whether the two folders hold the same files with the same bytes."""
    names = [_names(folder) for folder in (scratch, target)]
    if names[0] != names[1]:
        return False
    return all(filecmp.cmp(scratch / name, target / name, shallow=False) for name in names[0])


def _names(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
