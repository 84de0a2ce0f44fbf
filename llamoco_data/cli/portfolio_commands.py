"""The commands on what takes part: portfolio and check-plugin."""

import click
from rich.console import Console

from llamoco_data.cli import set_output
from llamoco_data.cli.options import FOUND_EXIT_CODE
from llamoco_data.cli.text import say
from llamoco_data.conformance import check_plugin
from llamoco_data.plurals import counted


@click.command("portfolio", short_help="List the optimizers.")
@click.option("--candidates", is_flag=True, help="List every candidate with its id and settings instead.")
def portfolio_command(candidates: bool) -> None:
    """List the optimizers by family: their library, constraints, size of the grid of settings, where they apply."""
    set_output.show_portfolio(Console(), candidates=candidates)


@click.command("check-plugin", short_help="Check a plug-in against the rules of its kind.")
@click.argument("name")
def check_plugin_command(name: str) -> int:
    """Check the plug-in NAME, of an installed package, against the rules of its kind, or an optimizer of the portfolio.

    What it brings runs as you. The exit code is 1 if a rule is broken.
    """
    broken, heading = 0, ""
    for noun, checked in check_plugin(name):
        if noun != heading:
            heading = noun
            say(Console(), f"{name} as {noun}:")
        say(Console(), f"{'broken' if checked.complaint else 'kept  '}  {checked.rule}")
        if checked.complaint:
            say(Console(), f"        {checked.complaint}")
            broken += 1
    say(Console(), f"{name}: {counted(broken, 'rule')} broken" if broken else f"{name} keeps every rule")
    return FOUND_EXIT_CODE if broken else 0
