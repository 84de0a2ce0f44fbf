"""`llamoco-tune ask`: a program for one problem, from the model of the package or another."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from llamoco_tune.invocation import command
from llamoco_tune.named import READY

if TYPE_CHECKING:
    from llamoco_tune.asking import Asked
    from llamoco_tune.asking.problem import Stated

COUNT = click.IntRange(min=1)
SHOWN = 8
"""Optimizers that are listed at most, besides those with programs."""
LEAST_SHOWN = 0.01
"""Smallest probability that is listed."""
USUAL_CHOICE = "slsqp"
"""The best choice for a problem of which nothing is known."""
STANDARD_OUTPUT = Path("-")
BAR = 20
"""Width of the longest bar, in characters."""


@click.command("ask", short_help="Answer one problem with a program.")
@click.argument("problem", metavar="PROBLEM")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="File for the program; else it is printed."
)
@click.option(
    "--top",
    type=COUNT,
    default=1,
    show_default=True,
    metavar="K",
    help="Number of programs, each of another optimizer if the model chooses.",
)
@click.option(
    "--model", default=READY, show_default=True, metavar="NAME", help="Model: a folder, or its name on hub or server."
)
@click.option(
    "--endpoint", metavar="URL", help="URL of an OpenAI-compatible server; its key is read from OPENAI_API_KEY."
)
@click.option("--wordings", type=COUNT, metavar="K", help="Requests over which the choice is averaged. [default: 4]")
def ask_command(
    problem: str, out: Path | None, top: int, model: str, endpoint: str | None, wordings: int | None
) -> None:
    """Answer PROBLEM with a program: the optimizer that suits it, with its settings.

    PROBLEM is a file of Python (.py) or LaTeX (.tex), or - for standard input. It is read and not executed. The program
    goes to standard output or to --out, which replaces only what `ask` wrote and nobody changed; what the model
    considered goes to standard error.
    """
    if endpoint is not None and (model == READY or wordings is not None):
        raise click.UsageError("--endpoint needs --model, the model's name there, and takes no --wordings")
    from llamoco_tune.asking.answering import WORDINGS, asked  # noqa: PLC0415 - `--help` answers at once
    from llamoco_tune.asking.problem import read_problem, stated  # noqa: PLC0415
    from llamoco_tune.asking.program_files import check_free, write_program  # noqa: PLC0415

    files = _files(out, top) if out is not None and out != STANDARD_OUTPUT else []
    replaced = {file for file in files if check_free(file)}
    given = stated(sys.stdin.buffer.read(), "-") if problem == "-" else read_problem(Path(problem))
    found = asked(given, model=model, endpoint=endpoint, top=top, wordings=wordings or WORDINGS)
    for line in _lines(given, found):
        click.echo(line, err=True)
    if not files:
        for number, each in enumerate(found.programs):
            click.echo(f"{_between(number, found)}{each}", nl=False)
    else:
        for file, text in zip(files, found.programs, strict=False):
            write_program(file, text)
            click.echo(f"program     {file}{', replaced' if file in replaced else ''}", err=True)
    click.echo(f"next        {_next(given, problem, files, has_warnings=bool(found.warnings))}", err=True)


def _lines(problem: "Stated", found: "Asked") -> list[str]:
    """What the model made of the problem, line by line."""
    kind = "constrained" if problem.is_constrained else "bounds alone"
    lines = [f"problem     {problem.size}, {kind}, {problem.max_evaluations:,} evaluations ({problem.form})"]
    likely = [each.probability for each in found.alternatives if each.probability is not None]
    width = max((len(each.optimizer) for each in found.alternatives), default=0)
    for number, each in enumerate(found.alternatives[: max(SHOWN, len(found.programs))]):
        if each.probability is None or (each.probability < LEAST_SHOWN and not each.program):
            continue
        bar = "▇" * max(1, round(BAR * each.probability / max(likely)))
        lines.append(f"{'' if number else 'considered':<12}{each.optimizer:<{width}}  {each.probability:4.0%}  {bar}")
    if found.worth is not None:
        share, count = found.worth.share, found.worth.num_choices
        lines.append(
            f"worth       of {count} choices as likely in validation, {share:.0%} scored within 0.02 of the best"
        )
    elif likely and found.alternatives[0].probability != max(likely):
        lines.append("worth       not measured of programs that are not the first choice's")
    elif likely:
        lines.append(f"worth       not measured; see: {command('calibrate', '--help')}")
    return [*lines, *(f"warning     {each}" for each in found.warnings)]


def _between(number: int, found: "Asked") -> str:
    """What stands before a program on standard output, if there are several."""
    if len(found.programs) == 1:
        return ""
    optimizer = found.alternatives[number].optimizer
    line = f"# {number + 1} of {len(found.programs)}{f': {optimizer}' if optimizer else ''}\n"
    return f"\n\n{line}" if number else line


def _next(problem: "Stated", name: str, files: list[Path], *, has_warnings: bool) -> str:
    """The command that runs the first program; a doubtful one beside the usual choice where nothing is known."""
    from llamoco_tune.asking.problem import trying  # noqa: PLC0415

    against = ("--against", USUAL_CHOICE) if has_warnings else ()
    if files:
        return trying(problem, str(files[0]), *against)
    return f"{command('ask', name, '--out', 'program.py')}, then {trying(problem, 'program.py', *against)}"


def _files(out: Path, top: int) -> list[Path]:
    """The files of the programs: the one that was named, or NAME-1.py, NAME-2.py and so on."""
    if top == 1:
        return [out]
    return [out.with_name(f"{out.stem}-{number + 1}{out.suffix}") for number in range(top)]
