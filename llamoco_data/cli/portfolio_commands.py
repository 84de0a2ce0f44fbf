"""The commands on optimizers: portfolio and check-plugin."""

import click
from rich.console import Console

from llamoco_data.cli import set_output
from llamoco_data.cli.options import FOUND_EXIT_CODE
from llamoco_data.cli.text import say
from llamoco_data.plugin_checks import check_program
from llamoco_data.plurals import counted
from llamoco_data.portfolio import OPTIMIZER_BY_NAME
from llamoco_data.portfolio.plugins import plugin


@click.command("portfolio", short_help="List the optimizers.")
@click.option("--candidates", is_flag=True, help="List every candidate with its id and settings instead.")
def portfolio_command(candidates: bool) -> None:
    """List the optimizers by family: their library, constraints, size of the grid of settings, where they apply."""
    set_output.show_portfolio(Console(), candidates=candidates)


@click.command("check-plugin", short_help="Check an optimizer against the portfolio's rules.")
@click.argument("name")
def check_plugin_command(name: str) -> int:
    """Check the optimizer NAME, of an installed plug-in or of the portfolio, against the rules of the portfolio.

    Its program runs as you. The exit code is 1 if a rule is broken.
    """
    optimizer = OPTIMIZER_BY_NAME.get(name) or plugin(name).optimizer
    broken = 0
    for checked in check_program(optimizer):
        say(Console(), f"{'broken' if checked.complaint else 'kept  '}  {checked.rule}")
        if checked.complaint:
            say(Console(), f"        {checked.complaint}")
            broken += 1
    say(Console(), f"{name}: {counted(broken, 'rule')} broken" if broken else f"{name} keeps every rule")
    return FOUND_EXIT_CODE if broken else 0
