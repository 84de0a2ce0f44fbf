"""What the commands on an instruction set and on the portfolio print; it computes nothing."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from llamoco_data.campaign import named
from llamoco_data.cli.text import code, counts, facts, say, settings_text
from llamoco_data.export import REASONS, Changes, Comparison, Exported, Extended, Joined, left_out
from llamoco_data.formats import Converted, Format
from llamoco_data.instruction_set import EXTENDED, MEASURED_SPLITS, REAL
from llamoco_data.invocation import command
from llamoco_data.plurals import counted
from llamoco_data.portfolio import OPTIMIZER_BY_NAME, Optimizer, portfolio


def show_converted(console: Console, converted: Converted, to: Format, *, quiet: bool) -> None:
    """Prints what was written in another format; with `quiet`, the folder alone."""
    if quiet:
        say(console, str(converted.folder))
        return
    problems, candidates = counted(converted.num_problems, "problem"), counted(converted.num_candidates, "candidate")
    what = "a scenario of ASlib" if to == "aslib" else "files of IOHprofiler"
    say(console, f"{converted.folder}: {what}, {problems}, {candidates}, {counted(converted.num_files, 'file')}")


def show_export(console: Console, exported: Exported, folder: str) -> None:
    """Prints one instruction of the set, the contents of the set, and what to try next."""
    report, example = exported.report, exported.example
    console.rule("one instruction: the prompt")
    say(console, example.prompt.rstrip())
    console.rule(f"its answer: the program that won ({example.optimizer}, score {example.winner_score:.2f})")
    code(console, example.answer.rstrip())
    console.rule(f"the instruction set {exported.folder}")
    console.print(_winners(exported), "", _splits(exported), "", sep="\n")
    kept_out = ", ".join(f"{n} {reason}" for reason, n in report.kept_out.items()) or "none"
    rows = [
        ("near-ties", f"{report.near_tie_share:.0%} of the problems have one of another optimizer"),
        ("kept out", f"{kept_out}; {report.incomplete} not finished"),
        ("mean score", f"{report.virtual_best_score:.2f} of the winners; random search is 0, the target 1"),
        ("", f"{report.single_best_score:.2f} of the single best solver, {escape(report.single_best)}"),
        ("snapshot", f"{exported.snapshot}{', which the folder held already' if exported.unchanged else ''}"),
        ("files", exported.files[0]),
        *(("", file) for file in (*exported.files[1:], "README.md (dataset card)")),
    ]
    console.print(facts(rows), highlight=False)
    if exported.predicted_rows_before:
        left_out = counted(exported.predicted_rows_before, "predicted row")
        again = command("extend", exported.folder, "--problems", "N")
        say(console, f"the {left_out} of split {EXTENDED} are left out of this snapshot; make new ones with: {again}")
    if exported.removed:
        say(console, f"removed from {folder}, and not in this snapshot: {named(exported.removed)}")
    if exported.changes and not (exported.unchanged and exported.changes.folder is None):
        _show_changes(console, exported.changes)
    console.print("\ntry next", style="bold")
    more = 2 * report.spec.num_problems or 10
    say(console, f"  {command('show', exported.folder, example.instruction_id)}   # how its rivals did")
    say(console, f"  {command('run', folder, '--problems', more)}   # grow the campaign, then export again")


def show_extended(console: Console, extended: Extended, folder: str) -> None:
    """Prints what the split of predicted rows holds now, and what to try next."""
    trained = counted(extended.num_training, "measured problem")
    new = [("", f"{extended.num_new:,} new, predicted from {trained}")] if extended.num_new else []
    _show_split(console, EXTENDED, extended, [*new, ("size", f"{extended.size_bytes / 1e6:.1f} MB")])
    say(console, f"  {command('verify', folder)}   # check the rows, and state a sample of them again")


def show_joined(console: Console, joined: Joined, folder: str) -> None:
    """Prints what the split of real problems holds now, what it lacks, and what to try next."""
    left = "; ".join(left_out(joined.num_incomplete, joined.num_kept_out))
    _show_split(console, REAL, joined, [("", f"{joined.num_new:,} new"), *([("left out", left)] if left else [])])
    say(console, f"  {command('verify', folder)}   # check the rows, and run a sample of their answers again")


def _show_split(console: Console, split: str, grown: Extended | Joined, more: Sequence[tuple[str, str]]) -> None:
    held = "" if grown.num_new else ", which the folder held already"
    rows = [
        ("split", f"{split}: {counted(grown.num_problems, 'problem')}, {counted(grown.num_rows, 'row')}"),
        *more,
        ("snapshot", f"{grown.snapshot}{held}"),
    ]
    console.print(facts(rows), highlight=False)
    console.print("\ntry next", style="bold")


MOST_MOVES = 12
"""Number of moves from one optimizer to another that are listed."""


def show_comparison(console: Console, comparison: Comparison, before: str, now: str) -> None:
    """Prints how many rows differ and why, and which labels moved."""
    moved = sum(comparison.moves.values())
    same = comparison.num_shared - moved - comparison.num_resettled
    rows = [
        ("problems in both", f"{comparison.num_shared:,}"),
        ("label", f"{same:,} the same, {comparison.num_resettled:,} with other settings, {moved:,} another optimizer"),
    ]
    console.print(facts(rows), highlight=False)
    reasons = comparison.changes.count()
    if not reasons:
        say(console, f"{before} and {now} hold the same rows")
        return
    listed = counts("rows", "reason", "", numbers=(0,))
    for reason, count in reasons.items():
        listed.add_row(f"{count:,}", reason, REASONS[reason][1])
    console.print("", listed, sep="\n")
    if moved:
        moves = counts("problems", "label before", "label now", numbers=(0,))
        for (old, new), count in list(comparison.moves.items())[:MOST_MOVES]:
            moves.add_row(f"{count:,}", old, new)
        console.print("", moves, sep="\n")
        if len(comparison.moves) > MOST_MOVES:
            say(console, f"and {len(comparison.moves) - MOST_MOVES} other moves; --out FILE writes every row")


def show_portfolio(console: Console, *, candidates: bool) -> None:
    """Prints the optimizers by family, one a line, or every candidate; those of plug-ins too."""
    every = portfolio(tuple(OPTIMIZER_BY_NAME))
    if candidates:
        table = counts("candidate", "optimizer", "settings")
        for candidate in every:
            table.add_row(candidate.candidate_id, candidate.optimizer, settings_text(candidate.settings))
        console.print(table)
        return
    settings = Counter(candidate.optimizer for candidate in every)
    table = counts("optimizer", "library", "constraints", "grid", "applies", numbers=(3,))
    for family in dict.fromkeys(optimizer.family for optimizer in OPTIMIZER_BY_NAME.values()):
        table.add_row(f"[bold]{family}[/]")
        for optimizer in OPTIMIZER_BY_NAME.values():
            if optimizer.family == family:
                table.add_row(
                    f"  {optimizer.name}",
                    optimizer.library,
                    _constraints(optimizer),
                    str(settings[optimizer.name]),
                    "\n".join(_limits(optimizer)),
                )
    console.print(table, highlight=False)
    listing = command("portfolio", "--candidates")
    say(console, f"{len(OPTIMIZER_BY_NAME)} optimizers, {len(every)} candidates; list their settings with: {listing}")


def _constraints(optimizer: Optimizer) -> str:
    if optimizer.needs_constraints:
        return "required"
    return "taken" if optimizer.takes_constraints else "-"


def _show_changes(console: Console, changes: Changes) -> None:
    """Prints what has changed since an earlier snapshot."""
    reasons = changes.count()
    added, withdrawn = (sum(n for r, n in reasons.items() if REASONS[r][0] == kind) for kind in ("added", "withdrawn"))
    changed = len(changes.rows) - added - withdrawn
    other_answer = reasons.get("new winner", 0) + reasons.get("new program text", 0)
    say(
        console,
        f"\nsince snapshot {changes.since}: {counted(added, 'new row')}, {changed:,} changed ({other_answer:,} with "
        f"another answer), {withdrawn:,} withdrawn",
    )
    rows = counts("rows", "reason", "", numbers=(0,))
    for reason, count in reasons.items():
        rows.add_row(f"{count:,}", reason, REASONS[reason][1])
    if reasons:
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
    for split in MEASURED_SPLITS:
        table.add_row(split, f"{exported.report.problems[split]:,}", f"{exported.report.rows[split]:,}")
    return table


def _limits(optimizer: Optimizer) -> list[str]:
    """Limits of the problems that an optimizer applies to; D is the number of variables."""
    limits: list[str] = []
    if optimizer.min_evaluations_per_dimension:
        limits.append(f"from {optimizer.min_evaluations_per_dimension:g} D evaluations")
    if optimizer.max_evaluations is not None:
        limits.append(f"to {optimizer.max_evaluations:,} evaluations")
    if optimizer.max_dimension is not None:
        limits.append(f"to D = {optimizer.max_dimension}")
    if optimizer.max_free_dimension is not None:
        limits.append(f"to D = {optimizer.max_free_dimension}\nif unconstrained")
    return limits
