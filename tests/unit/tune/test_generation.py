"""Programs for a split by a local model: which prompts, resumed, grown, alike in any batches; a mistake is one line."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from llamoco_tune.choice import choice_log_probabilities
from llamoco_tune.cli import main
from llamoco_tune.forward import inside_forward
from llamoco_tune.generate.jobs import SelectionConfig, jobs_of
from llamoco_tune.generate.local import LocalConfig, generate_locally
from llamoco_tune.generate.openers import opened
from llamoco_tune.generate.pace import Headway
from llamoco_tune.instructions import read_split
from llamoco_tune.model import load
from llamoco_tune.openings import openings_of, read_openings, write_openings
from llamoco_tune.pretrained import pretrained_tokenizer
from llamoco_tune.programs import DecodingConfig, Program, read_programs
from llamoco_tune.records import TuningError
from llamoco_tune.tokens import Template
from llamoco_tune.trie import Trie
from tests.full_disk import full_disk
from tests.tiny_models import write_tiny
from tests.tuning_data import OPTIMIZERS, program, write_export, write_tiny_base, write_tiny_chooser

pytestmark = pytest.mark.unit

DRAWN = DecodingConfig(max_new_tokens=8, temperature=1.0, seed=3)
GREEDY = DecodingConfig(max_new_tokens=8)
SHORT = DecodingConfig(max_new_tokens=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LocalConfig:
    torch.set_num_threads(1)
    folder = write_tiny_base(tmp_path_factory.mktemp("model"))
    return LocalConfig(model=str(folder), precision="fp32", device="cpu", num_slots=2)


@pytest.fixture(scope="module")
def choosing(model: LocalConfig, tmp_path_factory: pytest.TempPathFactory) -> LocalConfig:
    return model.model_copy(update={"model": str(write_tiny_chooser(tmp_path_factory.mktemp("choosing")))})


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("set") / "export", test=3)


def watched(_: Headway) -> None:
    """Nobody looks."""


def untimed(path: Path) -> list[Program]:
    return [row.model_copy(update={"seconds": 0.0}) for row in read_programs(path)]


def test_generation_writes_a_row_for_every_prompt_and_draw(model: LocalConfig, export: Path, tmp_path: Path):
    out = tmp_path / "programs.parquet"
    selection = SelectionConfig(num_samples=2)
    report = generate_locally(export, selection, DRAWN, model, out, watched)
    rows = read_programs(out)
    wanted = {(each.instruction_id, sample) for each in read_split(export, "test") for sample in (0, 1)}
    assert {(row.instruction_id, row.sample) for row in rows} == wanted
    assert sorted(report.programs, key=lambda row: row.key) == rows
    assert all(row.prompt_tokens > 10 and 0 < row.completion_tokens <= 8 and row.seconds > 0 for row in rows)
    assert len({row.completion for row in rows}) > len(rows) / 2
    assert '"weights"' in rows[0].settings


def test_generation_interrupted_and_given_again_gives_the_same_file(model: LocalConfig, export: Path, tmp_path: Path):
    selection = SelectionConfig(num_samples=2)
    generate_locally(export, selection, DRAWN, model, tmp_path / "undisturbed.parquet", watched)

    def interrupted(headway: Headway) -> None:
        if headway.rows == 3:
            raise KeyboardInterrupt

    out = tmp_path / "programs.parquet"
    with pytest.raises(KeyboardInterrupt):
        generate_locally(export, selection, DRAWN, model, out, interrupted)
    assert not out.exists()
    other_batches = model.model_copy(update={"num_slots": 5})
    report = generate_locally(export, selection, DRAWN, other_batches, out, watched)
    assert report.last.new_rows == report.last.total - 3
    assert untimed(out) == untimed(tmp_path / "undisturbed.parquet")


def test_generation_of_more_keeps_what_is_there(model: LocalConfig, export: Path, tmp_path: Path):
    out = tmp_path / "programs.parquet"
    generate_locally(export, SelectionConfig(num_problems=1, form="latex"), GREEDY, model, out, watched)
    first = read_programs(out)
    report = generate_locally(export, SelectionConfig(), GREEDY, model, out, watched)
    assert (report.last.new_rows, report.last.total) == (5, 6)
    assert first[0] in read_programs(out)
    again = generate_locally(export, SelectionConfig(), GREEDY, model, out, watched)
    assert (again.last.new_rows, again.last.rows) == (0, 6)


def test_choice_is_the_mean_over_as_many_prompts_of_a_problem_as_are_asked_for(
    choosing: LocalConfig, export: Path, tmp_path: Path
):
    openings = read_openings(choosing.model)
    assert openings is not None
    of_problem = sorted(read_split(export, "test"), key=lambda each: each.instruction_id)[:2]
    assert len({each.problem_id for each in of_problem}) == 1
    loaded = load(choosing.model, precision="fp32", device="cpu")
    inside_forward(loaded.model)
    prompts = Template.of(loaded.tokenizer).prompts_ids([each.prompt for each in of_problem])
    log_MK = choice_log_probabilities(loaded.model, Trie.of(openings), prompts)
    assert np.exp(log_MK[0]) != pytest.approx(np.exp(log_MK[1]), abs=0.01)
    for wordings in (1, 2):
        out = tmp_path / f"{wordings}.parquet"
        averaging = choosing.model_copy(update={"wordings": wordings})
        generate_locally(export, SelectionConfig(num_problems=1), SHORT, averaging, out, watched)
        mass_K = np.exp(log_MK[:wordings].mean(0))
        expected = dict(zip(openings.optimizers, mass_K / mass_K.sum(), strict=True))
        found = json.loads(read_programs(out)[0].choices)
        assert found == pytest.approx(expected, abs=1e-6)
        assert list(found) == sorted(expected, key=expected.__getitem__, reverse=True)


def test_openings_are_drawn_and_a_lower_temperature_draws_the_likeliest_more_often(choosing: LocalConfig, export: Path):
    openings = read_openings(choosing.model)
    assert openings is not None
    loaded = load(choosing.model, precision="fp32", device="cpu")
    template, examples = Template.of(loaded.tokenizer), read_split(export, "test")
    jobs = jobs_of(examples, SelectionConfig(num_problems=1, prompts_per_problem=1, num_samples=40), DRAWN)
    shares: list[float] = []
    for temperature in (1.0, 0.3):
        decoding = DRAWN.model_copy(update={"temperature": temperature})
        made = opened(
            loaded.model, openings, jobs, examples, template.prompt_ids, decoding, wordings=1, go_on=lambda: None
        )
        likeliest = next(iter(json.loads(made[0].choices)))
        assert all(each.ids == openings.begun(each.tried[0]) for each in made)
        shares.append(sum(each.tried == (likeliest,) for each in made) / len(made))
    assert 0 < shares[0] < shares[1]


@pytest.mark.parametrize("spare", [0, 1])
@pytest.mark.parametrize(("beyond", "ended"), [(0, "error"), (1, "length")])
def test_generation_chooses_for_every_prompt_that_leaves_room_for_openings_and_goes_on_without_for_others(
    model: LocalConfig, export: Path, tmp_path: Path, spare: int, beyond: int, ended: str
):
    tokenizer = pretrained_tokenizer(model.model)
    template = Template.of(tokenizer)
    openings = openings_of({name: [template.answer_ids(program(name))] for name in OPTIMIZERS})
    lengths = {each.instruction_id: len(template.prompt_ids(each.prompt)) for each in read_split(export, "test")}
    context = max(lengths.values()) + beyond
    deepest = Trie.of(openings).deepest
    assert deepest > beyond
    folder = write_tiny(tmp_path / "model", "codegen", tokenizer, n_positions=context)
    write_openings(folder, openings)
    choosing = model.model_copy(update={"model": str(folder), "wordings": 2, "spare": spare})
    generate_locally(export, SelectionConfig(), GREEDY, choosing, tmp_path / "programs.parquet", watched)
    rows = {row.instruction_id: row for row in read_programs(tmp_path / "programs.parquet")}
    with_room = {name for name, length in lengths.items() if length + deepest <= context}
    assert 0 < len(with_room) < len(lengths)
    assert {name for name, row in rows.items() if row.choices} == with_room
    longest = rows[max(lengths, key=lengths.__getitem__)]
    assert longest.ended == ended
    assert ("sees" in longest.detail) == (ended == "error")


def test_generation_chooses_only_for_prompts_that_all_layers_see_at_once_with_the_openings(
    model: LocalConfig, export: Path, tmp_path: Path
):
    tokenizer = pretrained_tokenizer(model.model)
    template = Template.of(tokenizer)
    openings = openings_of({name: [template.answer_ids(program(name))] for name in OPTIMIZERS})
    lengths = {each.instruction_id: len(template.prompt_ids(each.prompt)) for each in read_split(export, "test")}
    window = min(lengths.values()) + Trie.of(openings).deepest
    folder = write_tiny(tmp_path / "model", "mistral", tokenizer, sliding_window=window, max_position_embeddings=512)
    write_openings(folder, openings)
    choosing = model.model_copy(update={"model": str(folder)})
    report = generate_locally(export, SelectionConfig(), GREEDY, choosing, tmp_path / "programs.parquet", watched)
    assert {row.ended for row in report.programs} == {"length"}
    chosen = {row.instruction_id for row in report.programs if row.choices}
    assert chosen == {name for name, length in lengths.items() if length == min(lengths.values())}
    assert 0 < len(chosen) < len(lengths)


def test_generation_chooses_nothing_where_no_prompt_leaves_room(model: LocalConfig, export: Path, tmp_path: Path):
    tokenizer = pretrained_tokenizer(model.model)
    template = Template.of(tokenizer)
    folder = write_tiny(tmp_path / "model", "codegen", tokenizer, n_positions=16)
    write_openings(folder, openings_of({name: [template.answer_ids(program(name))] for name in OPTIMIZERS}))
    alone = model.model_copy(update={"model": str(folder)})
    report = generate_locally(export, SelectionConfig(), GREEDY, alone, tmp_path / "programs.parquet", watched)
    assert {(row.ended, row.choices) for row in report.programs} == {("error", "")}


def test_selection_takes_whole_problems_and_a_larger_one_holds_the_smaller(export: Path):
    examples = read_split(export, "test")
    keys = [
        {job.key for job in jobs_of(examples, selection, GREEDY)}
        for selection in (
            SelectionConfig(num_problems=2, prompts_per_problem=1),
            SelectionConfig(num_problems=2),
            SelectionConfig(),
        )
    ]
    assert [len(each) for each in keys] == [2, 4, 6]
    assert keys[0] < keys[1] < keys[2]
    only = jobs_of(examples, SelectionConfig(form="latex"), GREEDY)
    assert {job.example.form for job in only} == {"latex"}
    with pytest.raises(TuningError, match="--temperature"):
        jobs_of(examples, SelectionConfig(num_samples=2), GREEDY)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(["generate", *map(str, arguments)])
    printed = capsys.readouterr()
    assert (stopped.value.code, printed.out) == (2, "")
    assert printed.err.startswith("llamoco-tune: ")
    assert printed.err.count("\n") == 1
    return printed.err


def test_command_writes_the_file_and_says_what_follows(
    model: LocalConfig, export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "programs.parquet"
    arguments = ["generate", "--data", export, "--model", model.model, "--out", out, "--max-new-tokens", 4]
    for new in ("6 of them new", "0 of them new"):
        with pytest.raises(SystemExit) as stopped:
            main([str(each) for each in arguments])
        printed = capsys.readouterr()
        assert stopped.value.code == 0, printed.err
        assert new in printed.out
        assert f"llamoco-data score {out} --data {export}" in printed.out
    refusal = refused(capsys, *arguments[1:-1], 5)
    assert "give another --out" in refusal


def test_command_ends_with_one_line_on_a_full_disk_and_goes_on_later(
    model: LocalConfig, export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "programs.parquet"
    given = ("--data", export, "--model", model.model, "--out", out, "--max-new-tokens", 4, "--quiet")
    with full_disk(1_500):
        line = refused(capsys, *given)
    assert f"{out} cannot be written: File too large; run the same command again when it can" in line
    with pytest.raises(SystemExit) as stopped:
        main(["generate", *map(str, given)])
    assert stopped.value.code == 0
    assert "6 programs" in capsys.readouterr().out


def test_command_refuses_what_it_cannot_use_in_one_line(
    model: LocalConfig,
    export: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    out = tmp_path / "programs.parquet"
    other_version = write_export(tmp_path / "other", test=1, version=99)
    narrow = write_export(tmp_path / "narrow", test=1, without=("optimizer", "prompt"))
    empty = write_export(tmp_path / "empty", test=1)
    for file in (empty / "data").iterdir():
        pq.write_table(pq.read_table(file).slice(0, 0), file)
    good = ("--model", model.model, "--out", out)
    assert "no split 'train'" in refused(capsys, "--data", export, "--split", "train", *good)
    assert "schema version 99" in refused(capsys, "--data", other_version, *good)
    assert "lacks the columns" in refused(capsys, "--data", narrow, *good)
    assert "is empty" in refused(capsys, "--data", empty, *good)
    assert "is no export" in refused(capsys, "--data", tmp_path, *good)
    assert "a folder" in refused(capsys, "--data", export, "--model", model.model, "--out", tmp_path)
    assert "no weights" in refused(capsys, "--data", export, "--model", tmp_path, "--out", out)
    assert "--device cpu" in refused(capsys, "--data", export, *good, "--device", "abacus")
    assert "--temperature" in refused(capsys, "--data", export, *good, "--samples", 2)
    assert "no URL" in refused(capsys, "--data", export, *good, "--endpoint", "localhost:8000")
    assert not list(tmp_path.glob("programs*"))
