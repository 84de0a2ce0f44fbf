# pyright: reportExplicitAny=false
"""`llamoco-tune contrast` and `llamoco-tune teach`: a recipe by name, a few settings to change, a run folder."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from llamoco_tune.cli.pages import show_finished
from llamoco_tune.cli.ranges import FiniteRange
from llamoco_tune.cli.stopping import stop_on_signals
from llamoco_tune.folders import check_data, check_model
from llamoco_tune.processes import is_main_process
from llamoco_tune.records import LARGEST_SEED

RECIPE_NAMES = (
    "tiny",
    "compact",
    "compact-styles",
    "cpu-demo",
    "smollm2-full",
    "codegen-350m",
    "phi-2-lora",
    "codellama-7b-lora",
)
DEFAULT_RECIPE = "cpu-demo"

Command = TypeVar("Command", bound=Callable[..., Any])

_SHARED = (
    click.option(
        "--data",
        required=True,
        type=click.Path(path_type=Path),
        help="The instruction set: what `llamoco-data export` wrote.",
    ),
    click.option("--base", required=True, metavar="NAME_OR_DIR", help="A folder with a model, or a name on the hub."),
    click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the run and of its model."),
    click.option(
        "--recipe",
        default=DEFAULT_RECIPE,
        show_default=True,
        metavar="NAME",
        help=f"Settings to begin with: {', '.join(RECIPE_NAMES)}, or a file of your own (FILE.toml; `llamoco-tune "
        "recipe` prints one to start from).",
    ),
    click.option("--lora/--full", default=None, help="Train an adapter, or every weight. [default: the recipe's]"),
    click.option("--lora-rank", type=click.IntRange(min=1), help="Rank of the adapter; its alpha is twice that."),
    click.option("--steps", type=click.IntRange(min=1), help="Number of training steps. [default: the recipe's]"),
    click.option("--learning-rate", type=FiniteRange(min=0, min_open=True), help="Peak of the learning rate."),
    click.option(
        "--descent",
        type=click.Choice(("adamw_torch", "muon")),
        help="How weights follow the gradient: AdamW, or Muon for the matrices of the layers and AdamW for the rest.",
    ),
    click.option(
        "--matrix-rate",
        type=FiniteRange(min=0, min_open=True),
        help="Peak of the learning rate of the matrices, with Muon.",
    ),
    click.option(
        "--per-batch", type=click.IntRange(min=1), help="Number of prompts, rows or sequences in a batch of one device."
    ),
    click.option("--accumulation", type=click.IntRange(min=1), help="Number of batches for one step."),
    click.option(
        "--frozen-share",
        type=FiniteRange(min=0, max=1, max_open=True),
        help="Share of the layers, from the first, that stay as they are, as do embeddings: less time and memory.",
    ),
    click.option(
        "--checkpointing/--no-checkpointing",
        default=None,
        help="Recompute activations: less memory, a third more time.",
    ),
    click.option(
        "--compile/--no-compile", "compiled", default=None, help="Compile the model with torch.compile, for GPUs."
    ),
    click.option("--precision", type=click.Choice(("auto", "fp32", "bf16")), help="Precision of matrix products."),
    click.option("--fsdp", is_flag=True, default=None, help="Shard the model over the processes of torchrun."),
    click.option(
        "--too-long",
        type=click.Choice(("drop", "refuse")),
        help="Rows that are longer than the context: leave them out and count them, or refuse them.",
    ),
    click.option("--save-every", type=click.IntRange(min=1), help="Number of steps between two checkpoints."),
    click.option("--seed", type=click.IntRange(min=0, max=LARGEST_SEED), help="Random seed."),
)


def shared(command: Command) -> Command:
    """Adds the options that both phases have."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


@click.command("contrast", short_help="Phase 1: bring prompts with one best optimizer together.")
@shared
@click.option(
    "--loss",
    type=click.Choice(("margin", "info_nce", "profile")),
    help="Contrastive loss: the paper's margin loss, InfoNCE, or likeness of all optimizers' scores.",
)
@click.option("--lm-weight", type=FiniteRange(min=0), help="Weight of the language model's loss on answers.")
@click.option(
    "--lm-tokens",
    type=click.IntRange(min=1),
    help="Leading answer tokens in the language model's loss. [default: the recipe's]",
)
@click.option("--micro-batch", type=click.IntRange(min=1), help="Number of prompts that are embedded at once.")
@click.option(
    "--recompute/--no-recompute",
    default=None,
    help="Recompute activations (GradCache): less memory, a third more time.",
)
@click.option(
    "--centred/--raw", default=None, help="Subtract the batch's mean from embeddings, or compare them as they are."
)
@click.option("--max-tokens", type=click.IntRange(min=16), help="Most tokens that a row may have.")
def contrast_command(data: Path, base: str, out: Path, recipe: str, **given: Any) -> None:
    """Phase 1: bring prompts with the same best optimizer together. The model in OUT is the base of `teach`.

    Run it again to go on where it stopped; Ctrl-C saves the step and stops.
    """
    check_data(data)
    check_model(base)
    console = _begun()
    from llamoco_tune.contrast import contrast  # noqa: PLC0415 - torch is slow to import
    from llamoco_tune.quiet import quiet_transformers  # noqa: PLC0415
    from llamoco_tune.recipe_files import recipe as named  # noqa: PLC0415

    quiet_transformers()
    config = changed(named(recipe).contrast, given)
    with stop_on_signals(console) as wish:
        run = contrast(data, base, out, config, console, wish)
    show_finished(Console(quiet=not is_main_process()), run, out, data)


@click.command("teach", short_help="Phase 2: teach a base model to write the programs.")
@shared
@click.option(
    "--sequence-length",
    type=click.IntRange(min=16),
    help="Tokens of a packed sequence, and the most that a row may have.",
)
@click.option(
    "--batching",
    type=click.Choice(("packed", "padded")),
    help="How rows are put into a batch; on a CPU, padded is faster.",
)
@click.option(
    "--mixing",
    type=click.Choice(("balanced", "capped", "proportional")),
    help="How rows are sampled across optimizers.",
)
@click.option(
    "--mixing-cap", type=click.IntRange(min=1), help="Most rows that an optimizer counts for in capped mixing."
)
@click.option(
    "--choice",
    type=click.Choice(("soft", "expected", "winner", "none")),
    help="How choosing is learned: by all optimizers' scores, by the expected score, by the winner's name, or not.",
)
@click.option("--tau", type=FiniteRange(min=0, min_open=True), help="Temperature of soft targets, in scores.")
@click.option("--prompts", type=click.IntRange(min=1), help="Number of prompts in a batch of choosing.")
@click.option("--writing-share", type=FiniteRange(0, 1, max_open=True), help="Share of the steps that teach to write.")
@click.option(
    "--swapped-share",
    type=FiniteRange(0, 1, max_open=True),
    help="Share of written answers that are another optimizer's than the best.",
)
@click.option(
    "--unread-share",
    type=FiniteRange(0, 1),
    help="Share of other optimizers' answers that follow a prompt without meaning.",
)
@click.option(
    "--restyled-share", type=FiniteRange(0, 1), help="Share of prompts whose Python is rewritten in other words."
)
@click.option("--noisy-share", type=FiniteRange(0, 1), help="Share of prompts that lose some of their words.")
@click.option(
    "--extended/--measured", default=None, help="Learn from unmeasured problems with predicted scores too, or not."
)
@click.option("--extended-share", type=FiniteRange(0, 1), help="Share of unmeasured problems in such a batch.")
@click.option("--reading-weight", type=FiniteRange(min=0), help="Weight of the loss of reading the statement.")
@click.option("--keep", type=click.Choice(("best", "last")), help="Weights to keep: by validation, or the last ones.")
@click.option("--evaluate-every", type=click.IntRange(min=1), help="Number of steps between two evaluations.")
def teach_command(data: Path, base: str, out: Path, recipe: str, **given: Any) -> None:
    """Phase 2: teach the base to write the program that answers each prompt. The tuned model is in OUT.

    Run it again to go on where it stopped; Ctrl-C saves the step and stops.
    """
    check_data(data)
    check_model(base)
    console = _begun()
    from llamoco_tune.quiet import quiet_transformers  # noqa: PLC0415 - torch is slow to import
    from llamoco_tune.recipe_files import recipe as named  # noqa: PLC0415
    from llamoco_tune.teach import teach  # noqa: PLC0415

    quiet_transformers()
    config = changed(named(recipe).teach, given)
    with stop_on_signals(console) as wish:
        run = teach(data, base, out, config, console, wish)
    show_finished(Console(quiet=not is_main_process()), run, out, data)


def _begun() -> Console:
    """The console for messages, with a first line before the libraries are loaded, which takes seconds.

    A process trains on one GPU, where the trainer would take all that it sees; for several, torchrun starts several
    processes.
    """
    if "LOCAL_RANK" not in os.environ:
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    console = Console(stderr=True, quiet=not is_main_process())
    console.print("loading PyTorch and transformers")
    return console


OF_CHOICE = {
    "choice": "loss",
    "tau": "tau",
    "prompts": "per_batch",
    "writing_share": "writing_share",
    "swapped_share": "swapped_share",
    "unread_share": "unread_share",
    "restyled_share": "restyled_share",
    "noisy_share": "noisy_share",
    "extended": "extended",
    "extended_share": "extended_share",
    "reading_weight": "reading_weight",
}
"""Settings of learning to choose, by the options that change them."""


def _choice(config: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Takes the settings of choosing out of those given; none where a phase has no choosing.

    Raises:
        TuningError: a setting of choosing is given, and choosing is not learned.
    """
    from llamoco_tune.records import TuningError  # noqa: PLC0415 - as below

    given = {of: fields.pop(option) for option, of in OF_CHOICE.items() if option in fields}
    if "choice" not in type(config).model_fields:
        return {}
    if given.get("loss") == "none":
        without_effect = [option for option, of in OF_CHOICE.items() if of in given and of != "loss"]
        if without_effect:
            names = ", ".join(f"--{option.replace('_', '-')}" for option in without_effect)
            raise TuningError(f"--choice none teaches to write alone, without {names}; leave that out")
        return {"choice": None}
    if config.choice is None and given and "loss" not in given:
        raise TuningError("this recipe does not teach to choose; give --choice soft with settings of choosing")
    if config.choice is None and not given:
        return {"choice": None}
    return {"choice": {**(config.choice.model_dump() if config.choice else {}), **given}}


def changed(config: Any, given: Mapping[str, Any]) -> Any:
    """The settings of a recipe, changed by those that were given on the command line.

    Raises:
        TuningError: they do not go together.
    """
    from pydantic import ValidationError  # noqa: PLC0415

    from llamoco_tune.model import LoraSpec  # noqa: PLC0415 - torch is slow to import
    from llamoco_tune.records import TuningError  # noqa: PLC0415

    chosen = {name: value for name, value in given.items() if value is not None}
    renamed = {"steps": "max_steps", "compiled": "compile"}
    fields = {renamed.get(name, name): value for name, value in chosen.items() if name not in ("lora", "lora_rank")}
    choice = _choice(config, fields)
    adapter = config.train.lora or LoraSpec()
    if "lora_rank" in chosen:
        adapter = LoraSpec(rank=chosen["lora_rank"], alpha=2 * chosen["lora_rank"], targets=adapter.targets)
    wanted = chosen.get("lora", config.train.lora is not None or "lora_rank" in chosen)
    of_training = {name: fields.pop(name) for name in list(fields) if name in type(config.train).model_fields}
    train = {**config.train.model_dump(), **of_training, "lora": adapter.model_dump() if wanted else None}
    try:
        return type(config).model_validate({**config.model_dump(), **fields, **choice, "train": train})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(each) for each in first["loc"])
        raise TuningError(f"{place} cannot be {first['input']!r}: {first['msg'].lower()}") from None
