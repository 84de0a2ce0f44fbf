"""A tuning run that is stopped keeps its steps, says how to go on, and goes on as if nothing had been; one that is
killed goes on from what it had kept.

About 20 s.
"""

import functools
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file
from typing_extensions import override

from llamoco_tune.cli import main
from llamoco_tune.cli.stopping import stop_on_signals
from llamoco_tune.evaluation import EvaluationConfig
from llamoco_tune.metrics import read_metrics
from llamoco_tune.run_folder import last_checkpoint
from llamoco_tune.stopping import Stopped, StopWish
from llamoco_tune.teach import TeachConfig, teach
from llamoco_tune.training import TrainConfig
from tests.forking import TUNE, Forked, forked
from tests.tuning_data import write_export, write_tiny_base

pytestmark = pytest.mark.chaos

QUIET = Console(quiet=True)
STEPS = 20
CONTEXT = 256
"""Tokens; the longest row of the export has fewer."""


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base that sees so few tokens at once that the programs of an evaluation are short."""
    folder = write_tiny_base(tmp_path_factory.mktemp("base") / "tiny", width=64)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": CONTEXT}))
    return folder


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("data") / "export", train=12, validation=4, test=4)


def same_weights(one: Path, other: Path) -> bool:
    first, second = (load_file(folder / "model.safetensors") for folder in (one, other))
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def told(run: Path) -> list[tuple]:
    """What the metrics say of every step, without times."""
    return [(record.step, record.kind, record.tokens, record.values) for record in read_metrics(run)]


def options(phase: str, export: Path, base: Path, out: Path) -> list[str]:
    options = ["--recipe", "tiny", "--precision", "fp32", "--steps", str(STEPS), "--per-batch", "4"]
    return [phase, "--data", str(export), "--base", str(base), *options, "--out", str(out)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, base: Path, export: Path) -> Callable[[str], Path]:
    """The undisturbed run of a phase, made once."""

    @functools.cache
    def made(phase: str) -> Path:
        out = tmp_path_factory.mktemp(phase) / "whole"
        go_on(options(phase, export, base, out))
        return out

    return made


def go_on(arguments: list[str]) -> None:
    """Runs a command to its end, in this process."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0


def begun(arguments: list[str]) -> Forked:
    return forked(TUNE, ["-m", "llamoco_tune", *arguments], env=os.environ | {"OMP_NUM_THREADS": "1"})


def stopped(arguments: list[str], number: signal.Signals) -> list[str]:
    """Runs a command in a process of its own, and sends it a signal after its first step; what it said then."""
    with begun(arguments) as process:
        for line in process.stderr:
            if line.startswith(f"step 1/{STEPS}  loss"):
                process.send_signal(number)
                break
        said = process.stderr.read().splitlines()
    assert process.returncode == 130, said
    return said


@pytest.mark.parametrize("phase", ["contrast", "teach"])
def test_killed_run_goes_on_to_the_weights_of_an_undisturbed_one(
    tmp_path: Path, base: Path, export: Path, whole: Callable[[str], Path], phase: str
):
    killed = tmp_path / "killed"
    arguments = [*options(phase, export, base, killed), "--save-every", "3"]
    with begun(arguments) as process:
        while not (killed / "checkpoints" / "checkpoint-3" / "trainer_state.json").exists():
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not (killed / "model.safetensors").exists()
    go_on(arguments)
    assert same_weights(killed, whole(phase))
    steps = [record.step for record in read_metrics(killed) if "loss" in record.values]
    assert steps == list(range(1, STEPS + 1))


@pytest.mark.parametrize(("phase", "number"), [("contrast", signal.SIGINT), ("teach", signal.SIGTERM)])
def test_run_that_got_a_signal_goes_on_by_the_printed_command_to_the_weights_of_an_undisturbed_one(
    tmp_path: Path,
    base: Path,
    export: Path,
    capsys: pytest.CaptureFixture[str],
    whole: Callable[[str], Path],
    phase: str,
    number: signal.Signals,
):
    broken = tmp_path / "a stopped run"
    said = stopped(options(phase, export, base, broken), number)
    checkpoint = last_checkpoint(broken)
    assert checkpoint is not None
    step = int(checkpoint.name.removeprefix("checkpoint-"))
    assert 1 <= step < STEPS
    assert said[0] == "stopping after this step; once more to stop at once"
    assert said[-2] == f"stopped at step {step} of {STEPS}; {checkpoint} is kept"
    again = shlex.split(said[-1].removeprefix("go on with: "))
    assert again[1:3] == ["-m", "llamoco_tune"]
    go_on(again[3:])
    assert f"going on from checkpoint-{step}\n" in capsys.readouterr().err
    assert same_weights(broken, whole(phase))
    assert told(broken) == told(whole(phase))


class AskedAfter(StopWish):
    """Somebody who wants a run to stop as soon as its metrics have a step."""

    def __init__(self, run: Path, step: int) -> None:
        super().__init__()
        self._run, self._step = run, step

    @property
    @override
    def is_asked(self) -> bool:
        return any(record.step >= self._step for record in read_metrics(self._run))


SHORT = TeachConfig(
    train=TrainConfig(learning_rate=5e-3, max_steps=9, evaluate_every=2, save_every=5, precision="fp32"),
    batching="padded",
    per_batch=4,
    sequence_length=512,
    evaluation=EvaluationConfig(num_rows=4, num_programs=1, programs_every=2, max_new_tokens=4),
)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, base: Path, export: Path) -> Path:
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    teach(export, str(base), out, SHORT, QUIET)
    return out


@pytest.mark.parametrize("step", [0, 3, 4, 9])
def test_evaluations_are_those_of_an_undisturbed_run_whenever_it_was_stopped(
    tmp_path: Path, base: Path, export: Path, undisturbed: Path, step: int
):
    broken = tmp_path / "broken"
    with pytest.raises(Stopped) as ended:
        teach(export, str(base), broken, SHORT, QUIET, AskedAfter(broken, step))
    kept = last_checkpoint(broken)
    if step == 0:
        # The first evaluation was finished, and then one step.
        assert kept == broken / "checkpoints" / "checkpoint-1"
    elif step in (4, 9):
        assert kept == broken / "checkpoints" / f"checkpoint-{step}"
        assert not any(record.kind == "evaluation" and record.step == step for record in read_metrics(broken))
    assert f"of 9; {kept} is kept" in str(ended.value)
    teach(export, str(base), broken, SHORT, QUIET)
    assert same_weights(broken, undisturbed)
    assert told(broken) == told(undisturbed)
    programs = [step for step, _, _, values in told(broken) if "eval_programs_parse" in values]
    assert programs == [0, 4, 8, 9]


def test_run_that_is_stopped_in_its_first_evaluation_keeps_nothing_and_says_so(
    tmp_path: Path, base: Path, export: Path
):
    wish = StopWish()
    wish.ask()
    train = TrainConfig(learning_rate=5e-3, max_steps=3, precision="fp32")
    evaluation = EvaluationConfig(num_rows=4, num_programs=0)
    config = TeachConfig(train=train, batching="padded", sequence_length=512, evaluation=evaluation)
    with pytest.raises(Stopped, match="before the first step; there is nothing to keep yet"):
        teach(export, str(base), tmp_path / "run", config, QUIET, wish)
    assert teach(export, str(base), tmp_path / "run", config, QUIET).finished


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_second_signal_ends_at_once_as_does_the_first_where_nobody_waits(tmp_path: Path, number: signal.Signals):
    said = tmp_path / "said"
    before = signal.getsignal(number)
    with said.open("w") as file, stop_on_signals(Console(file=file)) as wish:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert not wish.is_asked
        with wish.awaited():
            signal.raise_signal(number)
            assert wish.is_asked
            assert said.read_text() == "stopping after this step; once more to stop at once\n"
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
    assert signal.getsignal(number) == before


def test_command_that_is_stopped_before_it_trains_says_how_to_go_on(tmp_path: Path, base: Path, export: Path):
    # Not forked, since loading takes its time here.
    with subprocess.Popen(
        [sys.executable, "-m", "llamoco_tune", *options("teach", export, base, tmp_path / "run")],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it takes no lock
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "loading PyTorch and transformers\n"
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().splitlines()
    assert process.returncode == 130, said
    assert said[-2] == "stopped at once"
    assert said[-1].startswith("go on with: ")
    assert not (tmp_path / "run").exists()
