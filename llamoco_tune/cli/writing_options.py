"""Options that several commands which let a model write have: of decoding, and of those that always ask a server."""

import click

from llamoco_tune.cli.ranges import FiniteRange

COUNT = click.IntRange(min=1)

MAX_NEW_TOKENS = click.option(
    "--max-new-tokens", type=COUNT, default=2_048, show_default=True, metavar="N", help="Most tokens of a program."
)
TEMPERATURE = click.option(
    "--temperature",
    type=FiniteRange(min=0),
    default=0.0,
    show_default=True,
    help="Temperature of sampling; 0 takes the likeliest token.",
)
SEED = click.option("--seed", type=int, default=0, show_default=True, help="Random seed of sampling.")

ENDPOINT = click.option(
    "--endpoint",
    required=True,
    metavar="URL",
    help="URL of an OpenAI-compatible server; its key is read from OPENAI_API_KEY.",
)
SERVED_MODEL = click.option("--model", required=True, metavar="NAME", help="Name of the model on the server.")
PARALLEL = click.option(
    "--parallel", type=COUNT, default=8, show_default=True, metavar="N", help="Number of requests at once."
)
TIMEOUT = click.option(
    "--timeout",
    type=FiniteRange(0, min_open=True),
    default=300.0,
    show_default=True,
    metavar="S",
    help="Seconds that one request may take.",
)
RETRIES = click.option(
    "--retries",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    metavar="N",
    help="Number of times that a failed request is tried again.",
)
MAX_CALLS = click.option(
    "--max-calls", type=COUNT, metavar="N", help="Number of requests at which to stop, retries included."
)
