"""The rival that answers with the training row whose prompt a model finds nearest."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from llamoco_data.scoring.programs import read_programs as read_to_score
from llamoco_tune.cli import main
from llamoco_tune.forward import hidden_states
from llamoco_tune.instructions import read_split
from llamoco_tune.model import load
from llamoco_tune.neighbour import embedded
from llamoco_tune.programs import read_programs
from llamoco_tune.tokens import Template
from tests.full_disk import full_disk
from tests.tuning_data import write_export, write_tiny_base

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("set") / "export", train=8, test=3)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return write_tiny_base(tmp_path_factory.mktemp("model"))


def answered(export: Path, model: object, out: Path, *options: object) -> int:
    """Gives the command, and returns its exit code."""
    given = ("--data", export, "--model", model, "--out", out, "--device", "cpu", *options)
    with pytest.raises(SystemExit) as ended:
        main(["neighbour", *map(str, given)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def mean_of(model: Any, ids: list[int]) -> Any:
    """The mean hidden state of a row that is computed alone."""
    with torch.inference_mode():
        return hidden_states(model, torch.tensor([ids]), torch.arange(len(ids))[None])[0].mean(0).numpy()


def test_neighbour_is_the_training_row_with_the_largest_cosine(export: Path, base: Path, tmp_path: Path):
    assert answered(export, base, tmp_path / "a.parquet", "--precision", "fp32", "--batch-size", 3) == 0
    rows = read_programs(tmp_path / "a.parquet")
    training = read_split(export, "train")
    first = {example.problem_id: example for example in reversed(read_split(export, "test"))}
    assert {row.instruction_id for row in rows} == {example.instruction_id for example in first.values()}
    loaded = load(str(base))
    template = Template.of(loaded.tokenizer)
    theirs = [mean_of(loaded.model, template.prompt_ids(row.prompt)) for row in training]
    for row in rows:
        mine = mean_of(loaded.model, template.prompt_ids(first[row.problem_id].prompt))
        cosines = [mine @ other / np.linalg.norm(mine) / np.linalg.norm(other) for other in theirs]
        assert row.program == training[int(np.argmax(cosines))].answer
    assert read_to_score(tmp_path / "a.parquet").model == f"nearest by {base}"
    assert answered(export, base, tmp_path / "b.parquet", "--precision", "fp32", "--batch-size", 3) == 0
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_embedding_does_not_depend_on_the_rows_beside_it(base: Path):
    model = load(str(base)).model
    rows = [[3, 4, 5, 6, 7], [8, 9], [3], [5, 3, 9, 11, 12, 4, 6]]
    together, alone = embedded(model, rows, 4), embedded(model, rows, 1)
    assert np.allclose(together, alone, atol=1e-5)
    assert np.allclose(together, [mean_of(model, row) for row in rows], atol=1e-5)


def test_training_problem_is_never_answered_by_itself(export: Path, base: Path, tmp_path: Path):
    assert answered(export, base, tmp_path / "p.parquet", "--split", "train") == 0
    answers = {row.problem_id: row.answer for row in read_split(export, "train")}
    rows = read_programs(tmp_path / "p.parquet")
    assert len(rows) == 8
    assert all(row.program != answers[row.problem_id] for row in rows)


def test_model_of_the_package_gives_embeddings_too(export: Path, tmp_path: Path):
    assert answered(export, "ready", tmp_path / "p.parquet") == 0
    assert {row.model for row in read_programs(tmp_path / "p.parquet")} == {"nearest by ready"}


def test_file_that_exists_is_not_replaced(export: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "p.parquet"
    out.write_text("mine")
    assert answered(export, base, out) == 2
    assert "exists, and must not be replaced" in capsys.readouterr().err
    assert out.read_text() == "mine"


def test_file_that_cannot_be_written_is_one_line_before_the_model_is_loaded(
    export: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "file").write_text("mine")
    assert answered(export, "no folder", tmp_path / "file" / "p.parquet") == 2
    assert "p.parquet cannot be written: " in capsys.readouterr().err
    with full_disk():
        assert answered(export, "no folder", tmp_path / "new" / "p.parquet") == 2
    assert "p.parquet cannot be written: File too large; run the same command again" in capsys.readouterr().err
    assert not list((tmp_path / "new").iterdir())
