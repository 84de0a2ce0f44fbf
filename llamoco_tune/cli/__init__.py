"""The command line: small commands over a base model, an instruction set and a run folder; a mistake is one line."""

import sys
from collections.abc import Sequence
from typing import NoReturn

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits, see `llamoco_tune.cli.commands.main`; Ctrl-C ends it while it still loads, too."""
    try:
        from llamoco_tune.cli.commands import main as run  # noqa: PLC0415 - slow to import, and Ctrl-C may come meanwhile
    except KeyboardInterrupt:
        sys.stderr.write("llamoco-tune: stopped before it began\n")
        sys.exit(130)
    run(arguments)
