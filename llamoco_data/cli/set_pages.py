"""What the commands on an instruction set, a problem and the portfolio print."""

import json
from collections.abc import Mapping
from typing import TypeVar

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from llamoco_data.campaign import load_campaign, read_problems
from llamoco_data.cli.text import code, counts, facts, program_name, say
from llamoco_data.export import REASONS, Changes, Exported
from llamoco_data.files import files_at
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import SPLITS, read_instructions
from llamoco_data.portfolio import OPTIMIZERS, Optimizer, portfolio
from llamoco_data.problems.evaluation import proven_optimum
from llamoco_data.problems.own_spec import AnySpec, OwnProblemSpec
from llamoco_data.statements import forms_of, python_source, statement

Item = TypeVar("Item")


def show_export(console: Console, exported: Exported, folder: str) -> None:
    """The closing summary: one instruction of the set, what is in it, and what to try next."""
    report, example = exported.report, exported.example
    console.rule("one instruction: the prompt")
    say(console, example.prompt.rstrip())
    console.rule(f"its answer: the program that won ({example.optimizer}, score {example.winner_score:.2f})")
    code(console, example.answer.rstrip())
    console.rule(f"the instruction set {exported.folder}")
    console.print(_winners(exported), "", _splits(exported), "", sep="\n")
    kept_out = ", ".join(f"{n} {reason}" for reason, n in report.kept_out.items()) or "none"
    rows = [
        ("near-ties", f"{report.near_tie_share:.0%} of the problems have one, with another optimizer"),
        ("kept out", f"{kept_out}; {report.incomplete} not finished"),
        ("mean score", f"{report.virtual_best_score:.2f} of the winners; random search is 0, the target 1"),
        ("", f"{report.single_best_score:.2f} of the single best solver, {escape(report.single_best)}"),
        ("snapshot", f"{exported.snapshot}{', which the folder held already' if exported.unchanged else ''}"),
        ("files", exported.files[0]),
        *(("", file) for file in (*exported.files[1:], "README.md (dataset card)")),
    ]
    console.print(facts(rows), highlight=False)
    if exported.changes and not (exported.unchanged and exported.changes.folder is None):
        _show_changes(console, exported.changes)
    console.print("\ntry next", style="bold")
    name, more = program_name(), 2 * report.spec.num_problems or 10
    say(console, f"  {name} show {exported.folder} {example.instruction_id}   # how its rivals did")
    say(
        console,
        f"  {name} run {folder} --problems {more}   # grow the campaign, then export again",
    )


def show_one(console: Console, folder: str, identifier: str) -> None:
    """A problem of a campaign, or an instruction of an export.

    Raises:
        LlamocoError: there is none of that id in the folder, or several.
    """
    if files_at(folder).names("data"):
        rows = read_instructions(folder).to_pylist()
        found = [row for row in rows if row["instruction_id"].startswith(identifier)]
        _show_instruction(console, _the_only(found, identifier, folder))
        return
    load_campaign(folder)
    problems = [(runs.index, runs.spec) for runs in read_problems(folder)]
    # A short number can also begin an id: the index is meant.
    specs = [spec for index, spec in problems if str(index) == identifier]
    specs = specs or [spec for _, spec in problems if isinstance(spec, OwnProblemSpec) and spec.name == identifier]
    specs = specs or [spec for _, spec in problems if spec.problem_id.startswith(identifier)]
    _show_problem(console, _the_only(specs, identifier, folder))


def show_portfolio(console: Console, *, candidates: bool) -> None:
    """The optimizers, or every candidate."""
    if candidates:
        table = Table("candidate", "optimizer", "settings", box=None, pad_edge=False)
        for candidate in portfolio():
            table.add_row(candidate.candidate_id, candidate.optimizer, _settings(candidate.settings))
        console.print(table)
        return
    table = Table("optimizer", "family, library", "constraints", "settings, limits", box=box.SIMPLE, pad_edge=False)
    table.columns[0].no_wrap = True
    table.columns[3].overflow = "fold"
    for optimizer in OPTIMIZERS:
        constraints = "yes" if optimizer.takes_constraints else "no"
        constraints = "only with" if optimizer.needs_constraints else constraints
        details = [f"{name}: {', '.join(map(str, values))}" for name, values in optimizer.grid.items()]
        details = "\n".join([*details, *_limits(optimizer)]) or "-"
        table.add_row(optimizer.name, f"{optimizer.family}\n{optimizer.library}", constraints, details)
    console.print(table)
    say(console, f"{len(OPTIMIZERS)} optimizers, {len(portfolio())} candidates")


def _show_changes(console: Console, changes: Changes) -> None:
    """What is not as it was in an earlier snapshot."""
    counted = changes.count()
    added, withdrawn = (sum(n for r, n in counted.items() if REASONS[r][0] == kind) for kind in ("added", "withdrawn"))
    changed = len(changes.rows) - added - withdrawn
    other_answer = counted.get("new winner", 0) + counted.get("new program text", 0)
    say(
        console,
        f"\nsince snapshot {changes.since}: {added:,} new rows, {changed:,} changed ({other_answer:,} have another "
        f"answer), {withdrawn:,} withdrawn",
    )
    rows = counts("rows", "reason", "", numbers=(0,))
    for reason, count in counted.items():
        rows.add_row(f"{count:,}", reason, REASONS[reason][1])
    if counted:
        console.print(rows)
    if changes.folder:
        say(console, f"written to {changes.folder}")


def _winners(exported: Exported) -> Table:
    table = counts("optimizer", "problems won", "", "family", "problems won", numbers=(1, 4))
    families = list(exported.report.winning_families.items())
    for i, (name, count) in enumerate(exported.report.winners.items()):
        family, won = families[i] if i < len(families) else ("", "")
        table.add_row(name, str(count), "", family, str(won))
    return table


def _splits(exported: Exported) -> Table:
    table = counts("split", "problems", "rows", numbers=(1, 2))
    for split in SPLITS:
        table.add_row(split, f"{exported.report.problems[split]:,}", f"{exported.report.rows[split]:,}")
    return table


def _show_instruction(console: Console, row: dict[str, object]) -> None:
    console.rule(f"prompt ({row['split']}, {row['form']}, wording {row['wording']})")
    say(console, str(row["prompt"]).rstrip())
    console.rule("answer")
    code(console, str(row["answer"]).rstrip())
    console.rule("how it was measured")
    console.print(_rivals(row))
    proven = " (proven)" if row["best_known_proven"] else ""
    say(
        console,
        f"confidence {row['confidence']:.2f}, of the optimizer {row['optimizer_confidence']:.2f}; "
        f"best known value {row['best_known']!r}{proven}",
    )


def _rivals(row: dict[str, object]) -> Table:
    table = counts("optimizer", "settings", "score", "feasible", "", numbers=(2, 3))
    ties = {tie["candidate_id"] for tie in _records(row["near_ties"])}
    for result in _records(row["optimizer_scores"]):
        candidate = result["candidate_id"]
        note = "winner" if candidate == row["candidate_id"] else "near-tie" if candidate in ties else ""
        settings = _settings(json.loads(str(result["settings"])))
        table.add_row(
            str(result["optimizer"]), settings, f"{result['score']:.3f}", f"{result['feasible_share']:.0%}", note
        )
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
        f"{spec.max_evaluations:,} evaluations, {spec.num_inequality} inequalities, {spec.num_equality} equalities, "
        f"minimum {'unknown' if optimum is None else repr(optimum)}",
    )
    console.rule("as Python")
    code(console, python_source(spec).rstrip())
    if "latex" in forms_of(spec):
        console.rule("as LaTeX")
        say(console, statement(spec, form="latex").rstrip())


def _the_only(found: list[Item], identifier: str, folder: str) -> Item:
    if len(found) != 1:
        what = "several ids begin" if found else "no id begins"
        raise LlamocoError(f"{what} with {identifier!r} in {folder}; give {'more of it' if found else 'another one'}")
    return found[0]


def _settings(settings: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items()) or "-"


def _limits(optimizer: Optimizer) -> list[str]:
    limits: list[str] = []
    if optimizer.min_evaluations_per_dimension:
        limits.append(f"from {optimizer.min_evaluations_per_dimension:g} D evaluations")
    if optimizer.max_evaluations is not None:
        limits.append(f"up to {optimizer.max_evaluations} evaluations")
    if optimizer.max_dimension is not None:
        limits.append(f"up to {optimizer.max_dimension} variables")
    return limits
