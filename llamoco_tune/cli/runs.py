"""`llamoco-tune runs`: the runs beneath a folder, with the settings in which they differ and what came out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from llamoco_tune.display import whole_line

if TYPE_CHECKING:
    from llamoco_tune.run_folder import RunRecord


@click.command("runs", short_help="List runs with their settings and results.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def runs_command(folder: Path) -> None:
    """List the runs beneath DIR: the settings in which they differ, how far they came, and what came out."""
    from llamoco_tune.records import TuningError  # noqa: PLC0415 - pydantic is slow to import

    found = runs_beneath(folder)
    if not found:
        raise TuningError(f"{folder} holds no run; `teach` and `contrast` write one into each --out")
    console = Console()
    console.print(_table(folder, found), highlight=False)
    differing = _differing([run for _, run in found])
    if any(differing):
        console.print("\nsettings that are not the same in all")
        for (place, _), words in zip(found, differing, strict=True):
            whole_line(console, f"{_name(folder, place)}: {words}")


def runs_beneath(folder: Path) -> list[tuple[Path, "RunRecord"]]:
    """The folders of runs beneath a folder, or itself, in the order of their names, with their records.

    Raises:
        TuningError: a record cannot be read.
    """
    from llamoco_tune.run_folder import RUN_FILE, stored_run  # noqa: PLC0415 - pydantic is slow to import

    folders = sorted(file.parent for file in folder.rglob(RUN_FILE))
    stored = [(each, stored_run(each)) for each in folders]
    return [(each, run) for each, run in stored if run is not None]


def _table(folder: Path, found: Sequence[tuple[Path, "RunRecord"]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("run", "phase", "minutes", "loss", "gap closed", "parse"):
        table.add_column(column, justify="left" if column in ("run", "phase") else "right", overflow="fold")
    for place, run in found:
        results = run.results
        gap = results.get("kept_gap_closed", results.get("eval_gap_closed"))
        table.add_row(
            _name(folder, place),
            run.spec.phase,
            f"{run.facts.get('minutes', 0):.1f}" if run.finished else _unfinished(place),
            _number(results.get("eval_loss"), "{:.4f}"),
            _number(gap, "{:.0%}"),
            _number(results.get("eval_programs_parse"), "{:.0%}"),
        )
    return table


def _differing(runs: Sequence["RunRecord"]) -> list[str]:
    """The settings of each run that are not the same in all, in words."""
    from llamoco_tune.run_folder import flat  # noqa: PLC0415 - pydantic is slow to import

    settings = [{"base": Path(run.spec.base).name, **flat(run.spec.config)} for run in runs]
    names = dict.fromkeys(name for each in settings for name in each)
    varying = [name for name in names if len({str(each.get(name)) for each in settings}) > 1]
    return [", ".join(f"{name.rpartition('.')[2]} {_words(each.get(name))}" for name in varying) for each in settings]


def _name(folder: Path, place: Path) -> str:
    return place.name if place == folder else str(place.relative_to(folder))


def _unfinished(folder: Path) -> str:
    from llamoco_tune.run_folder import last_checkpoint, step_of  # noqa: PLC0415 - pydantic is slow to import

    checkpoint = last_checkpoint(folder)
    return "step 0" if checkpoint is None else f"step {step_of(checkpoint):,}"


def _words(value: object) -> str:
    return "-" if value is None else str(value)


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
