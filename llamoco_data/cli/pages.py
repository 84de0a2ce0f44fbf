"""What the commands print: tables and texts for a person at a terminal."""

import json
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax
from rich.table import Table

from llamoco_data.campaign import Outcome, Plan, Status, load_campaign, read_problems
from llamoco_data.cli.progress import duration
from llamoco_data.export import Exported
from llamoco_data.identity import LlamocoError
from llamoco_data.instructions import SPLITS, read_instructions
from llamoco_data.portfolio import OPTIMIZER_BY_NAME, OPTIMIZERS, Optimizer, portfolio
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements import python_source, statement

Item = TypeVar("Item")


def show_plan(console: Console, plan: Plan, folder: Path) -> None:
    """What is missing, and its cost."""
    if plan.runs_missing == 0:
        console.print(f"nothing is missing in {folder}: {plan.problems_total:,} problems have all their runs")
        return
    console.print(
        f"{plan.spec.recipe}, seed {plan.spec.seed}: {plan.problems_missing:,} of {plan.problems_total:,} problems "
        f"lack runs; {'' if plan.exact else 'about '}{plan.runs_missing:,} runs, about {_hours(plan.core_hours)} of "
        f"one core ({'measured' if plan.measured else 'estimated from the catalogue'})",
        soft_wrap=True,
    )
    table = Table("optimizer", "runs", "core time", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, runs in sorted(
        plan.runs_missing_by_optimizer.items(), key=lambda item: -plan.core_hours_by_optimizer[item[0]]
    ):
        table.add_row(name, f"{runs:,}", _hours(plan.core_hours_by_optimizer[name]))
    console.print(table)


def show_outcome(console: Console, outcome: Outcome, folder: Path) -> None:
    """How a run ended, and what to do next."""
    snapshot = outcome.snapshot
    finished = snapshot.problems_done == snapshot.problems_total
    if finished and snapshot.new_runs == 0:
        console.print(f"nothing was missing: all {snapshot.problems_total:,} problems of {folder} have their runs")
        return
    made = (
        f"{snapshot.new_runs:,} runs, {snapshot.new_evaluations:,} evaluations in {duration(snapshot.elapsed_s)} "
        f"({snapshot.runs_per_s:.1f} runs/s)"
    )
    console.print(made, soft_wrap=True, highlight=False)
    odd = {status: count for status, count in outcome.new_runs_by_status.items() if status != "completed" and count}
    if odd:
        console.print("of which " + ", ".join(f"{count:,} {status}" for status, count in odd.items()), highlight=False)
    if finished:
        console.print(f"all {snapshot.problems_total:,} problems are complete; next: llamoco-data export {folder} OUT")
    else:
        left = snapshot.problems_total - snapshot.problems_done
        console.print(f"stopped with {left:,} problems to go, nothing is lost; go on with: llamoco-data run {folder}")


def show_status(console: Console, status: Status, folder: Path) -> None:
    """What a campaign folder holds."""
    spec = status.spec
    console.print(
        f"{folder}: recipe {spec.recipe}, seed {spec.seed}, {len(spec.optimizers)} optimizers", highlight=False
    )
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_row("problems", f"{status.problems_complete:,} complete of {status.problems_total:,}")
    facts.add_row("runs", ", ".join(f"{n:,} {name}" for name, n in status.runs_by_status.items() if n) or "none")
    facts.add_row("declined", f"{status.declined:,} candidates that do not apply to their problem")
    facts.add_row("evaluations", f"{status.evaluations:,}")
    facts.add_row("core time", _hours(status.cpu_hours))
    facts.add_row("on disk", f"{status.num_files:,} files, {status.size_bytes / 1e6:.1f} MB")
    console.print(facts)
    if status.problems_complete < status.problems_total:
        console.print(f"go on with: llamoco-data run {folder}")


def show_export(console: Console, exported: Exported, folder: Path) -> None:
    """The closing summary: what is in the set, one instruction of it, and what to try next."""
    report, example = exported.report, exported.example
    console.rule("one instruction: the prompt")
    console.print(example.prompt.rstrip(), markup=False, highlight=False, soft_wrap=True)
    console.rule(f"its answer: the program that won ({example.optimizer}, score {example.winner_score:.2f})")
    console.print(Syntax(example.answer.rstrip(), "python", background_color="default", word_wrap=True))
    console.rule(f"the instruction set {exported.folder}")
    console.print(_winners(exported))
    console.print()
    console.print(_splits(exported))
    console.print()
    kept_out = ", ".join(f"{n} {reason}" for reason, n in report.kept_out.items()) or "none"
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_row("near-ties", f"{report.near_tie_share:.0%} of the problems have one, with another optimizer")
    facts.add_row("kept out", f"{kept_out}; {report.incomplete} not finished")
    facts.add_row("mean score", f"{report.virtual_best_score:.2f} of the winners; random search is 0, the target 1")
    facts.add_row("", f"{report.single_best_score:.2f} of the single best solver, {escape(report.single_best)}")
    facts.add_row("files", exported.files[0])
    for file in (*exported.files[1:], "README.md (dataset card)"):
        facts.add_row("", file)
    console.print(facts, highlight=False)
    if exported.unchanged:
        console.print("the folder held this very set already")
    console.print("try next", style="bold")
    console.print(f"  llamoco-data show {exported.folder} {example.instruction_id}", highlight=False)
    console.print(
        f"  llamoco-data run {folder} --problems {2 * report.spec.num_problems}   # grow the campaign", highlight=False
    )
    console.print(
        f"  python -c 'import datasets; print(datasets.load_dataset(\"{exported.folder}\"))'", highlight=False
    )


def _winners(exported: Exported) -> Table:
    table = Table("optimizer", "problems won", "", "family", "problems won", box=None, pad_edge=False)
    families = list(exported.report.winning_families.items())
    for i, (name, count) in enumerate(exported.report.winners.items()):
        family, won = families[i] if i < len(families) else ("", "")
        table.add_row(name, str(count), "", family, str(won))
    for column in (1, 4):
        table.columns[column].justify = "right"
    return table


def _splits(exported: Exported) -> Table:
    table = Table("split", "problems", "rows", box=None, pad_edge=False)
    for split in SPLITS:
        table.add_row(split, f"{exported.report.problems[split]:,}", f"{exported.report.rows[split]:,}")
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def show_one(console: Console, folder: Path, identifier: str) -> None:
    """A problem of a campaign, or an instruction or problem of an export.

    Raises:
        LlamocoError: there is none of that id in the folder, or several.
    """
    if (folder / "data").is_dir():
        _show_instruction(console, folder, identifier)
        return
    load_campaign(folder)
    found = [
        runs.spec
        for runs in read_problems(folder)
        if str(runs.index) == identifier or runs.spec.problem_id.startswith(identifier)
    ]
    _show_problem(console, _the_only(found, identifier, folder))


def _show_instruction(console: Console, folder: Path, identifier: str) -> None:
    rows = read_instructions(folder).to_pylist()
    row = _the_only([row for row in rows if row["instruction_id"].startswith(identifier)], identifier, folder)
    console.rule(f"prompt ({row['split']}, {row['form']}, wording {row['wording']})")
    console.print(row["prompt"].rstrip(), markup=False, highlight=False, soft_wrap=True)
    console.rule("answer")
    console.print(Syntax(row["answer"].rstrip(), "python", background_color="default", word_wrap=True))
    console.rule("how it was measured")
    table = Table("optimizer", "settings", "score", "feasible", "", box=None, pad_edge=False)
    ties = {tie["candidate_id"] for tie in row["near_ties"]}
    for result in row["optimizer_scores"]:
        note = "winner" if result["candidate_id"] == row["candidate_id"] else ""
        note = "near-tie" if result["candidate_id"] in ties else note
        table.add_row(
            result["optimizer"],
            ", ".join(f"{name}={value}" for name, value in json.loads(result["settings"]).items()),
            f"{result['score']:.3f}",
            f"{result['feasible_share']:.0%}",
            note,
        )
    console.print(table)
    console.print(
        f"confidence {row['confidence']:.2f}, of the optimizer {row['optimizer_confidence']:.2f}; "
        f"best known value {row['best_known']!r}{' (proven)' if row['best_known_proven'] else ''}"
    )


def _show_problem(console: Console, spec: ProblemSpec) -> None:
    optimum = build(spec).optimum
    console.print(
        f"problem {spec.problem_id}: {spec.kind} of {', '.join(spec.functions)}; D = {spec.dimension}, "
        f"{spec.max_evaluations:,} evaluations, {spec.num_inequality} inequalities, {spec.num_equality} equalities, "
        f"minimum {'unknown' if optimum is None else repr(optimum)}",
        soft_wrap=True,
        highlight=False,
    )
    console.rule("as Python")
    console.print(Syntax(python_source(spec).rstrip(), "python", background_color="default", word_wrap=True))
    console.rule("as LaTeX")
    console.print(statement(spec, form="latex").rstrip(), markup=False, highlight=False, soft_wrap=True)


def _the_only(found: list[Item], identifier: str, folder: Path) -> Item:
    if len(found) != 1:
        what = "several ids begin" if found else "no id begins"
        raise LlamocoError(f"{what} with {identifier!r} in {folder}; give {'more of it' if found else 'another one'}")
    return found[0]


def show_portfolio(console: Console, *, candidates: bool) -> None:
    """The optimizers, or every candidate."""
    if candidates:
        table = Table("candidate", "optimizer", "settings", box=None, pad_edge=False)
        for candidate in portfolio():
            settings = ", ".join(f"{name}={value}" for name, value in candidate.settings.items())
            table.add_row(candidate.candidate_id, candidate.optimizer, settings or "-")
        console.print(table)
        return
    table = Table("optimizer", "family", "library", "settings", "candidates", "constraints", "limits")
    for optimizer in OPTIMIZERS:
        count = sum(candidate.optimizer == optimizer.name for candidate in portfolio())
        settings = "\n".join(f"{name}: {', '.join(map(str, values))}" for name, values in optimizer.grid.items())
        constraints = "yes" if optimizer.takes_constraints else "no"
        row = (optimizer.name, optimizer.family, optimizer.library, settings or "-", str(count), constraints)
        table.add_row(*row, _limits(optimizer))
    console.print(table)
    console.print(f"{len(OPTIMIZER_BY_NAME)} optimizers, {len(portfolio())} candidates")


def _limits(optimizer: Optimizer) -> str:
    limits: list[str] = []
    if optimizer.min_evaluations_per_dimension:
        limits.append(f">= {optimizer.min_evaluations_per_dimension:g} D evaluations")
    if optimizer.max_evaluations is not None:
        limits.append(f"<= {optimizer.max_evaluations} evaluations")
    if optimizer.max_dimension is not None:
        limits.append(f"D <= {optimizer.max_dimension}")
    return ", ".join(limits) or "-"


def _hours(hours: float) -> str:
    return duration(3600 * hours)
