"""The commands of `llamoco-data`: each reads its arguments, calls one function and prints the result."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, get_args

import click
from rich.console import Console
from typing_extensions import override

from llamoco_data.box.layers import TIERS, Tier
from llamoco_data.campaign import Outcome, plan, run_campaign, status
from llamoco_data.cli import campaign_output, score_output, set_output, show_output, try_output
from llamoco_data.cli.baseline import baseline_command
from llamoco_data.cli.own_files import add_files, checked_file, read_python
from llamoco_data.cli.progress import counting, progress_display, with_metrics, working
from llamoco_data.cli.stopping import stop_on_interrupt
from llamoco_data.cli.suite_problems import AddedSuites, add_suites
from llamoco_data.cli.text import say
from llamoco_data.comparison import holds_scores, write_scores_page
from llamoco_data.confined import LEAST
from llamoco_data.execution import executor
from llamoco_data.export import compare, extend, write_comparison, write_prior
from llamoco_data.export import export as export_set
from llamoco_data.files import folder_name
from llamoco_data.formats import FORMATS, Format, convert
from llamoco_data.identity import LlamocoError
from llamoco_data.invocation import command
from llamoco_data.plugin_checks import check_program
from llamoco_data.plurals import counted
from llamoco_data.portfolio import BASELINE, OPTIMIZER_BY_NAME
from llamoco_data.portfolio.plugins import plugin
from llamoco_data.problems.suites import SUITES, Budgets
from llamoco_data.recipe_files import recipe_text
from llamoco_data.recipes import RECIPES, Changes, campaign_for
from llamoco_data.recipes import recipe as recipe_named
from llamoco_data.report import write_report
from llamoco_data.scoring import TIME_LIMIT_S, score
from llamoco_data.selector import read_prior
from llamoco_data.trying import check_names, check_place, others, tried, write_page
from llamoco_data.verification import verify

FOUND_EXIT_CODE = 1
"""Exit code of a check that found something wrong."""
SCORE_PATIENCE_S = 3.0
"""Time that the runs of a score have to end once the command is to stop: a stranger's program may never do so."""
DRAINED_EXIT_CODE = 130
"""Exit code after Ctrl-C: 128 + SIGINT."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits: 0 when done, 1 if a check failed, 2 for a user's mistake, 130 after Ctrl-C."""
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


class _InOrder(click.Group):
    """A group that lists its commands in the order of this file, not of the alphabet."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="llamoco")
def llamoco_data() -> None:
    """Make instruction sets for optimization: problems, measured optimizers, and the program that won each problem."""


FOLDER = click.argument("folder", metavar="DIR")
RECIPE = click.option(
    "--recipe",
    metavar="NAME",
    help=f"Recipe of a new campaign: {', '.join(RECIPES)}, or a file of your own (FILE.toml; `llamoco-data recipe` "
    "prints one to start from). Only a new DIR needs one.",
)
SEED = click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Seed of a new campaign's problems.")
OPTIMIZERS = click.option(
    "--optimizers", metavar="A,B", help="The only optimizers of a new campaign; later releases add none to it."
)
EXCLUDE = click.option(
    "--exclude", metavar="A,B", help="Optimizers that a new campaign leaves out; later releases add none to it."
)
PROCESSES = click.option(
    "--processes",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of processes. [default: one for each processor, at most 8; only one if there are few problems]",
)
ADDRESS = click.option(
    "--address",
    default="local",
    metavar="WHERE",
    show_default=True,
    help="Where to run: inline (in this process), local (on a Ray that this command starts), auto (on the Ray cluster "
    "of this machine), or the address of a cluster.",
)
WORKERS = click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Number of Ray actors. [default: one for each processor]"
)
PROBLEMS = click.option(
    "--problems", type=click.IntRange(min=1), metavar="N", help="Number of problems. It can grow, but not shrink."
)
TIME_LIMIT = click.option(
    "--time-limit",
    "time_limit_s",
    default=TIME_LIMIT_S,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time limit of a run, after which it is killed and counts as a failure.",
)
CONFINEMENT = click.option(
    "--confinement",
    "tier",
    default=LEAST,
    show_default=True,
    type=click.Choice([tier for tier in TIERS if tier != "trusted"]),
    metavar="TIER",
    help="Least tier of confinement (limited, filtered, isolated); where a machine gives less, nothing is run.",
)
PRIOR = click.option(
    "--prior",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File of `llamoco-data prior`: the races of problems that are new to DIR begin with the optimizers that it "
    "expects to win.",
)


@llamoco_data.command("plan", short_help="Say which runs a campaign lacks and what they will cost.")
@FOLDER
@RECIPE
@PROBLEMS
@SEED
@OPTIMIZERS
@EXCLUDE
@PRIOR
def plan_command(
    folder: str,
    recipe: str | None,
    problems: int | None,
    seed: int | None,
    optimizers: str | None,
    exclude: str | None,
    prior: Path | None,
) -> None:
    """Say which runs the campaign in DIR lacks, and what they will cost. Nothing is run or written."""
    given = None if prior is None else read_prior(prior)
    spec = campaign_for(folder, recipe, problems, given, Changes(seed, _names(optimizers), _names(exclude)))
    with working(Console(stderr=True), "drawing problems and counting missing runs"):
        planned = plan(folder, spec, given)
    campaign_output.show_plan(Console(), planned, folder)


@llamoco_data.command("run", short_help="Create, resume or grow a campaign.")
@FOLDER
@RECIPE
@PROBLEMS
@SEED
@OPTIMIZERS
@EXCLUDE
@PRIOR
@ADDRESS
@WORKERS
@click.option("--quiet", is_flag=True, help="Print only the outcome.")
def run_command(
    folder: str,
    recipe: str | None,
    problems: int | None,
    seed: int | None,
    optimizers: str | None,
    exclude: str | None,
    prior: Path | None,
    address: str,
    workers: int | None,
    quiet: bool,
) -> int:
    """Create, resume or grow the campaign in DIR: make every run that is missing.

    Ctrl-C stops the command cleanly; the same command goes on from there.
    """
    given = None if prior is None else read_prior(prior)
    spec = campaign_for(folder, recipe, problems, given, Changes(seed, _names(optimizers), _names(exclude)))
    console = Console(stderr=True)
    with stop_on_interrupt(console) as stop, progress_display(console, quiet=quiet) as report:
        outcome = run_campaign(
            folder,
            spec,
            executor(address, workers),
            prior=given,
            report=with_metrics(report, address, folder_name(folder)),
            notice=lambda line: say(console, line),
            stop=stop,
        )
    campaign_output.show_outcome(Console(), outcome, folder)
    return _exit_code(outcome)


@llamoco_data.command("recipe", short_help="Print a recipe, to start your own from.")
@click.argument("name", default="standard")
def recipe_command(name: str) -> None:
    """Print the recipe NAME as a file. Change what you like, save it as FILE.toml, and give it to `run --recipe`."""
    click.echo(recipe_text(recipe_named(name)), nl=False)


@llamoco_data.command("add", short_help="Add your own problems, or real ones, to a campaign.")
@FOLDER
@click.argument("files", metavar="[FILE...]", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--suite",
    type=click.Choice(["all", *SUITES]),
    metavar="NAME",
    help=f"Add the real problems of a suite ({', '.join(SUITES)}) or of all, for split `test_real`.",
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
            wanted = tuple(SUITES) if suite == "all" else (suite,)
            joined = add_suites(folder, spec, wanted, budgets, notice=lambda line: say(console, line))
        else:
            joined = add_files(folder, spec, files, notice=lambda line: say(console, line))
    if isinstance(joined, AddedSuites):
        campaign_output.show_added_suites(Console(), joined, folder)
    else:
        campaign_output.show_added(Console(), joined, folder)


@llamoco_data.command("status", short_help="Say what a campaign holds.")
@FOLDER
def status_command(folder: str) -> None:
    """Say what the campaign in DIR holds."""
    campaign_output.show_status(Console(), status(folder), folder)


@llamoco_data.command("verify", short_help="Check a campaign or an export.")
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


@llamoco_data.command("export", short_help="Write the instruction set of a campaign.")
@FOLDER
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--budget",
    "budgets",
    type=float,
    multiple=True,
    metavar="SHARE",
    help="Also export every problem at this share of its budget, such as 0.1, judged by the traces of its runs. "
    "The option may be given several times.",
)
@click.option(
    "--since",
    type=click.IntRange(min=1),
    metavar="SNAPSHOT",
    help="Also write what has changed since this snapshot of OUT: rows to add or replace, and the reason for each.",
)
@click.option(
    "--to",
    "to",
    type=click.Choice(FORMATS),
    metavar="FORMAT",
    help="Write the runs in another format instead: aslib (a scenario of ASlib) or ioh (files of IOHprofiler).",
)
@PROCESSES
@click.option("--quiet", is_flag=True, help="Print only the folder of the export.")
def export_command(
    folder: str,
    out: Path,
    budgets: tuple[float, ...],
    since: int | None,
    to: Format | None,
    processes: int | None,
    quiet: bool,
) -> None:
    """Write the instruction set of the campaign in DIR to OUT, as its next snapshot: Parquet and a dataset card.

    With --to, write the runs of the complete problems to the new folder OUT instead, in a format of the field.
    """
    if to is not None:
        if budgets or since is not None:
            raise click.UsageError(f"--to {to} writes runs as they are; leave out --budget and --since")
        with working(Console(stderr=True), "judging problems and writing runs", quiet=quiet):
            converted = convert(folder, out, to)
        set_output.show_converted(Console(), converted, to, quiet=quiet)
        return
    with working(Console(stderr=True), "judging problems and writing rows", quiet=quiet):
        exported = export_set(folder, out, budgets=budgets, since=since, processes=processes)
    if quiet:
        click.echo(str(exported.folder))
    else:
        set_output.show_export(Console(), exported, folder)


@llamoco_data.command("extend", short_help="Add unmeasured problems to an export.")
@click.argument("folder", metavar="EXPORT")
@click.option(
    "--problems",
    required=True,
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of problems of the split. It can grow, but not shrink.",
)
@PROCESSES
@click.option("--quiet", is_flag=True, help="Print only the folder of the export.")
def extend_command(folder: str, problems: int, processes: int | None, quiet: bool) -> None:
    """Bring the split `train_extended` of EXPORT to N problems, which nobody measured, as the next snapshot.

    The problems are drawn like those of the campaign. A forest, fitted on the measured training problems, expects a
    score of every optimizer, and the best one is the answer.
    """
    with counting(Console(stderr=True), "growing a forest from the training problems", quiet=quiet) as report:
        extended = extend(folder, problems, processes=processes, report=report)
    if quiet:
        click.echo(folder)
    else:
        set_output.show_extended(Console(), extended, folder)


@llamoco_data.command("compare", short_help="Say what differs between two exports.")
@click.argument("before", metavar="EXPORT")
@click.argument("now", metavar="OTHER")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Parquet file for every row that differs.")
def compare_command(before: str, now: str, out: Path | None) -> None:
    """Say which rows differ between the newest snapshots of EXPORT and OTHER, why, and which labels are others."""
    with working(Console(stderr=True), "reading both sets"):
        comparison = compare(before, now)
    if out is not None:
        write_comparison(comparison, out)
    set_output.show_comparison(Console(), comparison, before, now)


@llamoco_data.command("prior", short_help="Write what a campaign's scores tell of new problems.")
@FOLDER
@click.option("--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="File to write.")
@PROCESSES
def prior_command(folder: str, out: Path, processes: int | None) -> None:
    """Write the scores of all optimizers on the training problems of the campaign in DIR, for `run --prior`.

    From them, a forest expects which optimizers will win a new problem, by what its statement says.
    """
    with working(Console(stderr=True), "judging problems and growing a forest"):
        prior = write_prior(folder, out, processes=processes)
    campaign_output.show_prior(Console(), prior, out)


@llamoco_data.command("report", short_help="Write an HTML page about a campaign, or about scores.")
@click.argument("folders", metavar="DIR...", nargs=-1, required=True)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="File to write. [default: DIR-report.html in the current folder]",
)
@PROCESSES
def report_command(folders: tuple[str, ...], out: Path | None, processes: int | None) -> None:
    """Write an HTML page about the campaign in DIR: which optimizers win where, how clearly, and at what cost.

    If DIR is a folder of scores, or several of them, the page is about these: models and baselines beside each other.
    """
    folder, *others = folders
    if others or holds_scores(folder):
        with working(Console(stderr=True), "reading scores and drawing the page"):
            compared = write_scores_page(folders, out)
        score_output.show_compared(Console(), compared)
        return
    with working(Console(stderr=True), "judging problems and drawing the page"):
        reported = write_report(folder, out, processes=processes)
    campaign_output.show_report(Console(), reported)


llamoco_data.add_command(baseline_command)


@llamoco_data.command("score", short_help="Run and score the programs that a model wrote.")
@click.argument("programs", type=click.Path(path_type=Path))
@click.option("--data", required=True, metavar="EXPORT", help="The export whose instructions the programs answer.")
@click.option(
    "--out",
    required=True,
    metavar="SCORES",
    help="Folder of the runs and scores. Runs that it holds are not made again.",
)
@ADDRESS
@WORKERS
@TIME_LIMIT
@CONFINEMENT
@click.option("--trust-programs", is_flag=True, help="Run the programs as you, unconfined.")
@click.option(
    "--reuse",
    multiple=True,
    metavar="SCORES",
    help="Other scores, whose runs of the same programs, those of the baselines for instance, are not made again. The "
    "option may be given several times.",
)
@click.option("--quiet", is_flag=True, help="Print only the scores.")
def score_command(
    programs: Path,
    data: str,
    out: str,
    address: str,
    workers: int | None,
    time_limit_s: float,
    tier: Tier,
    trust_programs: bool,
    reuse: tuple[str, ...],
    quiet: bool,
) -> int:
    """Run the programs that a model wrote on their problems, and score them beside baselines.

    PROGRAMS is the Parquet file that `llamoco-tune generate` wrote. Each run has a confined process, which sees
    no files of yours, no network and no other process; where a machine cannot confine programs, nothing is run. Ctrl-C
    stops the command cleanly; the same command goes on from there.
    """
    console = Console(stderr=True)
    with stop_on_interrupt(console, SCORE_PATIENCE_S) as stop, progress_display(console, quiet=quiet) as report:
        scored = score(
            programs,
            data,
            out,
            executor(address, workers),
            time_limit_s=time_limit_s,
            confined="trusted" if trust_programs else tier,
            reuse=reuse,
            report=report,
            notice=lambda line: say(console, line),
            stop=stop,
        )
    score_output.show_scored(Console(), scored, out)
    return DRAINED_EXIT_CODE if scored.summary is None else 0


@llamoco_data.command("try", short_help="Run a program on your own problem, beside others.")
@click.argument("problem", type=click.Path(path_type=Path))
@click.argument("program", type=click.Path(path_type=Path))
@click.option(
    "--seeds",
    default=5,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of runs of a program.",
)
@click.option(
    "--against",
    multiple=True,
    metavar="NAME",
    help="Optimizer of the portfolio to run beside the program, or `portfolio` for all that apply. The option may be "
    "given several times. Random search always runs.",
)
@TIME_LIMIT
@CONFINEMENT
@click.option(
    "--html", "page", type=click.Path(path_type=Path), metavar="FILE", help="Also write the result as an HTML page."
)
def try_command(
    problem: Path,
    program: Path,
    seeds: int,
    against: tuple[str, ...],
    time_limit_s: float,
    tier: Tier,
    page: Path | None,
) -> None:
    """Run PROGRAM, a Python file from anywhere, on your own PROBLEM, a Python file as for `add`.

    The problem's code runs as you, the programs are confined. Nothing is kept but the page.
    """
    text, console = read_python(program), Console(stderr=True)
    check_names(against)
    if page is not None:
        check_place(page)
    with working(console, "evaluating the problem at random points"):
        checked = checked_file(problem)
        beside = others(against, checked.spec)
    what = f"running {counted(1 + len(beside), 'program')}"
    with counting(console, what, "runs") as report:
        name = program.name if program.suffix else f"{program.name} (file)"  # no optimizer has such a name
        result = tried(checked, name, text, beside, seeds=seeds, time_limit_s=time_limit_s, least=tier, report=report)
    if page is not None:
        write_page(result, page, BASELINE)
    try_output.show_tried(Console(), result, page)


@llamoco_data.command("check-plugin", short_help="Check an optimizer against the portfolio's rules.")
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


@llamoco_data.command("show", short_help="Show a problem with its race, or an instruction.")
@FOLDER
@click.argument("identifier", metavar="[ID]", required=False)
@click.option(
    "--program",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Save the winning program to FILE, and show nothing.",
)
def show_command(folder: str, identifier: str | None, program: Path | None) -> None:
    """Show a problem of the campaign in DIR with the programs that raced on it, or an instruction of the export in DIR.

    ID is the id of the problem or instruction, or its first characters; for a problem, also its index or name. Without
    ID, the command lists all of them.
    """
    show_output.show(Console(), folder, identifier, program)


@llamoco_data.command("portfolio", short_help="List the optimizers.")
@click.option("--candidates", is_flag=True, help="List every candidate with its id and settings instead.")
def portfolio_command(candidates: bool) -> None:
    """List the optimizers by family: their library, constraints, size of the grid of settings, where they apply."""
    set_output.show_portfolio(Console(), candidates=candidates)


def _names(given: str | None) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(name.strip() for name in (given or "").split(",") if name.strip())


def _exit_code(outcome: Outcome) -> int:
    return DRAINED_EXIT_CODE if outcome.drained else 0


def _fail(message: str) -> NoReturn:
    click.echo(f"llamoco-data: {' '.join(message.split())}", err=True)
    sys.exit(2)


def _help_command(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return command(*(context.command_path.split()[1:] if context else ()), "--help")
