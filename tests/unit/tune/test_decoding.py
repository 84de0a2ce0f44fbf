"""Decoding many rows at once: what is written after a prompt is what the model writes after it alone."""

import random
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from llamoco_tune.decoding import DecodingConfig, Written, slots, write
from llamoco_tune.decoding.choosing import next_tokens
from tests.tiny_models import CONTEXT, END, tiny

pytestmark = pytest.mark.unit

VOCABULARY = 20
TOKENIZER = SimpleNamespace(eos_token_id=END)
NEW = 40
OF_COLUMNS = ("gemma2", "gpt_neo", "opt", "bloom", "mpt", "falcon")
ONE_BY_ONE = ("bamba", "lfm2", "mamba", "openai-gpt", "rwkv")
"""Those whose layers remember something else than keys and values by token."""


@pytest.fixture(autouse=True)
def often_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread, and columns that are soon used up, so that rows are moved as often as in long programs."""
    torch.set_num_threads(1)
    monkeypatch.setattr(slots, "SPARE_COLUMNS", 3)


def prompts(count: int, longest: int = 30) -> list[list[int]]:
    rng = random.Random(7)
    return [[rng.randrange(VOCABULARY) for _ in range(rng.randint(1, longest))] for _ in range(count)]


def written(model: Any, asked: Sequence[Sequence[int]], slots: int = 4, **config: Any) -> list[Written]:
    rows = write(model, TOKENIZER, asked, DecodingConfig(**{"max_new_tokens": NEW, **config}), num_slots=slots)
    return sorted(rows, key=lambda row: row.index)


def alone(model: Any, prompt: Sequence[int], new: int = NEW) -> list[int]:
    ids = torch.tensor([prompt])
    all_ids = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=new, do_sample=False)
    return all_ids[0, len(prompt) :].tolist()


@pytest.mark.parametrize("kind", ["llama", "mistral", "gpt2", "codegen"])
def test_write_of_many_prompts_gives_what_each_gives_alone(kind: str):
    model = tiny(kind, VOCABULARY, scale=12)
    model.generation_config.eos_token_id = None
    asked = prompts(14)
    unended = [alone(model, each) for each in asked]
    # What most, not all, of them come to sooner or later is taken for the end.
    end = max(range(VOCABULARY), key=lambda token: sum(token in row for row in unended) % len(unended))
    rows = sorted(
        write(model, SimpleNamespace(eos_token_id=end), asked, DecodingConfig(max_new_tokens=NEW), num_slots=4),
        key=lambda row: row.index,
    )
    for row, whole in zip(rows, unended, strict=True):
        num_before = whole.index(end) if end in whole else NEW
        assert (list(row.ids), row.ended) == (whole[:num_before], "stop" if end in whole else "length")
        assert row.num_tokens == min(num_before + 1, NEW)
        assert row.seconds > 0
    assert {row.ended for row in rows} == {"stop", "length"}
    assert len({row.num_tokens for row in rows}) > 3


# A state space model without its kernels only warns that it is slow.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", [*OF_COLUMNS, *ONE_BY_ONE])
def test_write_with_an_architecture_gives_what_it_gives_by_itself(kind: str):
    model = tiny(kind, VOCABULARY)
    model.generation_config.eos_token_id = None
    asked = prompts(3, longest=12)
    steps: list[int] = []
    rows = write(
        model, SimpleNamespace(eos_token_id=None), asked, DecodingConfig(max_new_tokens=8), num_slots=2,
        report=steps.append,
    )  # fmt: skip
    written_ids = {row.index: list(row.ids) for row in rows}
    assert written_ids == {index: alone(model, prompt, 8) for index, prompt in enumerate(asked)}
    assert sum(steps) == 3 * 8 if kind in ONE_BY_ONE else sum(steps) > 0


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_write_one_by_one_ends_where_told_and_draws_the_same_rows_again():
    model = tiny("mamba", VOCABULARY)
    model.generation_config.eos_token_id = None
    asked = prompts(3, longest=6)
    config = DecodingConfig(max_new_tokens=6, temperature=1.0, seed=1)
    rows = {row.index: row for row in write(model, SimpleNamespace(eos_token_id=None), asked, config)}
    again = {row.index: row for row in write(model, SimpleNamespace(eos_token_id=None), asked, config)}
    assert [rows[i].ids for i in range(3)] == [again[i].ids for i in range(3)]
    end = rows[0].ids[3]
    ended = next(row for row in write(model, SimpleNamespace(eos_token_id=end), asked, config) if row.index == 0)
    assert ended.ids == rows[0].ids[: rows[0].ids.index(end)]
    assert ended.ended == "stop"


def test_write_one_prompt_often_draws_another_row_each_time_and_the_same_rows_again():
    model = tiny("llama", VOCABULARY, scale=12)
    asked = [*prompts(3), *prompts(3)]
    rows = [row.ids for row in written(model, asked, temperature=1.0, seed=1)]
    assert rows[:3] != rows[3:]
    assert [row.ids for row in written(model, asked, temperature=1.0, seed=1)] == rows
    assert [row.ids for row in written(model, asked, slots=1, temperature=1.0, seed=1)] == rows
    assert [row.ids for row in written(model, asked, temperature=1.0, seed=2)] != rows


def test_write_names_of_streams_decide_what_is_drawn_and_not_their_places():
    model = tiny("gpt2", VOCABULARY, scale=12)
    config = DecodingConfig(max_new_tokens=NEW, temperature=1.0)
    asked = prompts(4)
    names = ["a", "b", "c", "d"]
    there = {names[row.index]: row.ids for row in write(model, TOKENIZER, asked, config, streams=names)}
    back = {
        names[::-1][row.index]: row.ids
        for row in write(model, TOKENIZER, asked[::-1], config, streams=names[::-1], num_slots=2)
    }
    assert there == back


def test_write_a_prompt_that_fills_the_context_ends_there_and_a_longer_one_is_an_error():
    model = tiny("gpt2", VOCABULARY, scale=12)
    asked = [[3] * (CONTEXT - 2), [3] * CONTEXT, [3]]
    near, full, short = written(model, asked)
    assert (near.ended, len(near.ids)) == ("length", 2)
    assert (full.ended, full.ids) == ("error", ())
    assert str(CONTEXT) in full.detail
    assert short.ids


def test_write_with_a_model_in_training_drops_nothing_out_and_leaves_it_in_training():
    model = tiny("gpt2", VOCABULARY, scale=12)
    asked = prompts(3)
    calm = [row.ids for row in written(model, asked)]
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.9
    model.train()
    assert [row.ids for row in written(model, asked)] == calm
    assert model.training


def test_write_ends_at_every_token_that_the_model_was_made_to_end_with():
    model = tiny("llama", VOCABULARY, scale=12)
    asked = prompts(6)
    plain = written(model, asked)
    other = next(row.ids[2] for row in plain if len(row.ids) > 2)
    model.generation_config.eos_token_id = [END, other]
    for before, now in zip(plain, written(model, asked), strict=True):
        expected = before.ids[: before.ids.index(other)] if other in before.ids else before.ids
        assert now.ids == expected


def test_write_no_prompts_writes_nothing():
    assert written(tiny("llama", VOCABULARY, scale=12), []) == []


def test_next_tokens_are_drawn_in_proportion_from_the_nucleus_alone():
    logits_BV = torch.tensor([0.2, 0.5, 0.3]).log().expand(10, 3)
    draws = [(i + 0.5) / 10 for i in range(10)]
    drawn = next_tokens(logits_BV, DecodingConfig(temperature=1.0), draws)
    assert [drawn.count(token) for token in range(3)] == [2, 5, 3]
    nucleus = next_tokens(logits_BV, DecodingConfig(temperature=1.0, top_p=0.7), draws)
    assert [nucleus.count(token) for token in range(3)] == [0, 6, 4]
    assert set(next_tokens(logits_BV, DecodingConfig(temperature=1.0, top_p=1e-9), draws)) == {1}
    assert set(next_tokens(logits_BV, DecodingConfig(temperature=0.01), draws)) == {1}
    assert set(next_tokens(logits_BV, DecodingConfig(), draws)) == {1}
