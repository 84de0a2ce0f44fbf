"""`llamoco-tune generate`: programs for the prompts of a split, into one Parquet file."""

from pathlib import Path
from typing import Literal

import click
from rich.console import Console

from llamoco_tune.cli.ranges import FiniteRange
from llamoco_tune.cli.writing_options import COUNT, MAX_NEW_TOKENS, SEED, TEMPERATURE
from llamoco_tune.folders import check_data, check_model


@click.command("generate")
@click.option("--data", type=click.Path(path_type=Path), required=True, metavar="EXPORT", help="The instruction set.")
@click.option("--split", default="test", show_default=True, help="Split whose prompts are answered.")
@click.option("--model", required=True, metavar="NAME", help="Folder of a model, or its name on the hub or the server.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Parquet file of the programs."
)
@click.option(
    "--endpoint", metavar="URL", help="URL of an OpenAI-compatible server; its key is read from OPENAI_API_KEY."
)
@click.option("--limit", type=COUNT, metavar="N", help="Number of problems; all by default.")
@click.option(
    "--prompts-per-problem", type=COUNT, metavar="K", help="Number of prompts of each problem; all by default."
)
@click.option("--form", type=click.Choice(["python", "latex"]), help="Answer only prompts of this form.")
@click.option(
    "--samples", type=COUNT, default=1, show_default=True, metavar="K", help="Number of programs for each prompt."
)
@MAX_NEW_TOKENS
@TEMPERATURE
@click.option(
    "--top-p",
    type=FiniteRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Share of the probability to sample from.",
)
@SEED
@click.option(
    "--wordings",
    type=COUNT,
    default=1,
    show_default=True,
    metavar="K",
    help="Local model: average its choice of an optimizer over K prompts of the problem.",
)
@click.option(
    "--spare",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Local model: try its next N choices in turn where a program has a slip, as `ask` does; nothing is run.",
)
@click.option("--retry-errors", is_flag=True, help="Try prompts again that ended with an error.")
@click.option(
    "--batch-size", type=COUNT, metavar="N", help="Local model: rows at once; by default 16 on a CPU, 64 on a GPU."
)
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), default="auto", show_default=True,
              help="Local model: precision of the weights; auto is bf16 where the hardware multiplies it.")  # fmt: skip
@click.option("--device", metavar="NAME", help="Local model: cpu, cuda or cuda:1; a GPU by default.")
@click.option(
    "--parallel", type=COUNT, default=8, show_default=True, metavar="N", help="Server: number of requests at once."
)
@click.option("--timeout", type=FiniteRange(0, min_open=True), default=300.0, show_default=True, metavar="S",
              help="Server: seconds that one request may take.")  # fmt: skip
@click.option("--retries", type=click.IntRange(min=0), default=5, show_default=True, metavar="N",
              help="Server: number of times that a failed request is tried again.")  # fmt: skip
@click.option(
    "--max-calls", type=COUNT, metavar="N", help="Server: number of requests at which to stop, retries included."
)
@click.option("--system", default="", metavar="TEXT", help="Server: text of a system message before each prompt.")
@click.option(
    "--hint", is_flag=True, help="Server: advise the model, in the system message, not to take SLSQP by default."
)
@click.option("--shots", type=click.IntRange(min=0), default=0, show_default=True, metavar="K",
              help="Server: number of training rows that stand before each prompt as examples.")  # fmt: skip
@click.option("--shots-by", type=click.Choice(["random", "nearest"]), default="random", show_default=True,
              help="Server: how these rows are chosen: drawn with the seed, or nearest by TF-IDF.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Show no progress.")
def generate_command(
    data: Path,
    split: str,
    model: str,
    out: Path,
    endpoint: str | None,
    limit: int | None,
    prompts_per_problem: int | None,
    form: Literal["python", "latex"] | None,
    samples: int,
    max_new_tokens: int,
    temperature: float,
    top_p: float,
    seed: int,
    wordings: int,
    spare: int,
    retry_errors: bool,
    batch_size: int | None,
    precision: Literal["auto", "fp32", "bf16"],
    device: str | None,
    parallel: int,
    timeout: float,
    retries: int,
    max_calls: int | None,
    system: str,
    hint: bool,
    shots: int,
    shots_by: Literal["random", "nearest"],
    quiet: bool,
) -> None:
    """Let a model write programs for the prompts of a split.

    The model is local or, with --endpoint, on a server. Run the command again to go on where it was stopped.
    """
    check_data(data)
    if endpoint is not None and (wordings > 1 or spare):
        raise click.UsageError("--wordings and --spare need the choices of a local model, and a server tells none")
    if endpoint is None and (system or hint or shots):
        raise click.UsageError("--system, --hint and --shots are for a model on a server; give --endpoint URL too")
    if endpoint is None:
        check_model(model)
    from llamoco_tune.cli.generation_display import generation_display, summary  # noqa: PLC0415 - slow to import
    from llamoco_tune.generate.jobs import SelectionConfig  # noqa: PLC0415
    from llamoco_tune.programs import DecodingConfig  # noqa: PLC0415

    selection = SelectionConfig(
        split=split,
        form=form,
        num_problems=limit,
        prompts_per_problem=prompts_per_problem,
        num_samples=samples,
        is_retrying_errors=retry_errors,
    )
    decoding = DecodingConfig(max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p, seed=seed)
    with generation_display(None if quiet else Console(stderr=True)) as show:
        if endpoint is None:
            from llamoco_tune.generate.local import LocalConfig, generate_locally  # noqa: PLC0415
            from llamoco_tune.quiet import quiet_transformers  # noqa: PLC0415

            quiet_transformers()
            local = LocalConfig(
                model=model,
                precision=precision,
                device=device,
                num_slots=batch_size,
                wordings=wordings,
                spare=spare,
            )
            report = generate_locally(data, selection, decoding, local, out, show)
        else:
            from llamoco_tune.endpoint import EndpointConfig  # noqa: PLC0415
            from llamoco_tune.generate.served import generate_at_endpoint  # noqa: PLC0415
            from llamoco_tune.generate.setting import SettingConfig  # noqa: PLC0415

            setting = SettingConfig(system=system, is_hinting=hint, shots=shots, shots_by=shots_by)
            server = EndpointConfig(
                url=endpoint,
                model=model,
                num_parallel=parallel,
                timeout_s=timeout,
                num_retries=retries,
                max_calls=max_calls,
            )
            report = generate_at_endpoint(data, selection, decoding, server, out, show, setting)
    for line in summary(report, out, data):
        click.echo(line)
