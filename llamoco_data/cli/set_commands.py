"""The commands on an instruction set: export, extend, compare, prior and show."""

from functools import partial
from pathlib import Path

import click
from rich.console import Console

from llamoco_data.cli import campaign_output, set_output, show_output
from llamoco_data.cli.options import FOLDER, PROCESSES
from llamoco_data.cli.progress import counting, working
from llamoco_data.export import compare, extend, join, write_comparison, write_prior
from llamoco_data.export import export as export_set
from llamoco_data.formats import FORMATS, Format, convert


@click.command("export", short_help="Write the instruction set of a campaign.")
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


@click.command("extend", short_help="Add unmeasured or real problems to an export.")
@click.argument("folder", metavar="EXPORT")
@click.option(
    "--problems",
    type=click.IntRange(min=1),
    metavar="N",
    help="Bring the split `train_extended` to N problems, which nobody measured. It can grow, but not shrink.",
)
@click.option(
    "--real",
    "campaign",
    metavar="DIR",
    help="Add the complete real problems of the campaign in DIR to the split `test_real`.",
)
@PROCESSES
@click.option("--quiet", is_flag=True, help="Print only the folder of the export.")
def extend_command(folder: str, problems: int | None, campaign: str | None, processes: int | None, quiet: bool) -> None:
    """Add problems that nobody measured, or the real ones of another campaign, to EXPORT, as its next snapshot.

    Those that nobody measured are drawn like those of the campaign. A forest, fitted on the measured training problems,
    expects a score of every optimizer, and the best one is the answer.

    Real problems are judged beside the single best solver of EXPORT; those that EXPORT has stay as they are.
    """
    if problems is not None and campaign is None:
        with counting(Console(stderr=True), "growing a forest from the training problems", quiet=quiet) as report:
            extended = extend(folder, problems, processes=processes, report=report)
        show = partial(set_output.show_extended, extended=extended, folder=folder)
    elif campaign is not None and problems is None:
        with working(Console(stderr=True), "judging problems and writing rows", quiet=quiet):
            joined = join(folder, campaign, processes=processes)
        show = partial(set_output.show_joined, joined=joined, folder=folder)
    else:
        raise click.UsageError("give --problems N, or --real DIR")
    if quiet:
        click.echo(folder)
    else:
        show(Console())


@click.command("compare", short_help="Say what differs between two exports.")
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


@click.command("prior", short_help="Write what a campaign's scores tell of new problems.")
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


@click.command("show", short_help="Show a problem with its race, or an instruction.")
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
