"""The command line: small commands over a base model, an instruction set and a run folder; a mistake is one line."""

from llamoco_tune.cli.commands import main

__all__ = ["main"]
