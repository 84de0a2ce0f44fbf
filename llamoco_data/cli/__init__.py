"""The command line `llamoco-data`; it computes nothing itself. A user's mistake prints one line and exits with 2."""

import sys
from collections.abc import Sequence
from typing import NoReturn

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits, see `llamoco_data.cli.commands.main`; Ctrl-C ends it while it still loads, too."""
    try:
        from llamoco_data.cli.commands import main as run  # noqa: PLC0415 - slow to import, and Ctrl-C may come meanwhile
    except KeyboardInterrupt:
        sys.stderr.write("llamoco-data: stopped before it began\n")
        sys.exit(130)
    run(arguments)
