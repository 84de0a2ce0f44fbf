"""What asks without torch and without `llamoco_data`: the same numbers as torch's, the same prompts as a set's."""

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from transformers import AutoModelForCausalLM

from llamoco_data import own_problem, statement
from llamoco_data.problems.suites import suites
from llamoco_data.statements import NUM_WORDINGS
from llamoco_tune.asking import conditions, latex
from llamoco_tune.asking.calibration import stated_in
from llamoco_tune.asking.lengths import Lengths
from llamoco_tune.asking.llama import Llama, is_small_llama, read_safetensors
from llamoco_tune.asking.problem import Stated, stated
from llamoco_tune.asking.prompts import prompts_of
from llamoco_tune.asking.reading import Reading
from llamoco_tune.asking.small import is_small, read_small
from llamoco_tune.asking.usual import read_usual
from llamoco_tune.guide import guide_of_package, read_guide
from llamoco_tune.identity import content_digest
from llamoco_tune.named import READY, place_of
from llamoco_tune.openings import Openings, write_openings
from llamoco_tune.pretrained import pretrained_tokenizer
from llamoco_tune.records import TuningError
from llamoco_tune.tokens import Template
from tests.tiny_models import tiny, write_tiny

pytestmark = pytest.mark.contract

RELEASE = Path(__file__).parents[2] / "docs" / "releases" / "standard" / "data"
COLUMNS = ["form", "prompt", "dimension", "max_evaluations", "num_inequality", "num_equality"]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, object]]:
    (file,) = RELEASE.glob("validation-*.parquet")
    return pq.read_table(file, columns=COLUMNS).to_pylist()


@pytest.mark.parametrize("tied", [True, False])
def test_llama_in_numpy_is_that_of_transformers(tmp_path: Path, tied: bool):
    model = tiny("llama", tie_word_embeddings=tied, rope_parameters={"rope_type": "default", "rope_theta": 500.0})
    model.save_pretrained(tmp_path)
    check_same(tmp_path, model)


@pytest.mark.parametrize(
    "rotary",
    [
        {},
        {"rope_theta": 500.0},
        {"rope_theta": 500, "rope_scaling": None},
        {"rope_theta": 500.0, "rope_scaling": {}},
        {"rope_theta": 500.0, "rope_scaling": {"type": "default"}},
        {"rope_theta": 500.0, "rope_scaling": {"rope_type": "default", "rope_theta": 40.0}},
        {"rope_theta": 500.0, "rope_parameters": None},
        {"rope_theta": 500.0, "rope_parameters": {"rope_type": "default", "rope_theta": 40.0}},
        {"rope_scaling": {"rope_theta": 500.0}, "rope_parameters": {"rope_theta": 40.0}},
    ],
)
def test_llama_in_numpy_takes_rotary_positions_from_where_transformers_does(tmp_path: Path, rotary):
    """As transformers 4 wrote them, or 5 does, or both."""
    with_rotary(tmp_path, rotary)
    check_same(tmp_path, AutoModelForCausalLM.from_pretrained(tmp_path).eval())


LLAMA_3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


@pytest.mark.parametrize(
    "rotary",
    [
        {"rope_theta": 500.0, "rope_scaling": LLAMA_3},
        {"rope_theta": 500.0, "rope_scaling": {"type": "linear", "factor": 2.0}},
        {"rope_theta": 500.0, "rope_parameters": {"type": "dynamic", "factor": 2.0}},
        {"rope_scaling": LLAMA_3, "rope_parameters": {"rope_type": "default", "rope_theta": 500.0}},
        {"rope_theta": None},
        {"rope_parameters": {"rope_type": "default", "rope_theta": None}},
        {"rope_parameters": {"rope_type": None, "rope_theta": 500.0}},
        {"rope_scaling": "none"},
    ],
)
def test_rotary_positions_of_another_kind_or_none_are_left_to_transformers(tmp_path: Path, rotary):
    with_rotary(tmp_path, rotary)
    assert not is_small_llama(tmp_path)


def with_rotary(folder: Path, rotary: dict[str, object]) -> None:
    """Writes a small Llama, these settings of its rotary positions alone."""
    tiny("llama").save_pretrained(folder)
    file = folder / "config.json"
    config = json.loads(file.read_text())
    del config["rope_parameters"]
    file.write_text(json.dumps(config | rotary))


def check_same(folder: Path, model: Any) -> None:
    """Checks that the small Llama of a folder computes what a model of transformers does."""
    assert is_small_llama(folder)
    small = Llama.read(folder)
    prompt, rows = [5, 9, 11, 3, 40, 2], [[7, 8, 30], [4, 4, 21]]
    logits_1V, memory = small.begin(prompt)
    found = [logits_1V.repeat(2, axis=0)]
    memory = memory.rows([0, 0])
    for tokens in zip(*rows, strict=True):
        logits_BV, memory = small.step(list(tokens), memory)
        found.append(logits_BV)
    with torch.inference_mode():
        expected_BTV = model(input_ids=torch.tensor([prompt + row for row in rows])).logits[:, len(prompt) - 1 :]
    np.testing.assert_allclose(np.stack(found, 1), expected_BTV.numpy(), atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [("llama", {"attention_bias": True}), ("llama", {"hidden_act": "gelu"}), ("qwen3", {}), ("gpt2", {})],
)
def test_other_models_are_left_to_transformers(tmp_path: Path, kind, changes):
    tiny(kind, **changes).save_pretrained(tmp_path)
    assert not is_small_llama(tmp_path)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_weights_are_read_to_the_bit_and_damage_is_told(tmp_path: Path, dtype):
    tiny("llama").to(dtype).save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    found = read_safetensors(file)
    for name, tensor in tiny("llama").to(dtype).state_dict().items():
        np.testing.assert_array_equal(found[name], tensor.float().numpy())
    for kept in (0, 5, 300, file.stat().st_size - 1):
        file.write_bytes(file.read_bytes()[:kept])
        with pytest.raises(TuningError, match="is damaged"):
            read_safetensors(file)


def first_of(reading: Reading) -> tuple[str, str]:
    return next(reading.completions)


def test_ready_chooses_and_writes_without_torch_as_with_it(rows):
    guide, folder = guide_of_package(), Path(place_of(READY))
    assert is_small(folder)
    for each in (rows[5], rows[8]):
        problem = stated_in(each)
        prompts = prompts_of(problem, guide, 2)
        small, usual = read_small(folder, READY, prompts, problem.text), read_usual(READY, prompts, problem.text)
        assert small.optimizers == usual.optimizers
        assert small.tokens_of_problem == usual.tokens_of_problem
        np.testing.assert_allclose(small.log_probabilities, usual.log_probabilities, atol=2e-3)
        assert first_of(small) == first_of(usual)


def test_problem_that_a_layer_does_not_see_at_once_is_refused_where_an_optimizer_is_chosen(tmp_path: Path):
    tokenizer = pretrained_tokenizer(place_of(READY))
    openings = Openings(by_optimizer={"a": [5, 6, 7], "b": [5, 6, 8]})
    prompt = "Minimize x[0] ** 2 + x[1] ** 2."
    length = len(Template.of(tokenizer).prompt_ids(prompt))
    for window in (length + 1, length + 2):
        folder = write_tiny(
            tmp_path / str(window), "mistral", tokenizer, sliding_window=window, max_position_embeddings=4_096
        )
        write_openings(folder, openings)
    assert read_usual(str(tmp_path / str(length + 2)), [prompt], prompt).optimizers == ("a", "b")
    with pytest.raises(TuningError, match=f"prompt of {length} tokens, and .* behind {length - 1} at most"):
        read_usual(str(tmp_path / str(length + 1)), [prompt], prompt)


def test_guide_of_ready_was_made_for_its_weights():
    guide = read_guide(READY)
    assert guide is not None
    assert guide.model == content_digest(READY), (
        "make it again: llamoco-tune calibrate ready --data docs/releases/standard --replace"
    )
    assert len(guide.worth) >= 2
    assert {request.is_constrained for request in guide.requests} == {True, False}


def test_statements_tell_what_they_were_made_of(rows):
    for each in rows[::3]:
        problem = stated_in(each)
        if problem.form == "python":
            lengths = Lengths.of(ast.parse(problem.text))
            found = (lengths.length("lower"), lengths.number("max_evaluations"))
            assert stated(problem.text, "x").is_constrained == problem.is_constrained, problem.text
        else:
            found = (latex.dimension(problem.text), problem.max_evaluations)
            assert conditions.is_constrained(problem.text) == problem.is_constrained, problem.text
        assert found == (problem.dimension, problem.max_evaluations), problem.text


def test_real_problems_tell_how_many_variables_and_constraints_they_have():
    for each in suites():
        found = stated(each.text, each.name)
        assert found.dimension == each.dimension, each.name
        assert found.is_constrained == bool(each.num_inequality + each.num_equality), each.name


@pytest.mark.parametrize("constrained", [True, False])
def test_prompts_are_those_that_a_set_has_for_own_problems(constrained: bool):
    """Every request of `ask` is what `statement` words for an own problem, to the byte, for some wording."""
    text = (
        "import numpy as np\n\nlower, upper = np.zeros(3), np.ones(3)\nmax_evaluations = 1700\n\n\n"
        "def objective(x):\n    return float(x @ x)\n"
    )
    if constrained:
        text += "\n\ndef constraints(x):\n    return np.array([0.5 - x[0]]), np.zeros(0)\n"
    spec, problem = own_problem(text), stated(text, "-")
    assert problem == Stated("-", "python", spec.source, 3, 1_700, is_constrained=constrained)
    prompts = prompts_of(problem, guide_of_package(), NUM_WORDINGS)
    assert len(prompts) == NUM_WORDINGS
    for number, prompt in enumerate(prompts):
        worded = {statement(spec, wording=number + NUM_WORDINGS * times) for times in range(60)}
        assert prompt in worded
