"""Tokenizers and chat templates that would teach something else than was measured are refused in one line."""

from dataclasses import replace
from typing import Any

import pytest
from tokenizers import normalizers, processors

from llamoco_tune.bases.from_scratch import END, byte_tokenizer
from llamoco_tune.records import TuningError
from llamoco_tune.tokens import PLAIN, Template, check_known, encode, text_of
from tests.tuning_data import program
from tests.tuning_rows import encoded

pytestmark = pytest.mark.unit

PROMPT = "Minimize f.\n\n    lower = [-5.0]"


@pytest.fixture
def tokenizer() -> Any:
    return byte_tokenizer([program("de"), PLAIN], vocabulary=300)


def with_template(tokenizer: Any, template: str) -> Any:
    tokenizer.chat_template = template
    return tokenizer


def test_prompt_is_asked_in_the_chat_template_of_the_base(tokenizer):
    chat = with_template(tokenizer, "<user>{{ messages[0].content | trim }}<program>")
    assert text_of(tokenizer, Template.of(chat).prompt_ids(PROMPT)) == f"<user>{PROMPT}<program>"


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("{{ raise_exception('no system message') }}", "fails: no system message"),
        ("{{ messages[0].content.nothing() }}", "fails: "),
        ("{% for %}", "fails: "),
        ("", "leaves the prompt out"),
        ("<user><program>", "leaves the prompt out"),
        ("<user>{{ messages[0].content | upper }}", "leaves the prompt out, or changes it"),
    ],
)
def test_chat_template_that_does_not_ask_is_refused(tokenizer, template, line):
    with pytest.raises(TuningError, match=line):
        Template.of(with_template(tokenizer, template)).prompt_ids(PROMPT)


def test_tokenizer_that_ends_every_text_does_not_end_the_prompt(tokenizer):
    plain = Template.of(tokenizer).prompt_ids(PROMPT)
    backend = tokenizer.backend_tokenizer
    backend.post_processor = processors.TemplateProcessing(
        single=f"{END} $A {END}", special_tokens=[(END, tokenizer.eos_token_id)]
    )
    template = Template.of(tokenizer)
    assert template.prompt_ids(PROMPT) == [tokenizer.eos_token_id, *plain]
    assert template.answer_ids("x = 1").count(tokenizer.eos_token_id) == 1


@pytest.mark.parametrize(
    ("fold", "line"),
    [
        (normalizers.Replace("\n", " "), r"'\\n\\nimport num' comes back as '  import num'"),
        (normalizers.Lowercase(), "'DE: a progra' comes back as 'de: a progra'"),
        (normalizers.Replace("    ", ""), "does not keep programs as they are"),
    ],
)
def test_tokenizer_that_does_not_keep_programs_is_refused(tokenizer, fold, line):
    tokenizer.backend_tokenizer.normalizer = fold
    row = encoded(9, 4, 0).example
    with pytest.raises(TuningError, match=line):
        encode([row, replace(row, answer=program("de"))], Template.of(tokenizer), max_tokens=1_000)


def test_token_that_the_model_does_not_know_is_refused():
    check_known([[3, 9], [], [1]], 10)
    with pytest.raises(TuningError, match="gives token 9, and the model knows 9"):
        check_known([[3, 9], [], [1]], 9)


def test_tokens_of_phrases_hold_several_words_of_a_line_and_numbers_apart_and_give_every_text_back():
    line = "y = np.cos(2 * np.pi * z) + 10.25"
    made = byte_tokenizer([f"    {line}\n    {line}\n"] * 9, vocabulary=400, phrases=True)
    tokens = [made.decode([token]) for token in made(f"{line}\n    {line}").input_ids]
    assert tokens[:2] == ["y = np.cos(2 * np.pi * z) + ", "10.25"]
    assert tokens[2] == "\n    "
    for text in (line, "a  b\t12.5.1\n\n   é\r\n\x00 1e-4 007", "x" * 99):
        assert made.decode(made(text).input_ids) == text
