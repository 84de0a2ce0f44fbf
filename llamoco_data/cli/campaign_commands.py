"""The commands on a campaign: plan, run, recipe, add, remove, status and verify."""

from collections import Counter
from pathlib import Path
from typing import get_args

import click
from rich.console import Console

from llamoco_data.campaign import plan, remove_problem, run_campaign, status
from llamoco_data.cli import campaign_output
from llamoco_data.cli.options import ADDRESS, DRAINED_EXIT_CODE, FOLDER, FOUND_EXIT_CODE, RECIPE, WORKERS, Wish, wished
from llamoco_data.cli.own_files import add_files
from llamoco_data.cli.progress import progress_display, with_metrics, working
from llamoco_data.cli.stopping import stop_on_interrupt
from llamoco_data.cli.suite_problems import AddedSuites, add_suites
from llamoco_data.cli.text import say
from llamoco_data.execution import executor
from llamoco_data.files import folder_name
from llamoco_data.problems.suites import SUITES, Budgets
from llamoco_data.recipe_files import recipe_text
from llamoco_data.recipes import RECIPES, campaign_for
from llamoco_data.recipes import recipe as recipe_named
from llamoco_data.verification import verify


@click.command("plan", short_help="Say which runs a campaign lacks and what they will cost.")
@FOLDER
@wished
def plan_command(folder: str, wish: Wish) -> None:
    """Say which runs the campaign in DIR lacks, and what they will cost. Nothing is run or written."""
    spec = wish.campaign(folder)
    with working(Console(stderr=True), "drawing problems and counting missing runs"):
        planned = plan(folder, spec, wish.prior)
    campaign_output.show_plan(Console(), planned, folder)


@click.command("run", short_help="Create, resume or grow a campaign.")
@FOLDER
@wished
@ADDRESS
@WORKERS
@click.option("--quiet", is_flag=True, help="Print only the outcome.")
def run_command(folder: str, wish: Wish, address: str, workers: int | None, quiet: bool) -> int:
    """Create, resume or grow the campaign in DIR: make every run that is missing.

    Ctrl-C stops the command cleanly; the same command goes on from there.
    """
    spec = wish.campaign(folder)
    console = Console(stderr=True)
    with stop_on_interrupt(console) as stop, progress_display(console, quiet=quiet) as report:
        outcome = run_campaign(
            folder,
            spec,
            executor(address, workers),
            prior=wish.prior,
            report=with_metrics(report, address, folder_name(folder)),
            notice=lambda line: say(console, line),
            stop=stop,
        )
    campaign_output.show_outcome(Console(), outcome, folder)
    return DRAINED_EXIT_CODE if outcome.drained else 0


@click.command("recipe", short_help="Print a recipe, to start your own from.")
@click.argument("name", default="standard")
def recipe_command(name: str) -> None:
    """Print the recipe NAME as a file. Change what you like, save it as FILE.toml, and give it to `run --recipe`."""
    click.echo(recipe_text(recipe_named(name), name if name in RECIPES else "standard"), nl=False)


@click.command("add", short_help="Add your own problems, or real ones, to a campaign.")
@FOLDER
@click.argument("files", metavar="[FILE...]", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--suite",
    metavar="NAME",
    help=f"Add the real problems of a suite ({', '.join(SUITES)}), of `all` of these, or of a plug-in's suite, for "
    "split `test_real`.",
)
@click.option(
    "--budgets",
    default="all",
    show_default=True,
    type=click.Choice(get_args(Budgets)),
    metavar="WHICH",
    help="Budgets of the problems of a suite: small (100 evaluations for each variable), medium (that and 1,000 for "
    "each), all (those and 20,000).",
)
@RECIPE
def add_command(folder: str, files: tuple[Path, ...], suite: str | None, budgets: Budgets, recipe: str | None) -> None:
    """Check your own problems, each a Python file, and add them to the campaign in DIR.

    With --recipe, DIR may be new; its campaign then holds these problems alone.

    Their code runs as you, here and on every worker of the campaign. Add only what you have read.
    """
    if bool(files) == bool(suite):
        raise click.UsageError("name the files of your own problems, or a suite with --suite")
    spec, console = campaign_for(folder, recipe, None), Console(stderr=True)
    with working(console, "evaluating the problems at random points"):
        if suite is not None:
            joined = add_suites(folder, spec, suite, budgets, notice=lambda line: say(console, line))
        else:
            joined = add_files(folder, spec, files, notice=lambda line: say(console, line))
    if isinstance(joined, AddedSuites):
        campaign_output.show_added_suites(Console(), joined, folder)
    else:
        campaign_output.show_added(Console(), joined, folder)


@click.command("remove", short_help="Take one of your own problems out of a campaign.")
@FOLDER
@click.argument("name")
def remove_command(folder: str, name: str) -> None:
    """Take the problem NAME, which was added, out of the campaign in DIR: it is not run, and in no later export.

    NAME is the name of its file, or its id, or the first characters of that. Nothing that was run is
    rewritten: the runs stay in the folder, and count again when the same text is added again.
    """
    console = Console(stderr=True)
    removal = remove_problem(folder, name, notice=lambda line: say(console, line))
    campaign_output.show_removed(Console(), removal, folder)


@click.command("status", short_help="Say what a campaign holds.")
@FOLDER
def status_command(folder: str) -> None:
    """Say what the campaign in DIR holds."""
    campaign_output.show_status(Console(), status(folder), folder)


@click.command("verify", short_help="Check a campaign or an export.")
@FOLDER
@click.option(
    "--sample",
    default=10,
    show_default=True,
    type=click.IntRange(min=0),
    metavar="N",
    help="Number of runs to make again and compare (campaign), or of rows whose programs to run (export).",
)
def verify_command(folder: str, sample: int) -> int:
    """Check the campaign or the export in DIR: its files, digests and ids, and a sample of its results.

    The exit code is 1 if something is wrong.
    """
    console, checked, num_wrong = Console(), Counter[str](), 0
    with working(Console(stderr=True), "reading everything and checking it"):
        for finding in verify(folder, sample=sample, checked=checked):
            say(console, finding.line)
            num_wrong += not finding.note
    campaign_output.show_verified(console, folder, checked, num_wrong)
    return FOUND_EXIT_CODE if num_wrong else 0
