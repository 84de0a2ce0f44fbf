"""`llamoco-tune web`: the page in a browser, on this machine unless asked otherwise."""

from pathlib import Path

import click

from llamoco_tune.cli.ranges import FiniteRange
from llamoco_tune.folders import check_holds_model
from llamoco_tune.named import READY, place_of
from llamoco_tune.records import TuningError

STOPPED_EXIT_CODE = 130


@click.command("web", short_help="Ask and run programs on a page in the browser.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="NAME", help="Address to serve.")
@click.option(
    "--port",
    default=8421,
    show_default=True,
    type=click.IntRange(0, 65535),
    metavar="N",
    help="Port to serve; 0 takes one that is free.",
)
@click.option(
    "--model", default=READY, show_default=True, metavar="NAME", help="Model: a folder, or its name on hub or server."
)
@click.option(
    "--endpoint", metavar="URL", help="URL of an OpenAI-compatible server; its key is read from OPENAI_API_KEY."
)
@click.option(
    "--run-limit",
    "run_limit_s",
    default=120.0,
    show_default=True,
    type=FiniteRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time of one trial, with all its runs; it is ended then.",
)
@click.option(
    "--runs",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="N",
    help="Trials at once; a few more wait for their turn.",
)
@click.option(
    "--confinement",
    default="filtered",
    show_default=True,
    type=click.Choice(["limited", "filtered", "isolated"]),
    metavar="TIER",
    help="Least tier of confinement (limited, filtered, isolated); where a machine gives less, nothing is run.",
)
def web_command(
    host: str, port: int, model: str, endpoint: str | None, run_limit_s: float, runs: int, confinement: str
) -> int:
    """Serve a page on which problems are asked about, and programs run.

    It is for this machine alone unless --host says otherwise. Who may use the page can have a problem's code executed
    as you: a trial runs the problem as `llamoco-data try` does, and confines the programs alone.
    """
    if endpoint is not None and model == READY:
        raise click.UsageError("--endpoint needs --model, the model's name there")
    from llamoco_tune.asking.answering import WORDINGS  # noqa: PLC0415 - `--help` answers at once
    from llamoco_tune.endpoint.config import base_url  # noqa: PLC0415
    from llamoco_tune.web.config import WebConfig  # noqa: PLC0415
    from llamoco_tune.web.serving import serve  # noqa: PLC0415

    # A mistake is told now, and not at the first question.
    if endpoint is None:
        _check_there(model)
    else:
        base_url(endpoint)
    config = WebConfig(
        host=host,
        port=port,
        model=model,
        endpoint=endpoint,
        wordings=WORDINGS,
        run_limit_s=run_limit_s,
        runs_at_once=runs,
        confinement=confinement,
    )

    def ready(address: str) -> None:
        click.echo(f"page  {address}")
        if "#" in address:
            click.echo("who has this address can have code executed as you; what follows # is its key", err=True)
        click.echo("stop with Ctrl-C", err=True)

    try:
        serve(config, ready)
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
        return STOPPED_EXIT_CODE
    return 0


def _check_there(model: str) -> None:
    """Checks that a model is in a folder or known to the hub; nothing is loaded.

    Raises:
        TuningError: it is not.
    """
    from llamoco_tune.identity import hub_commit  # noqa: PLC0415 - `--help` answers at once

    check_holds_model(model)
    if not Path(place_of(model)).is_dir() and hub_commit(model) is None:
        raise TuningError(f"there is no folder {model}, and the hub gives no model of that name; give another --model")
