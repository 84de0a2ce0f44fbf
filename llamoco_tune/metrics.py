"""The file `metrics.jsonl` of a run: one flat JSON object a line, appended while the model trains."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from llamoco_tune.records import Record, TuningError

METRICS_FILE = "metrics.jsonl"


class MetricsRecord(Record):
    """Figures that were logged after a training step or an evaluation."""

    step: int
    """Number of training steps done."""
    epoch: float
    kind: Literal["train", "evaluation"]
    seconds: float
    """Seconds of training so far, evaluations included, over all sessions of the run."""
    tokens: int
    """Number of tokens trained on so far."""
    peak_memory_bytes: int
    """Peak memory so far: of the GPU, or of the process if there is none."""
    tokens_per_s: float | None = None
    """Tokens a second since the line before, evaluations and checkpoints excluded."""
    utilisation: float | None = None
    """Share of the device's peak arithmetic; null if the peak is unknown."""
    values: dict[str, float | None]
    """Logged values, such as `loss`, `learning_rate`, `grad_norm`, `eval_loss`; null if not finite."""

    def to_line(self) -> str:
        """One line of the file, in which the values stand beside the other fields."""
        fields = self.model_dump(mode="json", exclude={"values"}, exclude_none=True)
        return json.dumps(fields | self.values, ensure_ascii=False) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "MetricsRecord":
        """The record that `to_line` wrote.

        Raises:
            ValueError: it is no JSON object, or a field is missing or of another type.
        """
        entries: dict[str, object] = json.loads(line)
        fields = {name: entries.pop(name) for name in cls.model_fields if name in entries}
        return cls.model_validate(fields | {"values": entries})


def numbers_in(logs: Mapping[str, object]) -> dict[str, float | None]:
    """The numbers in a trainer's log that have no field of their own; those that are not finite become null."""
    numbers = {name: value for name, value in logs.items() if isinstance(value, int | float)}
    return {
        name: float(value) if math.isfinite(value) else None
        for name, value in numbers.items()
        if name not in MetricsRecord.model_fields
    }


def read_metrics(run: Path) -> list[MetricsRecord]:
    """All lines of a run, in order; an unfinished last line is left out.

    Raises:
        TuningError: a line is not one that this module writes.
    """
    file = run / METRICS_FILE
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
    try:
        return [MetricsRecord.from_line(line) for line in lines if line.endswith("\n")]
    except (ValidationError, ValueError, AttributeError) as error:
        raise TuningError(f"{file} has a line that is not a metric of a run; move the file away") from error


def append_metrics(run: Path, record: MetricsRecord) -> None:
    """Adds a line, which is in the file when this returns."""
    with (run / METRICS_FILE).open("a", encoding="utf-8") as file:
        file.write(record.to_line())


def keep_through(run: Path, step: int) -> list[MetricsRecord]:
    """Drops the lines after a step, or all lines at step 0, and returns those that are left.

    If the process dies meanwhile, the file is the old one or the new one.

    Raises:
        TuningError: a line is not one that this module writes.
    """
    kept = [record for record in read_metrics(run) if record.step <= step] if step else []
    new = run / f".{METRICS_FILE}.new"
    new.write_text("".join(record.to_line() for record in kept), encoding="utf-8")
    new.replace(run / METRICS_FILE)
    return kept
