"""The command line: small commands over the campaign, its export and its problems; a mistake is one line and exit 2."""

from llamoco_data.cli.commands import main

__all__ = ["main"]
