"""Both phases on a tiny random model: learning by heart, several processes, refusing what is wrong."""

import errno
import io
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from llamoco_tune import phase
from llamoco_tune.cli import main
from llamoco_tune.contrast import ContrastConfig, contrast
from llamoco_tune.decoding import DecodingConfig, write
from llamoco_tune.evaluation import EvaluationConfig
from llamoco_tune.instructions import read_split
from llamoco_tune.metrics import read_metrics
from llamoco_tune.model import LoraSpec, load
from llamoco_tune.pretrained import pretrained_tokenizer
from llamoco_tune.records import TuningError
from llamoco_tune.run_folder import stored_run
from llamoco_tune.teach import TeachConfig, teach
from llamoco_tune.tokens import Template
from llamoco_tune.training import TrainConfig
from tests.pages import ROOT
from tests.tiny_models import write_tiny
from tests.tuning_data import write_export, write_tiny_base

# peft 0.21 asks transformers 5.23 by a name that it will give up.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]
QUIET = Console(quiet=True)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_base(tmp_path_factory.mktemp("base") / "tiny", width=64)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("data") / "export", train=12, validation=4, test=4)


def teaching(steps: int, **changes: object) -> TeachConfig:
    train = {"learning_rate": 5e-3, "max_steps": steps, "evaluate_every": steps, "save_every": 2, "precision": "fp32"}
    return TeachConfig(
        train=TrainConfig.model_validate(train | {k: v for k, v in changes.items() if k in TrainConfig.model_fields}),
        batching="padded",
        per_batch=4,
        sequence_length=512,
        evaluation=EvaluationConfig(num_rows=4, num_programs=0),
    )


def warming(steps: int, **changes: object) -> ContrastConfig:
    train = {"learning_rate": 1e-3, "max_steps": steps, "evaluate_every": steps, "save_every": 2, "precision": "fp32"}
    return ContrastConfig(
        train=TrainConfig.model_validate(train | changes), per_batch=8, micro_batch=4, num_evaluated=4, num_probed=8
    )


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def same_weights(one: Path, other: Path) -> bool:
    first, second = weights(one), weights(other)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_teach_learns_eight_rows_by_heart_and_writes_their_programs_to_the_byte(tmp_path, base):
    data = write_export(tmp_path / "export", train=4, validation=2)
    config = teaching(260, learning_rate=4e-3)
    run = teach(data, str(base), tmp_path / "run", config, QUIET)
    assert run.results["loss"] < 0.01
    loaded = load(str(tmp_path / "run"))
    template = Template.of(loaded.tokenizer)
    examples = read_split(data, "train")
    prompts = [template.prompt_ids(example.prompt) for example in examples]
    assert len(examples) == 8
    written = {
        each.index: each for each in write(loaded.model, loaded.tokenizer, prompts, DecodingConfig(max_new_tokens=300))
    }
    for number, example in enumerate(examples):
        assert loaded.tokenizer.decode(written[number].ids) == example.answer
        assert written[number].ended == "stop"


def test_both_phases_follow_each_other_and_say_what_they_did(tmp_path, base, export):
    warmed = contrast(export, str(base), tmp_path / "warm", warming(3), QUIET)
    taught = teach(export, str(tmp_path / "warm"), tmp_path / "tuned", teaching(3), QUIET)
    assert {"probe_accuracy_before", "probe_accuracy_after", "probe_majority", "eval_lm_loss"} <= warmed.results.keys()
    assert {"loss", "eval_loss", "eval_loss_particle_swarm"} <= taught.results.keys()
    for folder in (tmp_path / "warm", tmp_path / "tuned"):
        files = {path.name for path in folder.iterdir()}
        assert {"run.json", "README.md", "metrics.jsonl", "loss.png", "model.safetensors", "tokenizer.json"} <= files
        assert "checkpoints" not in files
    assert weights(tmp_path / "warm").keys() == weights(base).keys()
    kept = np.load(tmp_path / "warm" / "embeddings.npz")
    assert kept["before"].shape == kept["after"].shape == (4, 64)
    assert stored_run(tmp_path / "tuned") == taught
    assert [record.step for record in read_metrics(tmp_path / "tuned") if "loss" in record.values] == [1, 2, 3]


def test_embeddings_that_were_cut_off_are_written_anew(tmp_path, base, export):
    contrast(export, str(base), tmp_path / "whole", warming(2), QUIET)
    run = tmp_path / "run"
    shutil.copytree(tmp_path / "whole", run, ignore=shutil.ignore_patterns("model.safetensors", "metrics.jsonl"))
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"finished": False, "results": {}, "facts": {}}))
    whole = (run / "embeddings.npz").read_bytes()
    (run / "embeddings.npz").write_bytes(whole[: len(whole) // 2])
    assert contrast(export, str(base), run, warming(2), QUIET).finished
    assert (run / "embeddings.npz").read_bytes() == whole
    assert not list(run.glob(".embeddings*"))


def test_embeddings_that_cannot_be_written_are_one_line_and_of_other_processes_not_written(
    tmp_path, base, export, monkeypatch
):
    (tmp_path / "run" / "embeddings.npz").mkdir(parents=True)
    whole = contrast(export, str(base), tmp_path / "whole", warming(1), QUIET)
    unfinished = whole.model_copy(update={"finished": False, "results": {}, "facts": {}})
    (tmp_path / "run" / "run.json").write_text(unfinished.to_json())
    with pytest.raises(TuningError, match="run cannot be written: Is a directory; run the same command again"):
        contrast(export, str(base), tmp_path / "run", warming(1), QUIET)
    monkeypatch.setenv("RANK", "1")
    contrast(export, str(base), tmp_path / "other", warming(1), QUIET)
    assert not list((tmp_path / "other").rglob("*embeddings*"))


def test_finished_run_is_given_back_and_not_trained_again(tmp_path, base, export):
    first = teach(export, str(base), tmp_path / "run", teaching(2), QUIET)
    before = (tmp_path / "run" / "model.safetensors").stat().st_mtime_ns
    assert teach(export, str(base), tmp_path / "run", teaching(2), QUIET) == first
    assert (tmp_path / "run" / "model.safetensors").stat().st_mtime_ns == before


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


@pytest.fixture(scope="module")
def runs_of_processes(tmp_path_factory: pytest.TempPathFactory, base: Path, export: Path) -> Path:
    """A folder with the same four steps by two processes, `replicated` and `sharded`, and by `one` and `less`."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("processes")
    options = ["--recipe", "tiny", "--precision", "fp32", "--steps", "4"]
    command = ["teach", "--data", str(export), "--base", str(base), *options, "--out"]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    replicated, sharded = [*command, str(out / "replicated")], [*command, str(out / "sharded"), "--fsdp"]
    subprocess.run(
        [*launcher, "-m", "tests.two_runs", free_port(), shlex.join(replicated), free_port(), shlex.join(sharded)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
    )
    for name, more in (("one", ("--accumulation", "2")), ("less", ())):
        with pytest.raises(SystemExit) as ended:
            main([*command, str(out / name), *more])
        assert ended.value.code == 0
    return out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["replicated", "sharded"])
def test_two_processes_train_as_one_that_accumulates_two_batches(runs_of_processes: Path, name: str):
    two, one, less = (weights(runs_of_processes / each) for each in (name, "one", "less"))
    assert all(torch.allclose(two[name], one[name], atol=1e-5) for name in one)
    assert not all(torch.allclose(two[name], less[name], atol=1e-5) for name in one)
    tokens = [read_metrics(runs_of_processes / each)[-1].tokens for each in (name, "one")]
    assert tokens[0] == tokens[1]


def test_half_a_checkpoint_is_passed_over(tmp_path, base, export):
    teach(export, str(base), tmp_path / "whole", teaching(4), QUIET)
    run = tmp_path / "run"
    half = run / "checkpoints" / "checkpoint-2"
    shutil.copytree(tmp_path / "whole", run, ignore=shutil.ignore_patterns("model.safetensors", "metrics.jsonl"))
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"finished": False, "results": {}, "facts": {}}))
    half.mkdir(parents=True)
    (half / "model.safetensors").write_bytes(b"cut off")
    teach(export, str(base), run, teaching(4), QUIET)
    assert same_weights(run, tmp_path / "whole")


def test_adapter_moves_nothing_but_what_it_is_for(tmp_path, base, export):
    contrast(export, str(base), tmp_path / "warm", warming(2, lora=LoraSpec(rank=4)), QUIET)
    before, after = weights(base), weights(tmp_path / "warm")
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all("proj" in name for name in moved)
    assert (tmp_path / "warm" / "adapter" / "adapter_model.safetensors").is_file()


def test_frozen_layers_and_embeddings_stay_as_they_are_to_the_bit(tmp_path, base, export):
    teach(export, str(base), tmp_path / "run", teaching(3, frozen_share=0.5), QUIET)
    before, after = weights(base), weights(tmp_path / "run")
    stayed = {name for name in before if torch.equal(before[name], after[name])}
    assert stayed == {name for name in before if "embed_tokens" in name or ".layers.0." in name}


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line with which a command ends."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith("llamoco-tune: ")
    assert "Traceback" not in "".join(lines)
    return lines[-1]


def teach_command(data: Path, base: Path | str, out: Path, *more: str) -> list[str]:
    return ["teach", "--data", str(data), "--base", str(base), "--out", str(out), "--recipe", "tiny", *more]


def test_teach_refuses_what_is_no_export(tmp_path, base, capsys):
    assert "is no export" in refused(capsys, *teach_command(tmp_path, base, tmp_path / "run"))


def test_teach_refuses_another_schema_version(tmp_path, base, capsys):
    data = write_export(tmp_path / "export", version=99, train=3, validation=2)
    assert "schema version 99" in refused(capsys, *teach_command(data, base, tmp_path / "run"))


def test_teach_refuses_missing_columns(tmp_path, base, capsys):
    data = write_export(tmp_path / "export", without=["answer"], train=3, validation=2)
    assert "lacks the columns answer" in refused(capsys, *teach_command(data, base, tmp_path / "run"))


def test_teach_sets_problems_aside_where_there_is_no_validation_split_and_says_so(tmp_path, base):
    data = write_export(tmp_path / "export", train=12)
    said = io.StringIO()
    run = teach(data, str(base), tmp_path / "run", teaching(2), Console(file=said, width=60))
    (line,) = [line for line in said.getvalue().splitlines() if "set aside" in line]
    aside = run.facts["num_set_aside"]
    assert line == (
        f"the set has no validation rows: {aside} of its 12 training problems are set aside for evaluations, and not "
        "trained on"
    )
    assert run.facts["num_problems"] == 12 - int(str(aside))
    assert "eval_loss" in run.results
    assert f"| evaluated on | {aside} training problems set aside" in (tmp_path / "run" / "README.md").read_text()


def test_run_is_finished_only_when_all_of_it_is_written(tmp_path, base, monkeypatch):
    data = write_export(tmp_path / "export", train=6, validation=2)

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(phase, "write_card", no_room)
        with pytest.raises(TuningError, match="No space left"):
            teach(data, str(base), tmp_path / "run", teaching(2), QUIET)
    stored = stored_run(tmp_path / "run")
    assert stored is not None
    assert not stored.finished
    assert teach(data, str(base), tmp_path / "run", teaching(2), QUIET).finished
    assert (tmp_path / "run" / "README.md").is_file()
    assert not (tmp_path / "run" / "checkpoints").exists()
    # Killed between the record and the last tidying up, it is tidied up by the next call.
    (tmp_path / "run" / "checkpoints" / "checkpoint-2").mkdir(parents=True)
    assert teach(data, str(base), tmp_path / "run", teaching(2), QUIET).finished
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            ("--choice", "none", "--restyled-share", "0.5", "--tau", "0.2"),
            "without --tau, --restyled-share",
        ),
        (("--seed", str(2**32)), "4294967296 is not in the range 0<=x<=4294967295"),
    ],
)
def test_teach_refuses_what_would_have_no_effect_or_no_run(more, says, tmp_path, base, capsys):
    data = write_export(tmp_path / "export", train=6, validation=2)
    assert says in refused(capsys, *teach_command(data, base, tmp_path / "run", *more))
    assert not (tmp_path / "run").exists()


def test_run_whose_set_has_grown_is_told_apart_in_one_line(tmp_path, base, capsys):
    data = write_export(tmp_path / "export", train=6, validation=2)
    as_snapshot(data, 1)
    teach(data, str(base), tmp_path / "the run", teaching(1), QUIET)
    shutil.rmtree(data / "data")
    write_export(data, train=7, validation=2)
    as_snapshot(data, 2)
    line = refused(capsys, *teach_command(data, base, tmp_path / "the run"))
    assert f"holds another run: {data} has other rows than when the run was begun: snapshot 1 then, 2 now" in line
    assert line.endswith(f"remove that run to begin anew: rm -r '{tmp_path / 'the run'}'")


def as_snapshot(export: Path, number: int) -> None:
    """Makes what an export holds a numbered snapshot of it."""
    home = export / ".snapshots" / f"{number:04}"
    shutil.copytree(export / "data", home / "data")
    shards = [
        {"path": f"data/{file.name}", "split": file.name.split("-")[0]} for file in sorted(home.glob("data/*.parquet"))
    ]
    (home / "manifest.json").write_text(json.dumps({"schema_version": 1, "shards": shards}))


def test_base_whose_weights_were_changed_after_a_finished_run_is_another_base(tmp_path, base, export, capsys):
    in_bin = tmp_path / "base"
    shutil.copytree(base, in_bin, ignore=shutil.ignore_patterns("*.safetensors"))
    torch.save(weights(base), in_bin / "pytorch_model.bin")
    config = teaching(1)
    assert teach(export, str(in_bin), tmp_path / "run", config, QUIET).finished
    changed = {name: value + 1 for name, value in weights(base).items()}
    torch.save(changed, in_bin / "pytorch_model.bin")
    with pytest.raises(TuningError, match=f"its base, {in_bin}, had other content when the run was begun"):
        teach(export, str(in_bin), tmp_path / "run", config, QUIET)


def test_teach_refuses_a_problem_on_two_sides(tmp_path, base, capsys):
    data = write_export(tmp_path / "export", train=3, validation=2)
    table = next((data / "data").glob("train-*"))
    shutil.copy(table, data / "data" / "test-00000-of-00001-000000000000.parquet")
    assert "both in 'train' and in 'test'" in refused(capsys, *teach_command(data, base, tmp_path / "run"))


def test_teach_refuses_a_base_without_tokenizer(tmp_path, base, export, capsys):
    bare = tmp_path / "bare"
    shutil.copytree(base, bare, ignore=shutil.ignore_patterns("tokenizer*", "special*"))
    assert "tokenizer" in refused(capsys, *teach_command(export, bare, tmp_path / "run"))


def test_teach_refuses_what_is_no_base(tmp_path, export, capsys):
    assert "no weights" in refused(capsys, *teach_command(export, tmp_path, tmp_path / "run"))


def test_teach_refuses_rows_that_are_too_long_where_asked_to(tmp_path, base, export, capsys):
    options = ("--sequence-length", "60", "--too-long")
    line = refused(capsys, *teach_command(export, base, tmp_path / "run", *options, "refuse"))
    assert "rows have more than 60 tokens" in line
    assert "raise --sequence-length, or leave them out with --too-long drop" in line
    line = refused(capsys, *teach_command(export, base, tmp_path / "other", *options, "drop"))
    assert "all 24 rows" in line
    assert line.endswith("raise --sequence-length")


def test_contrast_names_its_own_option_where_rows_are_too_long(tmp_path, base, export, capsys):
    command = ["contrast", "--data", str(export), "--base", str(base), "--out", str(tmp_path / "run")]
    assert refused(capsys, *command, "--recipe", "tiny", "--max-tokens", "60").endswith("raise --max-tokens")


def test_teach_names_the_context_where_it_is_what_rows_are_too_long_for(tmp_path, export, base, capsys):
    tokenizer = pretrained_tokenizer(str(base))
    small = write_tiny(tmp_path / "small", "llama", tokenizer, max_position_embeddings=60)
    # A larger option would not help, be it above the context or below.
    for length, most in (("512", 60), ("40", 40)):
        options = ("--sequence-length", length, "--too-long")
        line = refused(capsys, *teach_command(export, small, tmp_path / "run", *options, "drop"))
        assert f"all 24 rows have more than {most} tokens" in line
        assert line.endswith("and the base sees only 60 at once; take another base")
        line = refused(capsys, *teach_command(export, small, tmp_path / "run", *options, "refuse"))
        assert line.endswith(
            "and the base sees only 60 at once; take another base, or leave them out with --too-long drop"
        )


def test_teach_refuses_a_folder_with_another_run_and_leaves_it_alone(tmp_path, base, export, capsys):
    teach(export, str(base), tmp_path / "run", teaching(2), QUIET)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    line = refused(capsys, *teach_command(export, base, tmp_path / "run", "--learning-rate", "0.5"))
    assert "holds another run" in line
    assert "choose another --out" in line
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")} == before


def test_teach_refuses_a_folder_with_other_things(tmp_path, base, export, capsys):
    (tmp_path / "letter.txt").write_text("dear friend")
    assert "is not empty" in refused(capsys, *teach_command(export, base, tmp_path))


def test_teach_that_was_refused_leaves_nothing_in_the_way(tmp_path, base, export, capsys):
    refused(capsys, *teach_command(export, tmp_path / "nothing", tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    assert teach(export, str(base), tmp_path / "run", teaching(1), QUIET).finished


def test_teach_refuses_settings_that_cannot_be(tmp_path, base, export, capsys):
    line = refused(capsys, *teach_command(export, base, tmp_path / "run", "--recipe", "grand"))
    assert "there is no recipe 'grand'" in line
    command = ["contrast", "--data", str(export), "--base", str(base), "--out", str(tmp_path / "run")]
    assert "per_batch cannot be 6" in refused(capsys, *command, "--recipe", "tiny", "--per-batch", "6")
    line = refused(capsys, *teach_command(export, base, tmp_path / "run", "--mixing", "capped"))
    assert "mixing_cap cannot be 0: capped mixing needs the most rows that an optimizer counts for" in line
    assert line.endswith("(--mixing-cap)")
