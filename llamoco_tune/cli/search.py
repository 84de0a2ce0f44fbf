"""`llamoco-tune search`: a model is asked for points, again and again, instead of for a program."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from rich.console import Console

from llamoco_tune.cli.ranges import FiniteRange
from llamoco_tune.cli.writing_options import COUNT, ENDPOINT, PARALLEL, RETRIES, SERVED_MODEL, TIMEOUT
from llamoco_tune.folders import check_data
from llamoco_tune.invocation import DATA, command

if TYPE_CHECKING:
    from llamoco_tune.search.searching import SearchReport


@click.command("search", short_help="Let a model search for points, by OPRO or LMEA.")
@click.argument("method", metavar="METHOD", type=click.Choice(["opro", "lmea"]))
@click.option("--data", type=click.Path(path_type=Path), required=True, metavar="EXPORT", help="The instruction set.")
@click.option("--split", default="test", show_default=True, help="Split on whose problems the model searches.")
@ENDPOINT
@SERVED_MODEL
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Parquet file of the programs."
)
@click.option("--limit", type=COUNT, metavar="N", help="Number of problems; all by default.")
@click.option(
    "--samples", type=COUNT, default=1, show_default=True, metavar="K", help="Number of searches on each problem."
)
@click.option("--calls", type=COUNT, default=64, show_default=True, metavar="N", help="Most calls of a search.")
@click.option(
    "--max-new-tokens", type=COUNT, default=2_048, show_default=True, metavar="N", help="Most tokens of an answer."
)
@click.option(
    "--temperature",
    type=FiniteRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Temperature of sampling; lmea raises it where nothing better is found.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed of the first points and of sampling.")
@click.option("--retry-errors", is_flag=True, help="Search again where the server answered nothing.")
@PARALLEL
@TIMEOUT
@RETRIES
@click.option("--quiet", is_flag=True, help="Show no progress.")
def search_command(
    method: Literal["opro", "lmea"],
    data: Path,
    split: str,
    endpoint: str,
    model: str,
    out: Path,
    limit: int | None,
    samples: int,
    calls: int,
    max_new_tokens: int,
    temperature: float,
    seed: int,
    retry_errors: bool,
    parallel: int,
    timeout: float,
    retries: int,
    quiet: bool,
) -> None:
    """Let a model search for the best point of each problem of a split: it proposes points, and is told their values.

    METHOD is opro (the best points so far are in the prompt) or lmea (the model is the operator of an evolutionary
    algorithm). The code of the problems runs as you. FILE holds a program for each problem that evaluates the points
    again, so that it is scored like any other. Run the command again to go on where it was stopped.
    """
    check_data(data)
    from llamoco_tune.cli.generation_display import generation_display  # noqa: PLC0415 - slow to import
    from llamoco_tune.endpoint import EndpointConfig  # noqa: PLC0415
    from llamoco_tune.generate.jobs import SelectionConfig  # noqa: PLC0415
    from llamoco_tune.programs import DecodingConfig  # noqa: PLC0415
    from llamoco_tune.search.searching import SearchConfig, search_at_endpoint  # noqa: PLC0415

    selection = SelectionConfig(
        split=split, num_problems=limit, prompts_per_problem=1, num_samples=samples, is_retrying_errors=retry_errors
    )
    decoding = DecodingConfig(max_new_tokens=max_new_tokens, temperature=temperature, seed=seed)
    server = EndpointConfig(url=endpoint, model=model, num_parallel=parallel, timeout_s=timeout, num_retries=retries)
    with generation_display(None if quiet else Console(stderr=True)) as show:
        report = search_at_endpoint(
            data, selection, SearchConfig(method=method, calls=calls), decoding, server, out, show
        )
    for line in _summary(report, out, data):
        click.echo(line)


def _summary(report: "SearchReport", out: Path, data: Path) -> Iterator[str]:
    """Lines that say what was asked for, what was in vain, and what to do with the file."""
    rows, tokens = report.programs, sum(row.prompt_tokens + row.completion_tokens for row in report.programs)
    calls, vain = sum(row.calls for row in rows), sum(row.vain_calls for row in rows)
    searches = f"{len(rows):,} search{'es' * (len(rows) != 1)}"
    yield f"{out}: {searches}, {report.last.new_rows:,} of them new"
    yield f"{calls:,} calls, {vain:,} of them without a new point; {tokens:,} tokens"
    errors = [row for row in rows if row.ended == "error"]
    if errors:
        yield f"the server answered nothing for {len(errors):,}: {errors[0].detail}; --retry-errors tries them again"
    yield f"next: {command('score', out, '--data', data, '--out', 'SCORES', program=DATA)}"
