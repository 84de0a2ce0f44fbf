"""The command line `llamoco-data`; it computes nothing itself. A user's mistake prints one line and exits with 2."""

from llamoco_data.cli.commands import main

__all__ = ["main"]
