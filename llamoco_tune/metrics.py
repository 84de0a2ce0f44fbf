"""The file `metrics.jsonl` of a run: one flat JSON object a line, appended while the model trains."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from llamoco_tune.records import Record, TuningError

METRICS_FILE = "metrics.jsonl"


class MetricsRecord(Record):
    """What was known after a training step, or after an evaluation."""

    step: int
    """Training steps done."""
    epoch: float
    kind: Literal["train", "evaluation"]
    seconds: float
    """Spent training so far, with evaluations, over all sessions of the run."""
    tokens: int
    """Trained on so far."""
    peak_memory_bytes: int
    """Most that was ever in use: on the GPU where there is one, else by the process."""
    tokens_per_s: float | None = None
    """Since the line before, evaluations and checkpoints not counted."""
    utilisation: float | None = None
    """Share of the device's peak arithmetic; null where the peak is not known."""
    values: dict[str, float | None]
    """What was logged, such as `loss`, `learning_rate`, `grad_norm`, `eval_loss`; null where it was not finite."""

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
    """The numbers of a trainer's log without those that have fields of their own; what is not finite becomes null."""
    numbers = {name: value for name, value in logs.items() if isinstance(value, int | float)}
    return {
        name: float(value) if math.isfinite(value) else None
        for name, value in numbers.items()
        if name not in MetricsRecord.model_fields
    }


def read_metrics(run: Path) -> list[MetricsRecord]:
    """All lines of a run, in order; a last line that was cut short is left out.

    Raises:
        TuningError: a line is not as this module writes it.
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
    """Drops the lines after a step, all of them at step 0, and gives those that are left.

    Whatever ends the process meanwhile, the file is the old one or the new one.

    Raises:
        TuningError: as `read_metrics`.
    """
    kept = [record for record in read_metrics(run) if record.step <= step] if step else []
    new = run / f".{METRICS_FILE}.new"
    new.write_text("".join(record.to_line() for record in kept), encoding="utf-8")
    os.replace(new, run / METRICS_FILE)  # noqa: PTH105 - the same, and it says that it replaces
    return kept
