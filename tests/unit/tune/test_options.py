"""Options of `llamoco-tune`, whatever their command."""

import os
from pathlib import Path

import click
import pytest

from llamoco_tune.cli import main
from llamoco_tune.cli.commands import llamoco_tune

pytestmark = pytest.mark.unit

FLOATS = [
    (command, parameter.opts[0])
    for command, options in llamoco_tune.commands.items()
    for parameter in options.params
    if isinstance(parameter.type, click.types.FloatParamType)
]


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e999"])
@pytest.mark.parametrize(("command", "option"), FLOATS)
def test_number_that_is_not_finite_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], command: str, option: str, value: str
):
    with pytest.raises(SystemExit) as ended:
        main([command, option, value])
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err.count("\n")) == (2, "", 1), err
    assert f"'{option}'" in err
    assert f"{float(value)} is no" in err


@pytest.mark.parametrize("command", ["contrast", "teach", "generate", "neighbour"])
def test_only_what_trains_is_kept_on_the_first_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
):
    for name in ("CUDA_VISIBLE_DEVICES", "LOCAL_RANK"):
        monkeypatch.setenv(name, "to be forgotten")
        monkeypatch.delenv(name)
    trains = command in ("contrast", "teach")
    model = "--base" if trains else "--model"
    with pytest.raises(SystemExit) as ended:
        main([command, "--data", str(tmp_path), model, "ready", "--out", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert "is no export" in capsys.readouterr().err
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == ("0" if trains else None)
