"""The model that comes with the package: it is small, chooses as its figures say, and writes without a network."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from llamoco_tune.cli import main
from llamoco_tune.instructions import read_split
from llamoco_tune.named import READY, place_of
from llamoco_tune.openings import read_openings
from llamoco_tune.programs import read_programs
from llamoco_tune.tokens import text_of
from tests.benchmarks.ready import FIGURES, RELEASE, figures_of

pytestmark = pytest.mark.integration

FOLDER = Path(place_of(READY))
MOST_BYTES = 15_000_000


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One thread, and no hub."""
    torch.set_num_threads(1)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))


def test_it_chooses_on_the_test_problems_as_its_figures_say():
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    found = figures_of(READY, ("test",))
    assert found["model"] == figures["model"]
    assert found["test"] == pytest.approx(figures["test"], abs=0.01)


def test_it_writes_programs_of_the_portfolio_by_its_name_alone(tmp_path):
    known = {example.answer for example in read_split(RELEASE, "train")}
    given = ["generate", "--data", RELEASE, "--split", "test", "--model", READY, "--out", tmp_path / "programs.parquet"]
    with pytest.raises(SystemExit) as ended:
        main([str(each) for each in (*given, "--limit", 8, "--prompts-per-problem", 1, "--precision", "fp32")])
    assert ended.value.code == 0
    rows = read_programs(tmp_path / "programs.parquet")
    assert {row.model for row in rows} == {READY}
    assert sum(row.program in known for row in rows) == 8
    assert all(sum(json.loads(row.choices).values()) == pytest.approx(1, abs=1e-5) for row in rows)


def test_its_answers_begin_with_the_lines_that_all_answers_of_an_optimizer_share():
    answers: dict[str, set[str]] = {}
    for example in read_split(RELEASE, "train"):
        answers.setdefault(example.optimizer, set()).add(example.answer)
    tokenizer, openings = AutoTokenizer.from_pretrained(FOLDER), read_openings(READY)
    assert openings is not None
    assert openings.optimizers == tuple(sorted(answers))
    for name, texts in answers.items():
        assert {text.partition("\n")[0] for text in texts} == {text_of(tokenizer, openings.begun(name))}


def test_it_is_small_and_says_what_made_it_but_not_where():
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < MOST_BYTES
    run = json.loads((FOLDER / "run.json").read_text(encoding="utf-8"))
    assert run["finished"]
    assert not [value for value in (run["spec"]["data"], run["spec"]["base"]) if Path(value).is_absolute()]
    assert (FOLDER / "README.md").read_text(encoding="utf-8").startswith("---")
