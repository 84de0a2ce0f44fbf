"""The end of a finished run: its figures, and a command that can be pasted."""

import io
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console

from llamoco_tune.cli.pages import show_finished
from llamoco_tune.run_folder import RunRecord, RunSpec
from tests.tuning_data import write_export

pytestmark = pytest.mark.unit


def told(data: Path, out: Path, phase: Literal["contrast", "teach"]) -> list[str]:
    spec = RunSpec(phase=phase, config={}, base="base", base_digest="b", data=str(data), data_digest="d")
    run = RunRecord(spec=spec, run_id=spec.run_id, finished=True, results={"eval_loss": 0.25}, facts={"num_rows": 4})
    said = io.StringIO()
    show_finished(Console(file=said, width=40), run, out, data)
    return [line.rstrip() for line in said.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("absent", "asked"), [((), "test"), (("test",), "test_families"), (("test", "test_families"), "validation")]
)
def test_taught_model_is_to_answer_a_split_that_the_set_has(tmp_path: Path, absent: tuple[str, ...], asked: str):
    data = write_export(tmp_path / "set", train=2, validation=1, test=1, test_families=1)
    for split in absent:
        for file in (data / "data").glob(f"{split}-*.parquet"):
            file.unlink()
    lines = told(data, tmp_path / "run", "teach")
    following = f"generate --data {data} --split {asked} --model {tmp_path / 'run'} --out programs.parquet"
    assert lines[-1] == f"next        llamoco-tune {following}"
    assert lines[-2] == f"model       {tmp_path / 'run'}"
    assert "validation loss, nats a token  0.250" in lines


def test_warmed_up_model_is_to_be_taught(tmp_path: Path):
    data = write_export(tmp_path / "set", train=2)
    assert told(data, tmp_path / "run", "contrast")[-1] == (
        f"next        llamoco-tune teach --data {data} --base {tmp_path / 'run'} --out runs/tuned"
    )
