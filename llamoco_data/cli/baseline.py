"""The command `llamoco-data baseline`, which writes the programs of a rival that is no model."""

from pathlib import Path

import click
from rich.console import Console

from llamoco_data.cli.progress import working
from llamoco_data.cli.text import say
from llamoco_data.invocation import command
from llamoco_data.plurals import counted
from llamoco_data.rivals import RIVALS, Rival, Written, write_rival

_WIDEST = max(map(len, RIVALS))
_HELP = f"""Write the programs of a rival, which is no model, for the problems of a split: one for each problem.

`llamoco-data score` scores the file like that of a model. Equal arguments write equal files. NAME is one of:

\b
{chr(10).join(f"{name:{_WIDEST}}  {what}" for name, what in RIVALS.items())}
"""


@click.command("baseline", short_help="Write the programs of a rival that is no model.", help=_HELP)
@click.argument("name", metavar="NAME", type=click.Choice(tuple(RIVALS)))
@click.option("--data", required=True, metavar="EXPORT", help="The export whose problems are answered.")
@click.option("--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="File to write.")
@click.option("--split", default="test", show_default=True, metavar="SPLIT", help="Split whose problems are answered.")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    metavar="N",
    help="Seed of what a rival draws: the random candidate, the sample of landscape.",
)
@click.option(
    "--programs",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="For top-3: the programs of a model that chooses, as `llamoco-tune generate` wrote them.",
)
@click.option("--quiet", is_flag=True, help="Print nothing.")
def baseline_command(
    name: Rival, data: str, out: Path, split: str, seed: int, programs: Path | None, quiet: bool
) -> None:
    if programs is not None and name != "top-3":
        raise click.UsageError("--programs is for top-3 alone, the others need no model")
    with working(Console(stderr=True), f"answering as {name}", quiet=quiet):
        written = write_rival(name, data, out, split=split, seed=seed, model=programs)
    if not quiet:
        _show(Console(), written, data)


def _show(console: Console, written: Written, data: str) -> None:
    texts = counted(written.num_texts, "text")
    say(console, f"{written.file}: {counted(written.num_programs, 'program')}, {texts} in all")
    if written.num_unanswered:
        say(console, f"{counted(written.num_unanswered, 'problem')} of the split without an answer")
    say(console, f"next: {command('score', written.file, '--data', data, '--out', 'SCORES')}")
