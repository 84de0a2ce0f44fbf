"""Recipes: settings of both phases by name, and their cost. A variant is a function that changes fields of another."""

from collections.abc import Callable, Mapping
from typing import Literal

from llamoco_tune.choosing import ChoiceConfig
from llamoco_tune.contrast import ContrastConfig
from llamoco_tune.evaluation import EvaluationConfig
from llamoco_tune.model import LoraSpec
from llamoco_tune.records import Record
from llamoco_tune.teach import TeachConfig
from llamoco_tune.training import TrainConfig


class Cost(Record):
    """Time and memory that a recipe takes."""

    minutes: float
    """Minutes of both phases together."""
    memory_gb: float
    """Peak memory: of the GPU, or of the process if there is none."""
    on: str
    """Machine, and number of rows, that the cost applies to."""
    known: Literal["measured", "estimated"]


class Recipe(Record):
    """Settings of both phases that go together."""

    base: str
    """Base that the recipe was made for; any other may be given."""
    contrast: ContrastConfig
    teach: TeachConfig
    cost: Cost


_COMPACT_CHOICE = ChoiceConfig(extended_share=0.625, reading_weight=1.0, writing_share=0.3, num_problems=400)
"""How both compact recipes teach to choose."""


def tiny() -> Recipe:
    """A trial of the commands in seconds: a random model of two layers learns the form of an answer, and no more."""
    return Recipe(
        base="llamoco-tune base tiny",
        contrast=ContrastConfig(
            train=TrainConfig(learning_rate=1e-3, max_steps=6, evaluate_every=6),
            per_batch=16,
            micro_batch=16,
            num_evaluated=8,
            num_probed=64,
        ),
        teach=TeachConfig(
            train=TrainConfig(learning_rate=5e-3, max_steps=40, evaluate_every=20),
            batching="padded",
            per_batch=4,
            sequence_length=4_096,
            evaluation=EvaluationConfig(num_rows=8, num_programs=2, max_new_tokens=600),
        ),
        cost=Cost(minutes=1, memory_gb=1, on="2 CPU cores, the demo's rows", known="measured"),
    )


def compact() -> Recipe:
    """A model of a few million weights that learns from nothing to choose and to write, on two cores.

    Seven steps of ten teach to choose, by prompts alone, ten of sixteen of unmeasured problems where the set has these;
    the others teach to write. The last weights are kept: while the learning rate is high, programs have mistakes and
    choices waver.
    """
    return Recipe(
        base="llamoco-tune base compact",
        contrast=ContrastConfig(
            train=TrainConfig(learning_rate=1e-3, max_steps=200, evaluate_every=200, save_every=100),
            per_batch=32,
            micro_batch=32,
            recompute=False,
            num_evaluated=16,
            num_probed=150,
        ),
        teach=TeachConfig(
            train=TrainConfig(
                learning_rate=1e-3,
                descent="muon",
                max_steps=5_500,
                weight_decay=0.01,
                evaluate_every=550,
                save_every=275,
                log_every=10,
            ),
            batching="padded",
            per_batch=8,
            sequence_length=2_600,
            choice=_COMPACT_CHOICE,
            keep="last",
            evaluation=EvaluationConfig(num_rows=32, num_programs=4, programs_every=10, max_new_tokens=1_600),
        ),
        cost=Cost(minutes=70, memory_gb=6, on="1 CPU core with AMX", known="measured"),
    )


def compact_styles() -> Recipe:
    """More steps for a model that recipe `compact` has taught, half of them by prompts in other words.

    So it reads what other people write, and chooses no worse on its own set. From the beginning, such prompts cost it a
    third of what it would have learned there. Six steps of ten teach to write, a quarter of their answers after prompts
    that mean nothing: a program should go on as it began, however little of the prompt was understood.
    """
    first = compact()
    train = _with(
        first.teach.train, learning_rate=5e-4, matrix_rate=0.01, max_steps=3_000, evaluate_every=500, save_every=250
    )
    choice = _COMPACT_CHOICE.model_copy(
        update={"writing_share": 0.6, "restyled_share": 0.5, "noisy_share": 0.25, "unread_share": 0.5}
    )
    return Recipe(
        base="a run of recipe compact",
        contrast=first.contrast,
        teach=first.teach.model_copy(update={"train": train, "choice": choice}),
        cost=Cost(minutes=31, memory_gb=8.7, on="2 CPU cores with AMX", known="measured"),
    )


def cpu_demo() -> Recipe:
    """SmolLM2-135M on two cores: the last third of its layers, in about an hour, to choose and to write.

    The hour is that of teaching; a warm-up, if there is one, comes on top of it. Rows are computed one at a time: on a
    CPU the attention of a packed sequence, most of it masked, halves the speed, and two rows at once do not fit into
    the caches. Every second step teaches to write, by the answers as they are: so few steps can teach the texts of the
    frequent optimizers alone, which are those that the model comes to choose.
    """
    return Recipe(
        base="llamoco-tune base smollm2",
        contrast=ContrastConfig(
            train=TrainConfig(learning_rate=1.5e-4, max_steps=56, evaluate_every=56, save_every=28),
            lm_weight=1.0,
            lm_tokens=4,
            per_batch=8,
            micro_batch=1,
            recompute=False,
            num_evaluated=16,
            num_probed=150,
        ),
        teach=TeachConfig(
            train=TrainConfig(
                learning_rate=7e-4, max_steps=416, accumulation=2, frozen_share=2 / 3, evaluate_every=208, save_every=26
            ),
            batching="padded",
            per_batch=1,
            sequence_length=2_600,
            choice=ChoiceConfig(per_batch=2, writing_share=0.5, swapped_share=0.0, num_problems=48),
            mixing="proportional",
            keep="last",
            evaluation=EvaluationConfig(num_rows=16, num_programs=4, programs_every=10, max_new_tokens=1_600),
        ),
        cost=Cost(minutes=65, memory_gb=9, on="2 CPU cores with AVX-512 BF16", known="estimated"),
    )


def smollm2_full() -> Recipe:
    """SmolLM2-135M on one GPU: every weight, by many prompts and few answers.

    Measured problems are soon known by heart, so three prompts of four are of unmeasured ones where the set has these.
    Nothing is compiled, since prompts differ in length and each new length would be compiled anew. A token takes about
    1 MB of activations, so the longest 16 prompts take 35 GB.
    """
    return Recipe(
        base="llamoco-tune base smollm2",
        contrast=ContrastConfig(
            train=TrainConfig(learning_rate=5e-5, num_epochs=1, max_steps=300),
            per_batch=128,
            micro_batch=16,
        ),
        teach=TeachConfig(
            train=TrainConfig(
                learning_rate=5e-4, num_epochs=2, accumulation=4, weight_decay=0.01, evaluate_every=200, save_every=200
            ),
            sequence_length=8_192,
            per_batch=2,
            choice=ChoiceConfig(per_batch=16, extended_share=0.75),
            evaluation=EvaluationConfig(programs_every=5),
        ),
        cost=Cost(minutes=20, memory_gb=40, on="one H100, 30,000 rows", known="estimated"),
    )


def codegen_350m() -> Recipe:
    """CodeGen-Mono 350M, every weight: the best base of Ma et al. Its context is 2,048 tokens.

    It has eager attention alone, and keeps what every token thinks of every other: 10 GB for a row of full length.
    """
    small = smollm2_full()
    train = _with(small.teach.train, attention="eager", learning_rate=2e-4, accumulation=8)
    return Recipe(
        base="Salesforce/codegen-350M-mono",
        contrast=small.contrast.model_copy(
            update={"per_batch": 64, "micro_batch": 4, "train": _with(small.contrast.train, attention="eager")}
        ),
        teach=small.teach.model_copy(
            update={
                "train": train,
                "batching": "padded",
                "sequence_length": 2_048,
                "per_batch": 4,
                "choice": ChoiceConfig(per_batch=4, extended_share=0.75),
            }
        ),
        cost=Cost(minutes=60, memory_gb=50, on="one H100, 30,000 rows", known="estimated"),
    )


def phi_2_lora() -> Recipe:
    """Phi-2, 2.7B, by an adapter of rank 8, as in Ma et al. Its context is 2,048 tokens."""
    return _adapter("microsoft/phi-2", minutes=90, memory_gb=40)


def codellama_7b_lora() -> Recipe:
    """Code Llama 7B, by an adapter of rank 8, as in Ma et al."""
    return _adapter("codellama/CodeLlama-7b-Python-hf", minutes=240, memory_gb=60)


def _adapter(base: str, *, minutes: float, memory_gb: float) -> Recipe:
    """An adapter by one epoch of prompts; reading is not learned, since its head is no part of an adapter."""
    train = TrainConfig(
        learning_rate=2e-4,
        num_epochs=1,
        lora=LoraSpec(rank=8, alpha=16),
        frozen_in_bf16=True,
        checkpointing=True,
        accumulation=2,
        evaluate_every=200,
        save_every=200,
    )
    return Recipe(
        base=base,
        contrast=ContrastConfig(
            train=_with(train, learning_rate=1e-4, max_steps=200, accumulation=1),
            per_batch=64,
            micro_batch=16,
        ),
        teach=TeachConfig(
            train=train,
            sequence_length=2_048,
            per_batch=8,
            choice=ChoiceConfig(per_batch=16),
            evaluation=EvaluationConfig(programs_every=5),
        ),
        cost=Cost(minutes=minutes, memory_gb=memory_gb, on="one H100, 30,000 rows", known="estimated"),
    )


def _with(config: TrainConfig, **changes: object) -> TrainConfig:
    return TrainConfig.model_validate({**config.model_dump(), **changes})


RECIPES: Mapping[str, Callable[[], Recipe]] = {
    "tiny": tiny,
    "compact": compact,
    "compact-styles": compact_styles,
    "cpu-demo": cpu_demo,
    "smollm2-full": smollm2_full,
    "codegen-350m": codegen_350m,
    "phi-2-lora": phi_2_lora,
    "codellama-7b-lora": codellama_7b_lora,
}
