"""The list of runs: every run beneath a folder, the settings in which they differ, and how far each came."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from llamoco_tune.cli.runs import runs_beneath, runs_command
from llamoco_tune.records import TuningError
from llamoco_tune.run_folder import CHECKPOINTS, RunRecord, RunSpec, write_run

pytestmark = pytest.mark.unit


def run(folder: Path, *, tau: float, finished: bool = True, gap: float = 0.5) -> None:
    spec = RunSpec(
        phase="teach",
        config={"choice": {"tau": tau}, "mixing": "balanced", "train": {"seed": 0}},
        base="compact-base",
        base_digest="b",
        data="set",
        data_digest="d",
    )
    results = {"eval_loss": 0.0123, "eval_gap_closed": gap} if finished else {}
    facts = {"minutes": 7.5} if finished else {}
    write_run(folder, RunRecord(spec=spec, run_id=spec.run_id, finished=finished, results=results, facts=dict(**facts)))


def printed(folder: Path) -> str:
    done = CliRunner().invoke(runs_command, [str(folder)], env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.exception
    return done.output


def test_runs_are_listed_with_what_differs_and_what_came_out(tmp_path: Path):
    run(tmp_path / "a", tau=0.05, gap=0.25)
    run(tmp_path / "deep" / "b", tau=0.1)
    head, first, second, _, _, *settings = printed(tmp_path).splitlines()
    assert head.split() == ["run", "phase", "minutes", "loss", "gap", "closed", "parse"]
    assert first.split() == ["a", "teach", "7.5", "0.0123", "25%"]
    assert second.split() == ["deep/b", "teach", "7.5", "0.0123", "50%"]
    assert settings == ["a: tau 0.05", "deep/b: tau 0.1"]


def test_a_run_that_is_not_finished_says_how_far_it_came(tmp_path: Path):
    run(tmp_path / "a", tau=0.05, finished=False)
    assert "step 0" in printed(tmp_path)
    checkpoint = tmp_path / "a" / CHECKPOINTS / "checkpoint-120"
    checkpoint.mkdir(parents=True)
    (checkpoint / "trainer_state.json").write_text("{}", encoding="utf-8")
    assert "step 120" in printed(tmp_path)


def test_a_folder_without_runs_is_refused(tmp_path: Path):
    assert runs_beneath(tmp_path) == []
    done = CliRunner().invoke(runs_command, [str(tmp_path)])
    assert isinstance(done.exception, TuningError)
    assert "holds no run; `teach` and `contrast` write one" in str(done.exception)


def test_a_damaged_record_is_refused(tmp_path: Path):
    (tmp_path / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(TuningError, match="cannot be read"):
        runs_beneath(tmp_path)
