"""A guide made of a few rows: what its model has seen, and the worth of choices over several requests, by hand."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from llamoco_tune.asking.calibration import calibrate
from llamoco_tune.choice import choice_log_probabilities
from llamoco_tune.forward import inside_forward
from llamoco_tune.guide import Guide, Seen
from llamoco_tune.instructions import SCHEMA_VERSION
from llamoco_tune.model import load
from llamoco_tune.openings import read_openings
from llamoco_tune.pretrained import pretrained_tokenizer
from llamoco_tune.tokens import Template
from llamoco_tune.trie import Trie
from tests.tuning_data import rows, scores, write_tiny_chooser

pytestmark = pytest.mark.unit

REQUESTS = (
    "At most {budget} evaluations, please: {dimension} variables.",
    "{dimension} variables, {budget} evaluations",
)
TAUGHT = ("x = 1\n", "minimize = lower + upper  # in a longer text than any other, and of more tokens\n")
ASKED = ("minimize minimize minimize\n", "lower\n", "§§§ 12345 §§§\n")
"""Texts of problems, of very different numbers of tokens for a character."""


def prompt(request: str, text: str) -> str:
    return f"{request.format(dimension=3, budget=700)}\n\n```python\n{text}```\n"


def row(made: dict[str, object], wording: int, text: str) -> dict[str, object]:
    facts = {"form": "python", "dimension": 3, "max_evaluations": 700, "num_inequality": 0, "num_equality": 0}
    return made | scores(made) | facts | {"wording": wording, "prompt": prompt(REQUESTS[wording], text)}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set whose training prompts have each request, and its validation prompts one alone."""
    folder = tmp_path_factory.mktemp("set")
    (folder / "data").mkdir()
    splits = {
        "train": [row(made, i % 2, TAUGHT[i // 2]) for i, made in enumerate(rows("train", len(TAUGHT)))],
        "validation": [
            row(made, 0, text) for made, text in zip(rows("validation", 3, first=6)[::2], ASKED, strict=True)
        ],
    }
    for split, made in splits.items():
        table = pa.Table.from_pylist(made).replace_schema_metadata({"llamoco_schema_version": str(SCHEMA_VERSION)})
        pq.write_table(table, folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return write_tiny_chooser(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def guide(model: Path, data: Path) -> Guide:
    return calibrate(str(model), data, wordings=2, show=lambda _: None)


def test_guide_tells_what_was_taught_and_the_tokens_of_all_but_the_rarest_styles(model: Path, guide: Guide):
    assert [each.text for each in guide.requests] == list(REQUESTS)
    assert (guide.dimensions, guide.budgets) == ((3, 3), (700, 700))
    ids_of = pretrained_tokenizer(str(model))
    rates = [len(ids_of(text)["input_ids"]) / len(text) for text in ASKED]
    most = max(len(ids_of(text)["input_ids"]) for text in TAUGHT)
    assert guide.seen == {"python": Seen(tokens_per_character=round(np.quantile(rates, 0.99), 4), most_tokens=most)}


def test_worth_is_that_of_choices_averaged_over_the_requests(model: Path, guide: Guide):
    openings = read_openings(str(model))
    assert openings is not None
    loaded = load(str(model))
    inside_forward(loaded.model)
    asked = [prompt(request, text) for request in REQUESTS for text in ASKED]
    prompts = Template.of(loaded.tokenizer).prompts_ids(asked)
    first_PK, second_PK = np.split(np.exp(choice_log_probabilities(loaded.model, Trie.of(openings), prompts)), 2)
    mean_PK = np.sqrt(first_PK * second_PK)
    least = (mean_PK.max(1) / mean_PK.sum(1)).min()
    assert guide.worth[0].least_probability == pytest.approx(least, abs=1e-4)
    assert abs(least - first_PK.max(1).min()) > 0.001
    assert sum(each.num_choices for each in guide.worth) == len(ASKED)
