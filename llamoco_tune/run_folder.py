"""The folder of a tuning run: what the run is, how far it came, and whether a command may go on with it.

Resuming is the first thing that a command does. A folder with a run of another config, base or data is refused.
"""

import json
import shlex
from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue

from llamoco_tune.folders import content_of
from llamoco_tune.records import Record, TuningError, digest
from llamoco_tune.written import in_one_step, writing

RUN_FILE = "run.json"
CARD_FILE = "README.md"
CHECKPOINTS = "checkpoints"
_LAST_WRITTEN = "trainer_state.json"
"""File that is written last in a checkpoint, which is not whole without it."""


class RunSpec(Record):
    """All that decides a run: the same spec on the same machine gives the same model."""

    phase: Literal["contrast", "teach"]
    config: dict[str, JsonValue]
    base: str
    """Base as it was named on the command line."""
    base_digest: str
    data: str
    data_digest: str
    data_snapshot: int | None = None
    """Number of the export's newest snapshot when the run began; None if snapshots have no numbers."""

    @property
    def run_id(self) -> str:
        """Digest of what decides the run; the paths of base and data are no part of it."""
        return digest([self.phase, self.config, self.base_digest, self.data_digest])


class RunRecord(Record):
    """Record of the run in a folder."""

    spec: RunSpec
    run_id: str
    finished: bool = False
    results: dict[str, float] = Field(default_factory=dict)
    """Last value of each metric of a finished run."""
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    """Facts about a finished run: device, minutes, versions of libraries, numbers of rows and problems."""


def run_in(folder: Path, spec: RunSpec, *, alone: bool = True) -> RunRecord:
    """The run that a folder holds, or a new one for an empty folder, in which nothing is written yet.

    Args:
        alone: whether no other process of the run can have written into the folder yet.

    Raises:
        TuningError: the folder holds another run, or something else.
    """
    stored = stored_run(folder)
    if stored is None:
        if alone and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            content = content_of(folder)
            what = f"is {content.name}" if content else "is not empty and holds no run"
            raise TuningError(f"{folder} {what}; choose another --out, or empty it")
        return RunRecord(spec=spec, run_id=spec.run_id)
    if stored.run_id != spec.run_id:
        raise TuningError(f"{folder} holds another run: {_difference(folder, stored, spec)}")
    return stored


def stored_run(folder: Path) -> RunRecord | None:
    """The run that a folder holds, if any.

    Raises:
        TuningError: its record cannot be read.
    """
    file = folder / RUN_FILE
    if not file.is_file():
        return None
    try:
        return RunRecord.from_json(file.read_bytes())
    except ValueError:
        raise TuningError(
            f"{file} cannot be read; it is damaged, or of another release: choose another --out"
        ) from None


def write_run(folder: Path, record: RunRecord) -> None:
    """Writes the record of a run, whole or not at all.

    Raises:
        TuningError: the folder cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with in_one_step(folder / RUN_FILE) as part:
            part.write_text(record.to_json(indent=2) + "\n", encoding="utf-8")


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end."""
    whole = [path.parent for path in (folder / CHECKPOINTS).glob(f"checkpoint-*/{_LAST_WRITTEN}") if _is_json(path)]
    return max(whole, key=step_of, default=None)


def step_of(checkpoint: Path) -> int:
    """Number of training steps done when a checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def _difference(folder: Path, stored: RunRecord, here: RunSpec) -> str:
    """The first difference between two runs in words, and what to do."""
    there = stored.spec
    anew = f"choose another --out, or remove that run to begin anew: {shlex.join(['rm', '-r', str(folder)])}"
    if there.phase != here.phase:
        return f"its phase is {there.phase}, not {here.phase}; choose another --out"
    if there.base_digest != here.base_digest:
        if there.base != here.base:
            return f"its base is {there.base}, not {here.base}; {anew}"
        return f"its base, {there.base}, had other content when the run was begun; {anew}"
    if there.data_digest != here.data_digest:
        if Path(there.data).resolve() != Path(here.data).resolve():
            return f"its rows are those of {there.data}, not of {here.data}; {anew}"
        numbers = (there.data_snapshot, here.data_snapshot)
        when = f": snapshot {numbers[0]} then, {numbers[1]} now" if all(numbers) else ""
        return f"{there.data} has other rows than when the run was begun{when}; {anew}"
    one, other = flat(there.config), flat(here.config)
    changed = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    words = "; ".join(f"{name} is {one.get(name)} there, {other.get(name)} here" for name in changed[:3])
    return f"{words}; choose another --out, or give that run's own options to go on with it"


def flat(config: JsonValue, prefix: str = "") -> dict[str, JsonValue]:
    """Nested settings as `outer.inner` names."""
    if not isinstance(config, dict):
        return {prefix: config}
    return {
        name: value
        for key, inner in config.items()
        for name, value in flat(inner, f"{prefix}.{key}" if prefix else key).items()
    }
