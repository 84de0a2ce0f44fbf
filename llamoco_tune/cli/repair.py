"""`llamoco-tune repair`: one round in which a model repairs the programs that failed."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from llamoco_tune.cli.writing_options import (
    ENDPOINT,
    MAX_CALLS,
    MAX_NEW_TOKENS,
    PARALLEL,
    RETRIES,
    SEED,
    SERVED_MODEL,
    TEMPERATURE,
    TIMEOUT,
)
from llamoco_tune.invocation import DATA, command

if TYPE_CHECKING:
    from llamoco_tune.repair.rounds import RoundReport


@click.command("repair", short_help="Let a model repair programs that failed.")
@click.argument("programs", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--scores",
    type=click.Path(path_type=Path),
    required=True,
    metavar="SCORES",
    help="Folder in which PROGRAMS was scored; it says which programs failed, and why.",
)
@ENDPOINT
@SERVED_MODEL
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Parquet file of all programs."
)
@MAX_NEW_TOKENS
@TEMPERATURE
@SEED
@click.option("--retry-errors", is_flag=True, help="Ask again where the server failed.")
@PARALLEL
@TIMEOUT
@RETRIES
@MAX_CALLS
@click.option("--quiet", is_flag=True, help="Show no progress.")
def repair_command(
    programs: Path,
    scores: Path,
    endpoint: str,
    model: str,
    out: Path,
    max_new_tokens: int,
    temperature: float,
    seed: int,
    retry_errors: bool,
    parallel: int,
    timeout: float,
    retries: int,
    max_calls: int | None,
    quiet: bool,
) -> None:
    """Let a model repair the programs of PROGRAMS that failed, from their text and their error alone.

    This is one round: FILE holds all programs, the failed ones as the model repaired them. Score it, and give it to the
    next round. Run the command again to go on where it was stopped.
    """
    if out.resolve() == programs.resolve():
        raise click.UsageError("--out is the file of the programs itself; each round has a file of its own")
    from llamoco_tune.cli.generation_display import generation_display  # noqa: PLC0415 - slow to import
    from llamoco_tune.endpoint import EndpointConfig  # noqa: PLC0415
    from llamoco_tune.programs import DecodingConfig  # noqa: PLC0415
    from llamoco_tune.repair.rounds import repair_at_endpoint  # noqa: PLC0415

    decoding = DecodingConfig(max_new_tokens=max_new_tokens, temperature=temperature, seed=seed)
    server = EndpointConfig(
        url=endpoint, model=model, num_parallel=parallel, timeout_s=timeout, num_retries=retries, max_calls=max_calls
    )
    with generation_display(None if quiet else Console(stderr=True)) as show:
        report = repair_at_endpoint(programs, scores, decoding, server, out, show, is_retrying_errors=retry_errors)
    for line in _summary(report, out, scores):
        click.echo(line)


def _summary(report: "RoundReport", out: Path, scores: Path) -> Iterator[str]:
    """Lines that say how many programs the model was asked for, and what to do with the file."""
    yield f"{out}: round {report.number}, {len(report.asked):,} failed programs, {report.last.new_rows:,} asked for now"
    errors = [row for row in report.asked if row.ended == "error"]
    if errors:
        yield f"the server failed for {len(errors):,}: {errors[0].detail}; --retry-errors asks for them again"
    scoring = command("score", out, "--data", "EXPORT", "--out", "SCORES", "--reuse", scores, program=DATA)
    yield f"next: {scoring}"
