"""Learning to choose, from the rows to the file of programs, on a tiny random model."""

import json
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file
from typing_extensions import override

from llamoco_tune.choosing import READING_HEAD, ChoiceConfig
from llamoco_tune.cli import main
from llamoco_tune.evaluation import EvaluationConfig
from llamoco_tune.generate.openers import Opened, next_opened
from llamoco_tune.instructions import read_split
from llamoco_tune.metrics import read_metrics
from llamoco_tune.openings import OPENINGS_FILE, Openings, openings_of, read_openings
from llamoco_tune.pretrained import pretrained_tokenizer
from llamoco_tune.programs import Program, read_programs
from llamoco_tune.records import TuningError
from llamoco_tune.run_folder import RUN_FILE, last_checkpoint
from llamoco_tune.stopping import Stopped, StopWish
from llamoco_tune.teach import TeachConfig, teach
from llamoco_tune.tokens import Template
from llamoco_tune.training import TrainConfig
from llamoco_tune.trie import Trie
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
    folder = tmp_path_factory.mktemp("data") / "export"
    return write_export(folder, train=6, validation=2, train_extended=6)


def teaching(
    steps: int,
    *,
    every: int,
    choice: ChoiceConfig,
    descent: Literal["adamw_torch", "muon"] = "adamw_torch",
    frozen_share: float = 0.0,
    **changes: object,
) -> TeachConfig:
    train = TrainConfig(
        learning_rate=4e-3,
        max_steps=steps,
        evaluate_every=every,
        save_every=every,
        precision="fp32",
        log_every=5,
        descent=descent,
        frozen_share=frozen_share,
    )
    evaluation = EvaluationConfig(num_rows=2, num_programs=0)
    return TeachConfig.model_validate(
        {"train": train, "batching": "padded", "per_batch": 4, "evaluation": evaluation, "choice": choice, **changes}
    )


def run_command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(each) for each in arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_model_learns_which_optimizer_to_choose_and_writes_its_program(tmp_path, base, export):
    choice = ChoiceConfig(per_batch=8, writing_share=0.6, extended_share=0.25)
    run = teach(export, str(base), tmp_path / "run", teaching(320, every=160, choice=choice, keep="last"), QUIET)
    assert {"eval_gap_closed", "eval_choice_loss", "choice_loss", "unopened_loss", "writing_loss"} <= run.results.keys()
    assert run.results["writing_loss"] < 0.1
    out = tmp_path / "programs.parquet"
    asked: list[object] = ["--data", export, "--split", "train", "--model", tmp_path / "run", "--max-new-tokens", 200]
    assert run_command("generate", *asked, "--out", out, "--wordings", 2) == 0
    label = {each.instruction_id: each for each in read_split(export, "train")}
    for row in read_programs(out):
        probabilities = json.loads(row.choices)
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert next(iter(probabilities)) == label[row.instruction_id].optimizer
        assert (
            row.program.partition("\n")[0]
            == f'"""{label[row.instruction_id].optimizer.upper()}: a program for tests."""'
        )
    assert run_command("pack", tmp_path / "run", "--out", tmp_path / "small") == 0
    assert not (tmp_path / "small" / "checkpoints").exists()
    own, small = ((tmp_path / name / "README.md").read_text(encoding="utf-8") for name in ("run", "small"))
    for named in ("# {}\n", "`{}` stands", "--model {} ", 'pipeline("text-generation", "{}")'):
        assert named.format("run") in own
        own = own.replace(named.format("run"), named.format("small"))
    assert own == small
    assert {each.dtype for each in load_file(tmp_path / "small" / "model.safetensors").values()} == {torch.bfloat16}
    asked[asked.index(tmp_path / "run")] = tmp_path / "small"
    assert run_command("generate", *asked, "--out", tmp_path / "again.parquet", "--wordings", 2) == 0
    # A choice over the prompts of one form is not one over those of both.
    assert (
        run_command("generate", *asked, "--out", tmp_path / "again.parquet", "--wordings", 2, "--form", "python") == 2
    )
    whole, small = ({row.key: row.program for row in read_programs(each)} for each in (out, tmp_path / "again.parquet"))
    assert whole == small
    check_spare_choices(tmp_path, asked)


def test_loss_of_writing_is_in_nats_a_token_however_many_batches_a_step_has(tmp_path, base, export):
    choice = ChoiceConfig(per_batch=4, writing_share=0.5)
    config = teaching(4, every=4, choice=choice, keep="last")
    train = config.train.model_copy(update={"accumulation": 3, "log_every": 1})
    teach(export, str(base), tmp_path / "run", config.model_copy(update={"train": train}), QUIET)
    lines = [each.values for each in read_metrics(tmp_path / "run") if "writing_loss" in each.values]
    assert len(lines) == 2
    assert [each["writing_loss"] for each in lines] == pytest.approx([each["loss"] for each in lines], rel=1e-4)


def test_unread_prompts_are_lessons_of_writing_alone(tmp_path, base, export):
    losses: list[dict[str, float | None]] = []
    for share in (0.0, 1.0):
        choice = ChoiceConfig(per_batch=4, writing_share=0.5, swapped_share=0.9, unread_share=share)
        config = teaching(2, every=2, choice=choice, keep="last")
        train = config.train.model_copy(update={"log_every": 1})
        out = tmp_path / f"run-{share}"
        teach(export, str(base), out, config.model_copy(update={"train": train}), QUIET)
        losses.append({name: value for line in read_metrics(out) for name, value in line.values.items()})
    assert losses[0]["choice_loss"] == losses[1]["choice_loss"]
    assert losses[0]["writing_loss"] != losses[1]["writing_loss"]


def test_openings_that_cannot_be_written_are_one_line_and_the_run_goes_on_later(tmp_path, base, export):
    config = teaching(2, every=2, choice=ChoiceConfig(per_batch=2), keep="last")
    unfinished = teach(export, str(base), tmp_path / "whole", config, QUIET).model_copy(
        update={"finished": False, "results": {}, "facts": {}}
    )
    (tmp_path / "run" / OPENINGS_FILE).mkdir(parents=True)
    (tmp_path / "run" / RUN_FILE).write_text(unfinished.to_json())
    with pytest.raises(TuningError, match="run cannot be written: Is a directory; run the same command again"):
        teach(export, str(base), tmp_path / "run", config, QUIET)
    (tmp_path / "run" / OPENINGS_FILE).rmdir()
    assert teach(export, str(base), tmp_path / "run", config, QUIET).finished
    assert read_openings(str(tmp_path / "run")) == read_openings(str(tmp_path / "whole"))


def check_spare_choices(folder: Path, asked: list[object]) -> None:
    """Where programs have no slip, spare choices change nothing; where all have, the first stays, all are paid for."""

    def written(name: str, *more: object) -> list[Program]:
        assert run_command("generate", *asked, "--out", folder / name, *more) == 0
        return read_programs(folder / name)

    plain, spare = written("plain.parquet"), written("spare.parquet", "--spare", 2)
    assert [(row.key, row.completion, row.completion_tokens) for row in plain] == [
        (row.key, row.completion, row.completion_tokens) for row in spare
    ]
    assert '"spare":2' in spare[0].settings.replace(" ", "")
    asked[asked.index("--max-new-tokens") + 1] = 4
    once, thrice = written("once.parquet"), written("thrice.parquet", "--spare", 2)
    assert [row.completion for row in once] == [row.completion for row in thrice]
    assert all(1 < more.completion_tokens / row.completion_tokens < 6 for row, more in zip(once, thrice, strict=True))


def test_next_opening_is_that_of_the_likeliest_optimizer_not_yet_tried():
    openings = Openings(by_optimizer={"a": [1], "b": [2, 3], "c": [4]})
    first = Opened((2, 3), '{"b": 0.6, "c": 0.3, "a": 0.1}', ("b",))
    second = next_opened(openings, first)
    third = next_opened(openings, second)
    assert (second.ids, second.tried) == ((4,), ("b", "c"))
    assert (third.ids, third.tried) == ((1,), ("b", "c", "a"))
    assert next_opened(openings, third).ids == (1,)


def test_what_is_no_finished_run_is_not_packed_and_nothing_is_overwritten(tmp_path, base, export, capsys):
    def refused(run: Path, line: str, out: Path = tmp_path / "small") -> None:
        assert run_command("pack", run, "--out", out) == 2
        assert line in capsys.readouterr().err

    refused(tmp_path / "nothing", "holds no tuning run")
    refused(export, "is an export, not a tuning run")
    config = teaching(2, every=1, choice=ChoiceConfig(per_batch=2))

    class AtOnce(StopWish):
        """Asks to stop from the beginning."""

        @property
        @override
        def is_asked(self) -> bool:
            return True

    with pytest.raises(Stopped):
        teach(export, str(base), tmp_path / "run", config, QUIET, AtOnce())
    refused(tmp_path / "run", "is not finished")
    teach(export, str(base), tmp_path / "run", config, QUIET)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    refused(tmp_path / "run", "is not empty; name another folder", out=tmp_path / "mine")
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("run", "mine")] == []


@pytest.mark.parametrize(("descent", "frozen_share"), [("adamw_torch", 0.0), ("adamw_torch", 0.5), ("muon", 0.5)])
def test_run_that_was_stopped_goes_on_to_the_weights_of_an_undisturbed_one(
    tmp_path, base, export, descent, frozen_share
):
    choice = ChoiceConfig(per_batch=4, writing_share=0.3, reading_weight=0.5, unread_share=0.5)
    config = teaching(8, every=2, choice=choice, descent=descent, frozen_share=frozen_share, keep="best")
    whole = teach(export, str(base), tmp_path / "whole", config, QUIET)

    class AtStep(StopWish):
        """Asks to stop after the third step."""

        steps = 0

        @property
        @override
        def is_asked(self) -> bool:
            self.steps += 1
            return self.steps > 12

    with pytest.raises(Stopped):
        teach(export, str(base), tmp_path / "stopped", config, QUIET, AtStep())
    checkpoint = last_checkpoint(tmp_path / "stopped")
    assert checkpoint is not None
    assert any(READING_HEAD in name for name in load_file(checkpoint / "model.safetensors"))
    again = teach(export, str(base), tmp_path / "stopped", config, QUIET)
    first, second = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "stopped"))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not any(READING_HEAD in name for name in first)
    assert whole.results == again.results
    assert whole.results["kept_step"] >= 4
    lines = [
        [(each.step, each.kind, each.values) for each in read_metrics(tmp_path / name)] for name in ("whole", "stopped")
    ]
    assert lines[0] == lines[1]


def test_unmeasured_prompt_that_leaves_no_room_for_openings_is_not_learned_from(tmp_path, base):
    data = write_export(tmp_path / "export", train=3, validation=2, train_extended=1)
    (file,) = (data / "data").glob("train_extended-*")
    table = pq.read_table(file)
    prompt = "Minimize f." + " please" * 300
    at = table.column_names.index("prompt")
    pq.write_table(table.set_column(at, "prompt", pa.array([prompt] * len(table))), file)
    tokenizer = pretrained_tokenizer(str(base))
    context = len(Template.of(tokenizer).prompt_ids(prompt))
    codegen = write_tiny(tmp_path / "codegen", "codegen", tokenizer, n_positions=context)
    config = teaching(2, every=2, choice=ChoiceConfig(per_batch=2, writing_share=0.0, extended_share=0.5))
    assert teach(data, str(codegen), tmp_path / "run", config, QUIET).finished


@pytest.mark.parametrize(("missing", "finishes"), [(0, True), (1, False)])
def test_base_with_windows_shorter_than_the_longest_prompt_with_openings_is_refused(
    tmp_path, base, export, missing, finishes
):
    tokenizer = pretrained_tokenizer(str(base))
    template, config = Template.of(tokenizer), teaching(2, every=2, choice=ChoiceConfig(per_batch=2))
    answers = {each.optimizer: [template.answer_ids(each.answer)] for each in read_split(export, "train")}
    splits = ("train", "train_extended", "validation")
    longest = max(len(template.prompt_ids(each.prompt)) for split in splits for each in read_split(export, split))
    window = longest + Trie.of(openings_of(answers)).deepest - missing
    short = write_tiny(tmp_path / "short", "mistral", tokenizer, sliding_window=window, max_position_embeddings=2_048)
    if finishes:
        assert teach(export, str(short), tmp_path / "run", config, QUIET).finished
        return
    with pytest.raises(TuningError, match=f"layers see only {window} at once; teach with --choice none"):
        teach(export, str(short), tmp_path / "run", config, QUIET)
    assert not (tmp_path / "run").exists()


def test_kept_model_is_that_of_the_best_evaluation(tmp_path, base, export):
    config = teaching(6, every=1, choice=ChoiceConfig(per_batch=2, writing_share=0.0), keep="best")
    run = teach(export, str(base), tmp_path / "run", config, QUIET)
    gaps = {
        each.step: each.values["eval_gap_closed"] or 0.0
        for each in read_metrics(tmp_path / "run")
        if "eval_gap_closed" in each.values and each.step >= 3
    }
    assert run.results["kept_gap_closed"] == max(gaps.values())
    assert run.results["kept_step"] == min(step for step, gap in gaps.items() if gap == max(gaps.values()))


@pytest.mark.parametrize(
    ("without", "options", "line"),
    [
        (["reading"], ["--reading-weight", "1"], "reading cannot be learned: sets have this from schema version 4"),
        (["optimizer_scores", "single_best_score"], [], "no scores of optimizers"),
        ([], ["--reading-weight", "1", "--lora"], "not by an adapter"),
    ],
)
def test_set_that_lacks_what_is_to_be_learned_is_one_line_and_leaves_nothing(
    tmp_path, base, capsys, without, options, line
):
    data = write_export(tmp_path / "export", without=without, train=4, validation=2)
    given = ["--data", data, "--base", base, "--out", tmp_path / "run", "--recipe", "tiny", "--choice", "soft"]
    assert run_command("teach", *given, *options) == 2
    assert line in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_model_without_openings_averages_nothing(tmp_path, base, export, capsys):
    assert read_openings(str(base)) is None
    given = ["--data", export, "--split", "validation", "--model", base, "--out", tmp_path / "programs.parquet"]
    for option in ("--wordings", "--spare"):
        assert run_command("generate", *given, option, 2) == 2
        assert "has no openings" in capsys.readouterr().err


def test_compact_base_is_made_of_the_training_texts_and_learns(tmp_path, export, capsys):
    made = ["base", "compact", "--data", export, "--out", tmp_path / "base", "--width", 64, "--layers", 1]
    assert run_command(*made, "--vocabulary", 400) == 0
    assert run_command(*made, "--vocabulary", 400) == 0
    assert "left as it is" in capsys.readouterr().out
    assert run_command(*made, "--vocabulary", 300) == 2
    given = ["--data", export, "--base", tmp_path / "base", "--out", tmp_path / "run", "--recipe", "compact"]
    assert run_command("teach", *given, "--steps", 2, "--evaluate-every", 2, "--precision", "fp32") == 0
    openings = read_openings(str(tmp_path / "run"))
    assert openings is not None
    assert openings.optimizers == ("de", "pso", "slsqp")
