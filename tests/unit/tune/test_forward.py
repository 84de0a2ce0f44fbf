"""Traps of a model's forward: packed rows, padding, pooling, parts of a batch, adapters, and what is saved."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from llamoco_tune import forward
from llamoco_tune import model as models
from llamoco_tune.batches import IGNORED, packed, stacked
from llamoco_tune.contrast import ContrastConfig, contrastive
from llamoco_tune.forward import answer_nats
from llamoco_tune.losses import answer_loss, batch_info_nce
from llamoco_tune.model import LoraSpec
from llamoco_tune.pairs import ContrastPlan
from llamoco_tune.records import TuningError
from llamoco_tune.training import TrainConfig
from tests.tuning_rows import VOCABULARY, encoded

# peft 0.21 asks transformers 5.23 by a name that it will give up.
pytestmark = [
    pytest.mark.unit,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def llama() -> Any:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
        tie_word_embeddings=False,
    )
    return LlamaForCausalLM(config)


def gpt2() -> Any:
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_embd=16,
        n_layer=2,
        n_head=2,
        n_positions=128,
        resid_pdrop=0,
        embd_pdrop=0,
        attn_pdrop=0,
    )
    return GPT2LMHeadModel(config)


ROWS = [encoded(9, 4, 0), encoded(14, 6, 1), encoded(5, 3, 2)]


def nats(model: Any, batch: dict[str, Tensor]) -> Tensor:
    return model(inside=answer_nats(7), batch=batch)


def gradients(model: Any) -> dict[str, Tensor]:
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return found


@pytest.mark.parametrize("make", [llama, gpt2])
def test_packed_rows_have_the_loss_and_gradient_of_separate_rows(make):
    model = make()
    forward.inside_forward(model)
    together = nats(model, stacked([packed(ROWS, 40)]))
    together.backward()
    of_packed = gradients(model)
    alone = torch.stack([nats(model, stacked([packed([row], len(row.ids))])) for row in ROWS]).sum()
    alone.backward()
    assert torch.allclose(together, alone, rtol=1e-5)
    for name, gradient in gradients(model).items():
        assert torch.allclose(of_packed[name], gradient, atol=1e-5), name


@pytest.mark.parametrize("make", [llama, gpt2])
def test_packed_rows_have_the_hidden_states_of_separate_rows(make):
    model = make()
    batch = stacked([packed(ROWS, 40)])
    together = forward.hidden_states(model, batch["input_ids"], batch["position_ids"])[0]
    start = 0
    for row in ROWS:
        ids = torch.from_numpy(row.ids)[None]
        alone = forward.hidden_states(model, ids, torch.arange(len(row.ids))[None])[0]
        assert torch.allclose(together[start : start + len(row.ids)], alone, atol=1e-5)
        start += len(row.ids)


@pytest.mark.parametrize("make", [llama, gpt2])
def test_padded_rows_have_the_loss_of_separate_rows(make):
    model = make()
    forward.inside_forward(model)
    together = nats(model, stacked([packed([row], 20) for row in ROWS]))
    alone = torch.stack([nats(model, stacked([packed([row], len(row.ids))])) for row in ROWS]).sum()
    assert torch.allclose(together, alone, rtol=1e-5)


def test_embedding_is_that_of_the_last_token_whatever_the_padding():
    model = llama()
    ids = torch.randint(2, VOCABULARY, (2, 12))
    lengths = torch.tensor([12, 7])
    found = forward.embeddings(model, ids, lengths)
    alone = forward.embeddings(model, ids[1:, :7], torch.tensor([7]))
    assert torch.allclose(found[1:], alone, atol=1e-5)
    changed = ids.clone()
    changed[1, 7:] = 3
    assert torch.equal(forward.embeddings(model, changed, lengths)[1], found[1])


@pytest.mark.parametrize("lm_weight", [0.0, 0.5])
@pytest.mark.parametrize("loss", ["margin", "info_nce"])
def test_contrastive_loss_in_parts_has_the_gradient_of_the_whole_batch(loss, lm_weight):
    rows = [encoded(8 + i, 5, i, optimizer=f"o{i % 3}", problem=f"p{i}") for i in range(12)]
    batch = ContrastPlan(rows, 8, 1, 0, answer_tokens=5 if lm_weight else 0)[0]
    model = llama()
    forward.inside_forward(model)
    found: list[tuple[Tensor, dict[str, Tensor]]] = []
    for micro_batch, recompute in ((8, True), (3, True), (3, False)):
        config = ContrastConfig(
            train=TrainConfig(learning_rate=1e-3),
            loss=loss,
            lm_weight=lm_weight,
            per_batch=8,
            micro_batch=micro_batch,
            recompute=recompute,
        )
        value = model(inside=contrastive(config), batch=batch)
        value.backward()
        found.append((value.detach(), gradients(model)))
    (whole, of_whole), *others = found
    for parts, of_parts in others:
        assert torch.allclose(whole, parts, atol=1e-6)
        for name, gradient in of_whole.items():
            assert torch.allclose(of_parts[name], gradient, atol=1e-6), name


def test_centred_embeddings_are_compared_without_what_they_have_in_common():
    rows = [encoded(8 + i, 5, i, optimizer=f"o{i % 3}", problem=f"p{i}") for i in range(12)]
    batch = ContrastPlan(rows, 8, 1, 0, answer_tokens=0)[0]
    model = llama()
    forward.inside_forward(model)
    embeddings = forward.embeddings(model, batch["input_ids"], batch["lengths"])
    for centred, compared in ((True, embeddings - embeddings.mean(0)), (False, embeddings)):
        config = ContrastConfig(train=TrainConfig(learning_rate=1e-3), per_batch=8, centred=centred)
        expected = batch_info_nce(compared, batch["optimizers"], batch["problems"], config.temperature)
        assert torch.allclose(model(inside=contrastive(config), batch=batch), expected, atol=1e-6)


def test_contrast_plan_with_answers_has_the_embeddings_of_the_prompts_alone():
    rows = [encoded(8 + i, 5, i, optimizer=f"o{i % 3}", problem=f"p{i}") for i in range(12)]
    model = llama()
    forward.inside_forward(model)
    with_answers, without = (ContrastPlan(rows, 8, 1, 0, answer_tokens=n)[0] for n in (5, 0))
    assert with_answers["input_ids"].shape[1] > without["input_ids"].shape[1]
    config = ContrastConfig(train=TrainConfig(learning_rate=1e-3), per_batch=8)
    losses = [model(inside=contrastive(config), batch=batch) for batch in (with_answers, without)]
    assert torch.allclose(losses[0], losses[1], atol=1e-6)


def test_contrast_plan_with_the_beginning_of_answers_teaches_just_that():
    rows = [encoded(8 + i, 5, i, optimizer=f"o{i % 3}", problem=f"p{i}") for i in range(12)]
    whole, beginning = (ContrastPlan(rows, 8, 1, 0, answer_tokens=n)[0] for n in (5, 2))
    taught = [(batch["labels"] != IGNORED).sum(1) for batch in (whole, beginning)]
    assert (taught[0] > 2).all()
    assert (taught[1] == 2).all()
    for labels, fewer, length in zip(whole["labels"], beginning["labels"], whole["lengths"], strict=True):
        assert torch.equal(labels[length : length + 2], fewer[length : length + 2])


def test_contrast_plan_chooses_an_anchor_its_positive_and_hard_negatives():
    rows = [encoded(8, 5, i, optimizer=f"o{i % 4}", problem=f"p{i // 2}", wording=i % 5) for i in range(40)]
    plan = ContrastPlan(rows, 16, 5, 0, answer_tokens=0)
    for index in range(len(plan)):
        chosen = [rows[i].example for i in plan.chosen(index)]
        for anchor, positive, by_function, by_wording in zip(*(chosen[k::4] for k in range(4)), strict=True):
            assert positive.optimizer == anchor.optimizer
            assert positive.problem_id != anchor.problem_id
            assert by_function.optimizer != anchor.optimizer
            assert set(by_function.functions) & set(anchor.functions)
            assert by_wording.optimizer != anchor.optimizer
            assert (by_wording.form, by_wording.wording) == (anchor.form, anchor.wording)
    assert plan.chosen(3) == ContrastPlan(rows, 16, 5, 0, answer_tokens=0).chosen(3)
    assert plan.chosen(3) != plan.chosen(4)


@pytest.mark.parametrize(
    ("make", "embeddings", "first"),
    [(llama, "model.embed_tokens", "model.layers.0."), (gpt2, "transformer.w", "transformer.h.0.")],
)
@pytest.mark.parametrize("share", [0.5, 0.99])
def test_frozen_layers_and_embeddings_get_no_gradient_and_all_others_do(make, embeddings, first, share):
    model = models.prepared(make(), None, compiled=False, frozen_share=share)
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen == {name for name, _ in model.named_parameters() if name.startswith((embeddings, first))}
    nats(model, stacked([packed(ROWS, 40)])).backward()
    assert gradients(model).keys() == {name for name, p in model.named_parameters() if p.requires_grad}


def test_share_of_less_than_half_a_layer_freezes_nothing():
    model = models.prepared(llama(), None, compiled=False, frozen_share=0.2)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_adapter_and_layers_that_cannot_be_found_are_not_frozen():
    with pytest.raises(TuningError, match="--frozen-share 0, or --full"):
        models.prepared(llama(), LoraSpec(rank=4), compiled=False, frozen_share=0.5)
    model = llama()
    model.config.num_hidden_layers = 5
    with pytest.raises(TuningError, match="cannot be told"):
        models.prepared(model, None, compiled=False, frozen_share=0.5)


def trained(model: Any) -> Any:
    """An adapted model after a step that moves its adapter off zero."""
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.3, generator=torch.Generator().manual_seed(1))
    return model


class Words:
    """Stands for a tokenizer where only the model is looked at."""

    def save_pretrained(self, folder: Path) -> None:
        (folder / "tokenizer.json").write_text("{}")


def test_saved_model_merges_its_adapter_and_keeps_it_beside(tmp_path):
    base = llama()
    base.save_pretrained(tmp_path / "base")
    plain = {name: p.detach().clone() for name, p in base.named_parameters()}
    adapted = trained(
        models.prepared(LlamaForCausalLM.from_pretrained(tmp_path / "base"), LoraSpec(rank=4), compiled=False)
    )
    ids = torch.randint(2, VOCABULARY, (1, 9))
    wanted = adapted(input_ids=ids).logits.detach()
    tensors = {name: p.detach().clone() for name, p in adapted.named_parameters() if "lora" in name}
    models.save(adapted, Words(), tmp_path / "run")
    merged = LlamaForCausalLM.from_pretrained(tmp_path / "run")
    assert torch.allclose(merged(input_ids=ids).logits, wanted, atol=1e-5)
    moved = {name for name, p in merged.named_parameters() if not torch.equal(p, plain[name])}
    assert "model.embed_tokens.weight" not in moved
    assert "lm_head.weight" not in moved
    assert "model.layers.1.mlp.up_proj.weight" in moved
    from peft import PeftModel  # noqa: PLC0415

    again = PeftModel.from_pretrained(LlamaForCausalLM.from_pretrained(tmp_path / "base"), tmp_path / "run" / "adapter")
    found = {name: p for name, p in again.named_parameters() if "lora" in name}
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], value) for name, value in tensors.items())
    assert torch.allclose(again(input_ids=ids).logits, wanted, atol=1e-6)


def test_inside_forward_leaves_the_ordinary_call_alone():
    model = llama()
    ids = torch.randint(2, VOCABULARY, (1, 9))
    before = model(input_ids=ids, labels=ids)
    forward.inside_forward(model)
    after = model(input_ids=ids, labels=ids)
    assert torch.equal(before.logits, after.logits)
    assert torch.equal(before.loss, after.loss)


def test_answer_loss_never_has_more_logits_than_a_chunk():
    sizes: list[int] = []
    head = torch.nn.Linear(8, 11)

    def counting(hidden: Tensor) -> Tensor:
        sizes.append(len(hidden))
        return head(hidden)

    labels = torch.full((2, 50), IGNORED)
    labels[:, 20:] = 3
    answer_loss(torch.randn(2, 50, 8, requires_grad=True), labels, counting, ignored=IGNORED, chunk=16).backward()
    assert max(sizes) == 16
    assert sum(sizes) == 2 * 2 * 30
