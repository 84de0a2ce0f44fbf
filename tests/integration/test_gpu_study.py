"""The study for a GPU machine, on a CPU with a tiny random model: its file holds real figures."""

import math
from pathlib import Path
from typing import Literal

import pytest
import torch
from rich.console import Console
from transformers import AutoTokenizer
from typing_extensions import override

from llamoco_tune.choosing import ChoiceConfig
from llamoco_tune.evaluation import EvaluationConfig
from llamoco_tune.instructions import read_split
from llamoco_tune.openings import Openings
from llamoco_tune.stopping import StopWish
from llamoco_tune.teach import TeachConfig
from llamoco_tune.tokens import Template, encode_prompts
from llamoco_tune.training import TrainConfig
from tests.benchmarks.gpu_study import GpuStudy, affordable, choices_after, main, studied, taught_in
from tests.tuning_data import write_export, write_tiny_base

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_base(tmp_path_factory.mktemp("base") / "tiny", width=64))


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("data") / "export", train=6, validation=2, test=3, train_extended=6)


def settings(batching: Literal["packed", "padded"] = "padded") -> TeachConfig:
    return TeachConfig(
        train=TrainConfig(learning_rate=1e-2, num_epochs=3, precision="fp32"),
        batching=batching,
        sequence_length=1_024,
        per_batch=4,
        choice=ChoiceConfig(per_batch=8, writing_share=0.2),
        evaluation=EvaluationConfig(num_rows=2),
    )


# TRL 1.16 calls transformers 5.23 by names that it will give up.
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_study_has_real_figures_of_both_models_and_both_trainers(tmp_path, export, base):
    early: list[GpuStudy] = []
    quiet = Console(quiet=True)
    study = studied(export, base, "small", settings(), tmp_path, minutes=5, console=quiet, keep=early.append)
    assert [(each.num_steps, each.after.keys(), each.peer) for each in early] == [
        (12, set(), None), (12, {"validation", "test"}, None),
    ]  # fmt: skip
    assert study == early[1].model_copy(update={"peer": study.peer, "facts": study.facts})
    assert GpuStudy.from_json(study.to_json()) == study
    assert study.finished
    assert study.num_steps == study.recipe_steps == 12
    assert study.num_measured == 12
    assert study.num_extended == 12
    assert study.before.keys() == study.after.keys() == {"validation", "test"}
    for figures in (*study.before["test"], *study.after["test"]):
        assert figures.num_problems == 3
        assert figures.gap_low <= figures.gap_closed <= figures.gap_high <= 1
        assert 0 <= figures.choice_score <= 0.9
    assert [each.wordings for each in study.after["test"]] == [1, 4]
    found = {int(step): values["eval_gap_closed"] or 0.0 for step, values in study.evaluations.items()}
    kept = max(gap for step, gap in found.items() if step >= study.num_steps / 2)
    assert study.before["validation"][0].gap_closed == pytest.approx(found[0])
    assert study.after["validation"][0].gap_closed == pytest.approx(kept)
    assert study.speed.keys() == {"choosing", "writing"}
    assert sum(each.num_steps for each in study.speed.values()) == study.num_steps
    assert all(math.isfinite(each.tokens_per_s) and each.tokens_per_s > 0 for each in study.speed.values())
    assert study.peak_memory_gb > 0
    assert study.peer is not None
    assert study.peer.trl_missing is None
    assert study.peer.tokens_per_s > 0
    assert (study.peer.trl_tokens_per_s or 0) > 0


def test_study_without_time_says_that_nothing_was_taught(tmp_path, export, base):
    study = studied(export, base, "small", settings("packed"), tmp_path, minutes=0, console=Console(quiet=True))
    assert not study.finished
    assert study.num_steps == 0
    assert study.before
    assert study.after == {}
    assert study.peer is None


def test_model_whose_run_was_stopped_is_judged_too(tmp_path, export, base):
    class AfterSomeSteps(StopWish):
        """Asks to stop a few steps after the first evaluation."""

        looks = 0

        @property
        @override
        def is_asked(self) -> bool:
            self.looks += 1
            return self.looks > 8

    config = affordable(settings(), 6, {"choosing": 1.0, "writing": 1.0}, 6)
    folder = taught_in(tmp_path / "run", export, base, config, AfterSomeSteps(), Console(quiet=True))
    assert folder is not None
    assert folder.name.startswith("checkpoint-")
    template = Template.of(AutoTokenizer.from_pretrained(base))
    rows = encode_prompts(read_split(export, "test"), template, max_tokens=1_024).rows
    openings = Openings(by_optimizer={"de": [5, 6], "pso": [5, 7]})
    (one, _) = choices_after(folder, openings, {"test": [[row] for row in rows]}, config.train)["test"]
    assert one.num_problems == 6


@pytest.mark.parametrize(("seconds", "steps", "every"), [(100, 62, 12), (1e6, 500, 100), (0, 2, 1)])
def test_steps_are_as_many_as_the_seconds_and_the_recipe_allow(seconds, steps, every):
    afforded = affordable(settings(), 500, {"choosing": 1.0, "writing": 4.0}, seconds)
    assert afforded.train.max_steps == steps
    assert afforded.train.evaluate_every == every


def test_recipe_without_choosing_is_one_line(tmp_path, export, base, capsys):
    out = tmp_path / "study.json"
    assert main([str(export), base, "--out", str(out), "--recipe", "tiny"]) == 2
    assert "recipe tiny does not teach to choose" in capsys.readouterr().err.splitlines()[-1]
    assert not out.exists()


def test_file_is_written_into_a_new_folder(tmp_path, export, base):
    mine = tmp_path / "mine.toml"
    mine.write_text(
        'from = "tiny"\n[teach.train]\nmax_steps = 2\n[teach.choice]\nper_batch = 2\nnum_problems = 2\n'
        "[teach.evaluation]\nnum_rows = 2\n"
    )
    out = tmp_path / "new" / "study.json"
    assert main([str(export), base, "--out", str(out), "--recipe", str(mine), "--minutes", "5", "--no-peer"]) == 0
    study = GpuStudy.from_json(out.read_bytes())
    assert (study.finished, study.num_steps, study.peer) == (True, 2, None)
    assert study.after.keys() == {"validation", "test"}
    assert [each.name for each in out.parent.iterdir()] == ["study.json"]


def test_comparison_does_not_begin_without_a_minute_for_it(tmp_path, export, base):
    config = settings().model_copy(update={"train": TrainConfig(learning_rate=1e-2, max_steps=2, precision="fp32")})
    study = studied(export, base, "small", config, tmp_path, minutes=0.9, console=Console(quiet=True))
    assert study.num_steps > 0
    assert study.peer is None


def test_folder_that_cannot_be_made_is_one_line_before_anything_is_loaded(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    assert main(["no export", "no base", "--out", str(tmp_path / "file" / "study.json")]) == 2
    assert "study.json cannot be written: " in capsys.readouterr().err
