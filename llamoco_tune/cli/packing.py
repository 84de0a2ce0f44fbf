"""`llamoco-tune pack`: a small copy of a tuned model."""

from pathlib import Path

import click


@click.command("pack", short_help="Copy a tuned model without its checkpoints.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="New folder for the copy.")
def pack_command(run: Path, out: Path) -> None:
    """Copy the model of a finished RUN without its checkpoints, with weights in 16 bits.

    The copy has the card, the record of the run and the openings, and is used like the run: as --model or --base.
    """
    from llamoco_tune.packing import pack  # noqa: PLC0415 - torch is slow to import
    from llamoco_tune.quiet import quiet_transformers  # noqa: PLC0415

    quiet_transformers()
    click.echo(f"{out}: {pack(run, out) / 1e6:,.1f} MB")
