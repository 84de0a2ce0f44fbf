"""`llamoco-tune neighbour`: the rival that answers with the training program whose prompt a model finds nearest."""

from pathlib import Path
from typing import Literal

import click

from llamoco_tune.cli.writing_options import COUNT
from llamoco_tune.folders import check_data, check_model
from llamoco_tune.invocation import DATA, command


@click.command("neighbour", short_help="Answer with the programs of the nearest training prompts.")
@click.option("--data", type=click.Path(path_type=Path), required=True, metavar="EXPORT", help="The instruction set.")
@click.option("--split", default="test", show_default=True, help="Split whose problems are answered.")
@click.option("--model", required=True, metavar="NAME", help="Folder of a model, or its name on the hub.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Parquet file of the programs."
)
@click.option("--batch-size", type=COUNT, default=16, show_default=True, metavar="N", help="Number of prompts at once.")
@click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16"]),
    default="auto",
    show_default=True,
    help="Precision of the weights; auto is bf16 where the hardware multiplies it.",
)
@click.option("--device", metavar="NAME", help="Device: cpu, cuda or cuda:1; a GPU by default.")
def neighbour_command(
    data: Path,
    split: str,
    model: str,
    out: Path,
    batch_size: int,
    precision: Literal["auto", "fp32", "bf16"],
    device: str | None,
) -> None:
    """Answer each problem of a split with the program of the training prompt that is nearest by a model's embedding.

    The embedding is the mean of the hidden states after the last layer. The model writes
    nothing, and need not be tuned.
    """
    check_data(data)
    check_model(model)
    from llamoco_tune.generate.local import LocalConfig  # noqa: PLC0415 - slow to import
    from llamoco_tune.neighbour import write_neighbours  # noqa: PLC0415
    from llamoco_tune.quiet import quiet_transformers  # noqa: PLC0415

    quiet_transformers()
    local = LocalConfig(model=model, precision=precision, device=device, num_slots=batch_size)
    rows = write_neighbours(data, split, local, out)
    click.echo(f"{out}: {len(rows):,} programs, {len({row.program for row in rows}):,} texts in all")
    click.echo(f"next: {command('score', out, '--data', data, '--out', 'SCORES', program=DATA)}")
