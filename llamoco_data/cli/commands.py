"""The commands of `llamoco-data`: each reads its arguments, calls one function and prints what that gave."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from llamoco_data.campaign import Outcome, plan, run_campaign, status
from llamoco_data.cli import campaign_pages, score_pages, set_pages, show_pages
from llamoco_data.cli.own_files import add_files
from llamoco_data.cli.progress import progress_display, with_metrics, working
from llamoco_data.cli.stopping import stop_on_interrupt
from llamoco_data.cli.text import say
from llamoco_data.execution import executor
from llamoco_data.export import export as export_set
from llamoco_data.files import folder_name
from llamoco_data.identity import LlamocoError
from llamoco_data.recipes import RECIPES, campaign_for
from llamoco_data.report import write_report
from llamoco_data.scoring import TIME_LIMIT_S, score
from llamoco_data.verification import verify

FOUND_EXIT_CODE = 1
"""Of a check that found something wrong."""
DRAINED_EXIT_CODE = 130
"""As of any program that Ctrl-C ended: 128 + SIGINT."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits: 0 done, 1 a check failed, 2 a mistake of the user, 130 stopped by Ctrl-C."""
    try:
        code = llamoco_data.main(arguments, prog_name="llamoco-data", standalone_mode=False)
    except LlamocoError as error:
        _fail(str(error))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(0)
    except click.ClickException as error:
        _fail(f"{error.format_message().rstrip('.')}; see: {_help_command(error)}")
    except (KeyboardInterrupt, click.Abort):
        sys.exit(DRAINED_EXIT_CODE)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="llamoco")
def llamoco_data() -> None:
    """Make instruction sets for optimization: problems, measured optimizers, and the program that won each problem."""


FOLDER = click.argument("folder", metavar="DIR")
RECIPE = click.option(
    "--recipe", metavar="NAME", help=f"Which campaign: {', '.join(RECIPES)}. Needed for a new DIR only."
)
PROCESSES = click.option(
    "--processes",
    type=click.IntRange(min=1),
    help="That share the work. [default: one for each processor, up to 8; one where problems are few]",
)
ADDRESS = click.option(
    "--address",
    default="local",
    metavar="WHERE",
    show_default=True,
    help="inline (this process), local (a Ray of its own), auto (the Ray that runs here) or the address of a cluster.",
)
WORKERS = click.option("--workers", type=click.IntRange(min=1), help="Ray actors. [default: one for each processor]")
PROBLEMS = click.option("--problems", type=click.IntRange(min=1), help="Number of problems; may grow, never shrink.")


@llamoco_data.command("plan")
@FOLDER
@RECIPE
@PROBLEMS
def plan_command(folder: str, recipe: str | None, problems: int | None) -> None:
    """Say what a campaign in DIR still lacks, and what that will cost. Nothing is run or written."""
    spec = campaign_for(folder, recipe, problems)
    with working(Console(stderr=True), "drawing problems and counting the runs they lack"):
        planned = plan(folder, spec)
    campaign_pages.show_plan(Console(), planned, folder)


@llamoco_data.command("run")
@FOLDER
@RECIPE
@PROBLEMS
@ADDRESS
@WORKERS
@click.option("--quiet", is_flag=True, help="Print the outcome only.")
def run_command(
    folder: str, recipe: str | None, problems: int | None, address: str, workers: int | None, quiet: bool
) -> int:
    """Create, resume or grow the campaign in DIR: run whatever is missing. Ctrl-C stops cleanly; run again to go on."""
    spec = campaign_for(folder, recipe, problems)
    console = Console(stderr=True)
    with stop_on_interrupt(console) as stop, progress_display(console, quiet=quiet) as report:
        outcome = run_campaign(
            folder,
            spec,
            executor(address, workers),
            report=with_metrics(report, address, folder_name(folder)),
            notice=lambda line: say(console, line),
            stop=stop,
        )
    campaign_pages.show_outcome(Console(), outcome, folder)
    return _exit_code(outcome)


@llamoco_data.command("add")
@FOLDER
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@RECIPE
def add_command(folder: str, files: tuple[Path, ...], recipe: str | None) -> None:
    """Check problems of your own, Python files, and put them into the campaign in DIR, or with --recipe into a new one.

    Their code runs as you: here, and on every worker of the campaign. Add only what you have read.
    """
    spec, console = campaign_for(folder, recipe, None), Console(stderr=True)
    with working(console, "asking the problems at random points"):
        added = add_files(folder, spec, files, notice=lambda line: say(console, line))
    campaign_pages.show_added(Console(), added, folder)


@llamoco_data.command("status")
@FOLDER
def status_command(folder: str) -> None:
    """Say what the campaign in DIR holds."""
    campaign_pages.show_status(Console(), status(folder), folder)


@llamoco_data.command("verify")
@FOLDER
@click.option(
    "--sample",
    default=10,
    show_default=True,
    type=click.IntRange(min=0),
    help="Runs to make again and compare; of an export, rows whose texts are run.",
)
def verify_command(folder: str, sample: int) -> int:
    """Check the campaign or the export in DIR: files, digests, ids, laws. Exit code 1 where something is wrong."""
    console, checked, num_wrong = Console(), Counter[str](), 0
    with working(Console(stderr=True), "reading everything and checking it"):
        for finding in verify(folder, sample=sample, checked=checked):
            say(console, finding.line)
            num_wrong += not finding.note
    campaign_pages.show_verified(console, folder, checked, num_wrong)
    return FOUND_EXIT_CODE if num_wrong else 0


@llamoco_data.command("export")
@FOLDER
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--budget",
    "budgets",
    type=float,
    multiple=True,
    metavar="SHARE",
    help="Add every problem at this share of its budget, such as 0.1, read from the traces. May be given again.",
)
@click.option(
    "--since",
    type=click.IntRange(min=1),
    metavar="SNAPSHOT",
    help="Also write what has changed since that snapshot of OUT: rows to add or replace, and the reason for each.",
)
@PROCESSES
@click.option("--quiet", is_flag=True, help="Print the place of the export only.")
def export_command(
    folder: str, out: Path, budgets: tuple[float, ...], since: int | None, processes: int | None, quiet: bool
) -> None:
    """Write the instruction set of the campaign in DIR to OUT, as its next snapshot: Parquet and a dataset card."""
    with working(Console(stderr=True), "judging problems and writing rows", quiet=quiet):
        exported = export_set(folder, out, budgets=budgets, since=since, processes=processes)
    if quiet:
        click.echo(str(exported.folder))
    else:
        set_pages.show_export(Console(), exported, folder)


@llamoco_data.command("report")
@FOLDER
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), help="The page. [default: DIR-report.html, here]"
)
@PROCESSES
def report_command(folder: str, out: Path | None, processes: int | None) -> None:
    """Write one HTML page on the campaign in DIR: who wins where, by how much, how surely, at what cost."""
    with working(Console(stderr=True), "judging problems and drawing the page"):
        reported = write_report(folder, out, processes=processes)
    campaign_pages.show_report(Console(), reported)


@llamoco_data.command("score")
@click.argument("programs", type=click.Path(path_type=Path))
@click.option("--data", required=True, metavar="EXPORT", help="The export whose instructions the programs answer.")
@click.option("--out", required=True, metavar="SCORES", help="Folder of runs and scores; what it holds is not rerun.")
@ADDRESS
@WORKERS
@click.option(
    "--time-limit",
    "time_limit_s",
    default=TIME_LIMIT_S,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="What one run may take; then it is killed and counts as a failure.",
)
@click.option("--quiet", is_flag=True, help="Print the scores only.")
def score_command(
    programs: Path,
    data: str,
    out: str,
    address: str,
    workers: int | None,
    time_limit_s: float,
    quiet: bool,
) -> int:
    """Run the programs that a model wrote, a Parquet file, on their problems, and score them beside baselines.

    Each runs in a process of its own, as you: score only programs that may run as you. Ctrl-C stops cleanly; run again
    to go on.
    """
    console = Console(stderr=True)
    with stop_on_interrupt(console) as stop, progress_display(console, quiet=quiet) as report:
        scored = score(
            programs,
            data,
            out,
            executor(address, workers),
            time_limit_s=time_limit_s,
            report=report,
            notice=lambda line: say(console, line),
            stop=stop,
        )
    score_pages.show_scored(Console(), scored, out)
    return DRAINED_EXIT_CODE if scored.summary is None else 0


@llamoco_data.command("show")
@FOLDER
@click.argument("identifier", metavar="[ID]", required=False)
@click.option(
    "--program",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Save the program that won in FILE, and print nothing else.",
)
def show_command(folder: str, identifier: str | None, program: Path | None) -> None:
    """Show a problem of the campaign in DIR with the programs that raced on it, or an instruction of the export in DIR.

    ID is the id of either or its first characters; of a problem also its index or its name. Without ID, the command
    lists what there is.
    """
    show_pages.show(Console(), folder, identifier, program)


@llamoco_data.command("portfolio")
@click.option("--candidates", is_flag=True, help="List every candidate with its settings and id.")
def portfolio_command(candidates: bool) -> None:
    """List the optimizers: family, library, settings, whether they take constraints, limits."""
    set_pages.show_portfolio(Console(), candidates=candidates)


def _exit_code(outcome: Outcome) -> int:
    return DRAINED_EXIT_CODE if outcome.drained else 0


def _fail(message: str) -> NoReturn:
    click.echo(f"llamoco-data: {' '.join(message.split())}", err=True)
    sys.exit(2)


def _help_command(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{context.command_path if context else 'llamoco-data'} --help"
