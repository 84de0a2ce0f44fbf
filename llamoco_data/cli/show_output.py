"""What `show` prints: a problem of a campaign with its race, an instruction of an export, or a list of either."""

# pyarrow comes without types.
# pyright: reportUnknownParameterType=false

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
from rich.console import Console
from rich.table import Table

from llamoco_data.campaign import CampaignReader, ProblemRuns, is_named, view_of
from llamoco_data.cli.text import code, counts, say, settings_text
from llamoco_data.export import baseline_of
from llamoco_data.export.making import optimizer_confidence
from llamoco_data.files import LocalFiles
from llamoco_data.folders import content_of, not_a
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import instruction_tables
from llamoco_data.invocation import command
from llamoco_data.plurals import counted
from llamoco_data.portfolio.stored_candidates import StoredCandidate, optimizers_of
from llamoco_data.problems.evaluation import proven_optimum
from llamoco_data.problems.own_spec import AnySpec, OwnProblemSpec
from llamoco_data.statements import forms_of, python_source, statement
from llamoco_data.verdicts import Standing, Verdict, judge

Item = TypeVar("Item")
Row = Mapping[str, object]

LISTED = ("instruction_id", "split", "form", "optimizer", "dimension", "max_evaluations")
"""Columns of the list of an export's instructions."""


def show(console: Console, folder: str, identifier: str | None, program: Path | None) -> None:
    """Shows one problem or instruction, or saves its program, or lists all of them.

    Args:
        identifier: the beginning of an id; for a problem, also its index or its name. None lists all.
        program: file to save the winner's program to; nothing else is printed.

    Raises:
        LlamocoError: the folder is neither a campaign nor an export, the identifier fits nothing or several things in
            it, or the program cannot be saved.
    """
    if program is not None and identifier is None:
        raise LlamocoError(f"--program needs an ID: {command('show', folder)} lists them")
    content = content_of(folder)
    if content is not None and content.name == "an export":
        _show_export(console, folder, identifier, program)
    elif content is not None and content.name == "a campaign":
        _show_campaign(console, folder, identifier, program)
    else:
        raise not_a("a campaign or an export", folder, "holds no campaign and no export; give the folder of one")


def _beginning_with(identifier: str, table: pa.Table) -> list[dict[str, object]]:
    ids: list[str] = table["instruction_id"].to_pylist()
    places = [place for place, each in enumerate(ids) if each.startswith(identifier)]
    return table.take(pa.array(places, pa.int64())).to_pylist()


def _show_export(console: Console, folder: str, identifier: str | None, program: Path | None) -> None:
    tables = instruction_tables(folder)
    if identifier is None:
        rows = [row for table in tables for row in table.select(LISTED).to_pylist()]
        _list_instructions(console, rows, folder)
        return
    found = [row for table in tables for row in _beginning_with(identifier, table)]
    row = _the_only(found, identifier, folder)
    if program is None:
        _show_instruction(console, row)
        return
    _save(program, str(row["answer"]))
    say(console, f"{program}: {row['optimizer']}, the answer of instruction {row['instruction_id']}")


def _show_campaign(console: Console, folder: str, identifier: str | None, program: Path | None) -> None:
    reader = CampaignReader(view_of(folder))
    specs = {index: reader.problem(index) for index in reader.indices()}
    if identifier is None:
        _list_problems(console, reader, specs, folder)
        return
    # A number that is an index can also begin an id; the index takes precedence.
    found = [index for index in specs if str(index) == identifier]
    named = [i for i, spec in specs.items() if isinstance(spec, OwnProblemSpec) and is_named(identifier, spec.name)]
    if not found and len(named) > 1:
        ids = ", ".join(specs[index].problem_id for index in named)
        raise LlamocoError(f"{folder} holds {len(named)} problems named {identifier}: {ids}; give the id of one")
    found = found or named
    found = found or [i for i, spec in specs.items() if spec.problem_id.startswith(identifier)]
    runs = reader.runs(_the_only(found, identifier, folder))
    if program is None:
        _show_problem(console, runs.spec)
        _show_race(console, runs, reader.candidates, folder)
        return
    if not runs.records:
        going_on = command("run", folder)
        raise LlamocoError(f"problem {runs.spec.problem_id} has no runs yet, so no winner; run it with: {going_on}")
    winner = reader.candidates[_verdict(runs, reader.candidates).winner]
    _save(program, winner.program)
    so_far = "won" if runs.complete else "leads the unfinished race of"
    say(console, f"{program}: {winner.optimizer}, the program that {so_far} problem {runs.spec.problem_id}")


def _list_instructions(console: Console, rows: Sequence[Row], folder: str) -> None:
    table = counts("instruction", "split", "form", "optimizer", "D", "budget", numbers=(4, 5))
    for row in rows:
        table.add_row(*(str(row[name]) for name in LISTED[:-1]), f"{row['max_evaluations']:,}")
    console.print(table)
    say(console, f"{counted(len(rows), 'instruction')}; show one with: {command('show', folder, 'ID')}")


def _list_problems(console: Console, reader: CampaignReader, specs: Mapping[int, AnySpec], folder: str) -> None:
    table = counts("index", "problem", "kind", "D", "budget", "g", "h", "runs", numbers=(0, 3, 4, 5, 6, 7))
    for index, spec in specs.items():
        runs = reader.runs(index)
        table.add_row(
            str(index) if index >= 0 else "-",
            spec.problem_id,
            (spec.name or "own") if isinstance(spec, OwnProblemSpec) else spec.kind,
            str(spec.dimension),
            f"{spec.max_evaluations:,}",
            str(spec.num_inequality),
            str(spec.num_equality),
            f"{len(runs.records):,}{'' if runs.complete else ' so far'}",
        )
    console.print(table)
    unbegun = reader.spec.problems_total - len(specs)
    rest = f", {counted(unbegun, 'more is', 'more are')} not begun" if unbegun else ""
    say(console, f"{counted(len(specs), 'problem')}{rest}; show one with: {command('show', folder, 'ID')}")


def _show_instruction(console: Console, row: Row) -> None:
    console.rule(f"prompt ({row['split']}, {row['form']}, wording {row['wording']})")
    say(console, str(row["prompt"]).rstrip())
    console.rule("answer")
    code(console, str(row["answer"]).rstrip())
    predicted = row["label_source"] == "predicted"
    console.rule("what was predicted" if predicted else "how it was measured")
    console.print(_rivals_of_row(row))
    if predicted:
        say(console, "Nothing was run on this problem: scores are what similar measured problems let expect.")
        return
    proven = " (proven)" if row["best_known_proven"] else ""
    say(
        console,
        f"confidence {row['confidence']:.2f}, or {row['optimizer_confidence']:.2f} with any settings; "
        f"best known value {row['best_known']!r}{proven}",
    )
    order = "in the order of the verdict"
    if row["base_problem_id"] == row["problem_id"]:
        order += ", in which candidates that ran longer in the race come first"
    say(console, f"Each optimizer with its best settings, {order}.")


def _rivals_of_row(row: Row) -> Table:
    """A table of the best candidate of every optimizer, as `_rivals`; a dash stands for what the row does not tell."""
    table = _rivals_table()
    ties = {tie["candidate_id"] for tie in _records(row["near_ties"])}
    for result in _records(row["optimizer_scores"]):
        candidate = result["candidate_id"]
        note = "winner" if candidate == row["candidate_id"] else "near-tie" if candidate in ties else ""
        settings = settings_text(json.loads(str(result["settings"])))
        runs = str(result["runs"] or "-")
        score = f"{result['score']:.3f}"
        feasible = "-" if result["feasible_share"] is None else f"{result['feasible_share']:.0%}"
        table.add_row(str(result["optimizer"]), settings, runs, score, feasible, note)
    return table


def _records(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def _show_problem(console: Console, spec: AnySpec) -> None:
    own = isinstance(spec, OwnProblemSpec)
    optimum = proven_optimum(spec)
    what = f"a user's own, {spec.name or 'without a name'}" if own else f"{spec.kind} of {', '.join(spec.functions)}"
    say(
        console,
        f"problem {spec.problem_id}: {what}; D = {spec.dimension}, "
        f"{counted(spec.max_evaluations, 'evaluation')}, {counted(spec.num_inequality, 'inequality', 'inequalities')}, "
        f"{counted(spec.num_equality, 'equality', 'equalities')}, "
        f"minimum {'unknown' if optimum is None else repr(optimum)}",
    )
    console.rule("as Python")
    code(console, python_source(spec).rstrip())
    if "latex" in forms_of(spec):
        console.rule("as LaTeX")
        say(console, statement(spec, form="latex").rstrip())


def _show_race(console: Console, runs: ProblemRuns, candidates: Mapping[str, StoredCandidate], folder: str) -> None:
    """Prints the winner's program and the results of its rivals."""
    if not runs.records:
        say(console, f"the problem has no runs yet; run it with: {command('run', folder)}")
        return
    verdict = _verdict(runs, candidates)
    winner = candidates[verdict.winner]
    console.rule(f"the program that {'won' if runs.complete else 'leads'} ({winner.optimizer})")
    code(console, winner.program.rstrip())
    console.rule(f"its race: {counted(len(runs.records), 'run')}{'' if runs.complete else ' so far'}")
    console.print(_rivals(verdict, candidates))
    proven = " (proven)" if verdict.best_known_proven else ""
    best = "no run was feasible" if verdict.best_known is None else f"best known value {verdict.best_known!r}{proven}"
    of_optimizer = optimizer_confidence(verdict, candidates)
    say(console, f"confidence {verdict.confidence:.2f}, or {of_optimizer:.2f} with any settings; {best}")
    if runs.informed:
        applying = set(optimizers_of(candidates.values(), runs.spec).values())
        left_out = len(applying - {candidates[record.candidate_id].optimizer for record in runs.records})
        say(console, f"an informed race: {counted(left_out, 'optimizer')} not run, of which the prior expected less")
    if verdict.kept_out:
        say(console, f"kept out of exports: {verdict.kept_out}")
    if not runs.complete:
        say(console, f"the race is not finished; go on with: {command('run', folder)}")


def _rivals(verdict: Verdict, candidates: Mapping[str, StoredCandidate]) -> Table:
    """A table of the best candidate of every optimizer, in the order of the verdict."""
    table = _rivals_table()
    for standing in _best_of_each(verdict.standings, candidates):
        candidate = standing.candidate_id
        note = "winner" if candidate == verdict.winner else "near-tie" if candidate in verdict.near_ties else ""
        table.add_row(
            candidates[candidate].optimizer,
            settings_text(candidates[candidate].settings),
            str(standing.runs),
            f"{standing.score:.3f}",
            f"{standing.feasible_share:.0%}",
            note,
        )
    return table


def _rivals_table() -> Table:
    return counts("optimizer", "settings", "runs", "score", "feasible", "", numbers=(2, 3, 4))


def _best_of_each(standings: Iterable[Standing], candidates: Mapping[str, StoredCandidate]) -> Iterable[Standing]:
    best: dict[str, Standing] = {}
    for standing in standings:
        best.setdefault(candidates[standing.candidate_id].optimizer, standing)
    return best.values()


def _verdict(runs: ProblemRuns, candidates: Mapping[str, StoredCandidate]) -> Verdict:
    return judge(runs.records, order=list(candidates), baseline=baseline_of(candidates))


def _save(file: Path, program: str) -> None:
    """Writes a program to a new file; a file that holds the same program is left as it is.

    Raises:
        LlamocoError: it cannot be written, or the file exists and holds something else.
    """
    target, data = file.absolute(), program.encode()
    if target.is_dir():
        raise LlamocoError(f"{file} is a folder; name a file for the program, such as {file / 'program.py'}")
    place = LocalFiles(target.parent)
    if not place.put_if_absent(target.name, data) and place.read(target.name) != data:
        raise LlamocoError(f"{file} exists, and a program must not replace it; name another file with --program")


def _the_only(found: list[Item], identifier: str, folder: str) -> Item:
    if len(found) != 1:
        what, advice = ("several ids begin", "give more of it") if found else ("no id begins", "give another one")
        raise LlamocoError(f"{what} with {identifier!r} in {folder}; {advice}: {command('show', folder)} lists them")
    return found[0]
