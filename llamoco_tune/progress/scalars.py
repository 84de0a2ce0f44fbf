# pyright: reportExplicitAny=false
"""Writes the metrics for TensorBoard, if it is installed."""

import importlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from llamoco_tune.metrics import MetricsRecord

TENSORBOARD_FOLDER = "tensorboard"

Scalars = Callable[[MetricsRecord], None]


def open_scalars(run: Path, step: int, opened: ExitStack) -> Scalars:
    """Returns a function that writes a record; later steps of an earlier session are hidden; `opened` closes it."""
    try:
        tensorboard: Any = importlib.import_module("torch.utils.tensorboard")
    except ImportError:
        return lambda _: None
    writer = tensorboard.SummaryWriter(str(run / TENSORBOARD_FOLDER), purge_step=step + 1)
    opened.callback(writer.close)

    def write(record: MetricsRecord) -> None:
        speed = {"tokens_per_s": record.tokens_per_s, "utilisation": record.utilisation}
        for name, value in (record.values | speed).items():
            if value is not None:
                writer.add_scalar(f"{record.kind}/{name.removeprefix('eval_')}", value, record.step)
        writer.flush()

    return write
