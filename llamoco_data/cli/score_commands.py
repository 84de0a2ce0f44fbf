"""The commands that run programs or look at how they did: report, score and try."""

import sys
from pathlib import Path

import click
from rich.console import Console

from llamoco_data.box.layers import Tier
from llamoco_data.cli import campaign_output, score_output, try_output
from llamoco_data.cli.options import ADDRESS, CONFINEMENT, DRAINED_EXIT_CODE, PROCESSES, TIME_LIMIT, WORKERS
from llamoco_data.cli.own_files import checked_file, read_python
from llamoco_data.cli.progress import counting, progress_display, working
from llamoco_data.cli.stopping import stop_on_interrupt
from llamoco_data.cli.text import say
from llamoco_data.comparison import holds_scores, write_scores_page
from llamoco_data.execution import executor
from llamoco_data.plurals import counted
from llamoco_data.portfolio import BASELINE
from llamoco_data.report import write_report
from llamoco_data.scoring import score
from llamoco_data.trying import Lines, check_place, others, tried, wanted_names, write_page

SCORE_PATIENCE_S = 1.0
"""Time that the runs of a score have to end once the command is to stop: a stranger's program may never do so."""


@click.command("report", short_help="Write an HTML page about a campaign, or about scores.")
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


@click.command("score", short_help="Run and score the programs that a model wrote.")
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


@click.command("try", short_help="Run a program on your own problem, beside others.")
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
    help="Optimizer of the portfolio to run beside the program, `portfolio` for all that apply, or the defaults of a "
    "library, such as scipy-minimize, as in `baseline`; or several, with commas between. It may be given several "
    "times. Random search always runs.",
)
@TIME_LIMIT
@CONFINEMENT
@click.option(
    "--html", "page", type=click.Path(path_type=Path), metavar="FILE", help="Also write the result as an HTML page."
)
@click.option(
    "--lines",
    is_flag=True,
    help="Print lines of JSON instead, as it happens: the problem, each run's best so far, and the result.",
)
def try_command(
    problem: Path,
    program: Path,
    seeds: int,
    against: tuple[str, ...],
    time_limit_s: float,
    tier: Tier,
    page: Path | None,
    lines: bool,
) -> None:
    """Run PROGRAM, a Python file from anywhere, on your own PROBLEM, and random search beside it.

    PROBLEM is a Python file that defines objective(x), lower, upper, max_evaluations and, if any, constraints(x).
    Its code runs as you, the programs are confined. Nothing is kept but the page.
    """
    text, console = read_python(program), Console(stderr=True)
    names = wanted_names(against)
    if page is not None:
        check_place(page)
    with working(console, "evaluating the problem at random points", quiet=lines):
        checked = checked_file(problem)
        beside = others(names, checked.spec)
    what = f"running {counted(1 + len(beside), 'program')}"
    name = program.name if program.suffix else f"{program.name} (file)"  # no optimizer has such a name
    live = Lines(sys.stdout.fileno()) if lines else None
    if live:
        live.begin(checked, (name, *beside), seeds)
    with counting(console, what, "runs", quiet=lines) as report:
        result = tried(
            checked,
            name,
            text,
            beside,
            seeds=seeds,
            time_limit_s=time_limit_s,
            least=tier,
            report=report,
            follow=live,
        )
    try:  # neither the page nor the output is lost where the other cannot be written
        if live:
            live.end(result)
        else:
            try_output.show_tried(Console(), result)
    finally:
        if page is not None:
            write_page(result, page, BASELINE)
    if page is not None and not live:
        try_output.show_page(Console(), page)
