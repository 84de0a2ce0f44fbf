"""All openings scored at once behind their prompts: values and gradients are those of each opening scored apart."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
import torch

from llamoco_tune.base_checks import check_choice
from llamoco_tune.choice import choice_log_probabilities, longest_scored, prompt_batch, scored_openings
from llamoco_tune.forward import inside_forward
from llamoco_tune.openings import Openings
from llamoco_tune.records import TuningError
from llamoco_tune.trie import Trie
from tests.tiny_models import tiny

pytestmark = [pytest.mark.contract, pytest.mark.filterwarnings("ignore::UserWarning")]

OPENINGS = Openings(by_optimizer={"a": [5, 6, 7], "b": [5, 6, 8], "c": [5, 9], "d": [10, 3, 4], "e": [11]})
PROMPTS = [
    torch.randint(2, 48, (length,), generator=torch.Generator().manual_seed(1)).tolist() for length in (9, 30, 17)
]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def total(terms: Iterable[torch.Tensor]) -> torch.Tensor:
    return torch.stack(list(terms)).sum()


def scored_apart(model: Any, prompts: Sequence[list[int]] = PROMPTS) -> tuple[torch.Tensor, torch.Tensor]:
    """Choices and likelihoods (B, K), by the model's own call on each opening behind each prompt."""
    openings = [OPENINGS.by_optimizer[name] for name in OPENINGS.optimizers]
    choices: list[torch.Tensor] = []
    likelihoods: list[torch.Tensor] = []
    for prompt in prompts:
        for opening in openings:
            logits_TV = model(input_ids=torch.tensor([prompt + opening]), use_cache=False).logits[0]
            places = range(len(prompt) - 1, len(prompt) - 1 + len(opening))
            likelihoods.append(
                total(logits_TV[at].log_softmax(-1)[token] for at, token in zip(places, opening, strict=True))
            )
            allowed = [
                sorted({each[depth] for each in openings if each[:depth] == opening[:depth]})
                for depth in range(len(opening))
            ]
            choices.append(
                total(
                    logits_TV[at][tokens].log_softmax(-1)[tokens.index(token)]
                    for at, token, tokens in zip(places, opening, allowed, strict=True)
                )
            )
    return torch.stack(choices).reshape(len(prompts), -1), torch.stack(likelihoods).reshape(len(prompts), -1)


@pytest.mark.parametrize(
    "kind", ["llama", "codegen", "gpt2", "gpt_neox", "phi", "qwen3", "granite", "opt", "cohere", "smollm3"]
)
def test_openings_are_as_likely_together_as_apart(kind):
    model = tiny(kind)
    with torch.no_grad():
        together = scored_openings(model, Trie.of(OPENINGS), prompt_batch(PROMPTS))
        choices, likelihoods = scored_apart(model)
    assert torch.allclose(together.choices, choices, atol=1e-5)
    assert torch.allclose(together.likelihoods, likelihoods, atol=1e-5)
    assert torch.allclose(choices.exp().sum(1), torch.ones(len(PROMPTS)), atol=1e-5)
    check_choice(model)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_gradient_of_the_choice_is_that_of_openings_scored_apart(attention):
    gradients: list[dict[str, torch.Tensor]] = []
    for together in (True, False):
        model = tiny("llama")
        model.set_attn_implementation(attention)
        scored = scored_openings(model, Trie.of(OPENINGS), prompt_batch(PROMPTS)) if together else None
        choices, likelihoods = (scored.choices, scored.likelihoods) if scored else scored_apart(model)
        (choices[:, 1] + 0.5 * likelihoods[:, 3]).sum().backward()
        gradients.append({name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    scale = max(float(gradient.abs().max()) for gradient in gradients[1].values())
    assert all(torch.allclose(gradients[0][name], gradients[1][name], atol=1e-5 * scale) for name in gradients[0])


def test_distribution_does_not_depend_on_the_other_prompts():
    model = tiny("llama")
    inside_forward(model)
    trie = Trie.of(OPENINGS)
    together = choice_log_probabilities(model, trie, PROMPTS)
    alone = [choice_log_probabilities(model, trie, [prompt])[0] for prompt in PROMPTS]
    assert together == pytest.approx(torch.tensor(alone).numpy(), abs=1e-5)
    assert torch.tensor(together).exp().sum(1).numpy() == pytest.approx(1)


@pytest.mark.parametrize("kind", ["bloom", "gemma2", "mamba", "rwkv"])
def test_base_that_cannot_score_openings_behind_one_prompt_is_refused(kind):
    with pytest.raises(TuningError, match="teach with --choice none"):
        check_choice(tiny(kind))


WINDOWS: Sequence[tuple[str, dict[str, object], int]] = [
    ("mistral", {"sliding_window": 40}, 38),
    ("gemma2", {"sliding_window": 40}, 38),
    ("qwen2", {"sliding_window": 40, "use_sliding_window": True, "max_window_layers": 1}, 38),
    ("gpt_neo", {"window_size": 136}, 128),
]
"""Architectures, changes of their settings, and the longest prompt that every layer sees from all openings."""


@pytest.mark.parametrize(("kind", "changes", "most"), WINDOWS)
def test_openings_are_scored_behind_prompts_that_all_layers_see_at_once_and_behind_no_longer_ones(kind, changes, most):
    model, trie = tiny(kind, max_position_embeddings=512, **changes), Trie.of(OPENINGS)
    inside_forward(model)
    long = torch.randint(2, 48, (most + 1,), generator=torch.Generator().manual_seed(2)).tolist()
    apart: list[float] = []
    for prompt in (long[:most], long):
        with torch.no_grad():
            together = scored_openings(model, trie, prompt_batch([prompt])).likelihoods
            apart.append(float((together - scored_apart(model, [prompt])[1]).abs().max()))
    assert apart[0] < 1e-5
    assert apart[1] > 1e-3
    assert longest_scored(model, trie) == most
    assert choice_log_probabilities(model, trie, [long[:most]]).shape == (1, 5)
    with pytest.raises(TuningError, match=f"prompt of {most + 1} tokens, since some of its layers see only"):
        choice_log_probabilities(model, trie, [long[:most], long])


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("mistral", {"sliding_window": None}),
        ("qwen2", {"sliding_window": 40}),
        ("smollm3", {"sliding_window": 40, "no_rope_layers": [1, 1]}),
        ("gemma2", {"sliding_window": 40, "layer_types": ["full_attention", "full_attention"]}),
        ("gpt_neo", {"window_size": 40, "attention_types": [[["global"], 2]]}),
    ],
)
def test_window_that_no_layer_has_limits_nothing(kind, changes):
    model, trie = tiny(kind, max_position_embeddings=512, **changes), Trie.of(OPENINGS)
    inside_forward(model)
    prompt = torch.randint(2, 48, (100,), generator=torch.Generator().manual_seed(2)).tolist()
    assert longest_scored(model, trie) == 510
    with torch.no_grad():
        together = scored_openings(model, trie, prompt_batch([prompt])).likelihoods
        assert torch.allclose(together, scored_apart(model, [prompt])[1], atol=1e-5)
