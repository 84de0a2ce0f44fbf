"""What the commands on a campaign print: what is missing, what was run, what there is."""

import re
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape

from llamoco_data.campaign import Outcome, Plan, Status
from llamoco_data.cli.own_files import Added
from llamoco_data.cli.text import counts, duration, facts, say
from llamoco_data.invocation import command
from llamoco_data.problems.checking import Checked
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.report import Reported


def show_plan(console: Console, plan: Plan, folder: str) -> None:
    """What is missing, and its cost."""
    if plan.runs_missing == 0:
        say(console, f"nothing is missing in {folder}: all {plan.problems_total:,} problems have their runs")
        return
    say(
        console,
        f"{plan.spec.recipe}, seed {plan.spec.seed}: {plan.problems_missing:,} of {plan.problems_total:,} problems "
        f"lack runs; {'' if plan.exact else 'about '}{plan.runs_missing:,} runs, about {_hours(plan.core_hours)} of "
        f"one core ({'measured here' if plan.measured else 'estimated from the catalogue'})",
    )
    table = counts("optimizer", "runs", "core time", numbers=(1, 2))
    hours = plan.core_hours_by_optimizer
    for name, runs in sorted(plan.runs_missing_by_optimizer.items(), key=lambda item: -hours[item[0]]):
        table.add_row(name, f"{runs:,}", _hours(hours[name]))
    console.print(table)


def show_added(console: Console, added: Sequence[Added], folder: str) -> None:
    """What was found out about each problem, and what to do next."""
    for one in added:
        if one.checked is None or one.expected is None:
            say(console, f"{one.file} is in {folder} already, as problem {one.problem_id}; nothing was done")
            continue
        spec, checked = one.checked.spec, one.checked
        say(console, f"{one.file} is now problem {one.problem_id} of {folder}")
        kinds = [(spec.num_inequality, "g <= 0"), (spec.num_equality, "h = 0")]
        rows = [
            ("  variables", f"{spec.dimension}"),
            ("  constraints", ", ".join(f"{number} {kind}" for number, kind in kinds if number) or "none"),
            ("  budget", f"{spec.max_evaluations:,} evaluations of about {_span(checked.evaluation_us)}"),
            ("  finite", f"{_share(checked.finite_share)} of {checked.num_probes:,} random points{_error(checked)}"),
            ("  feasible", f"{_share(spec.feasible_share)} of them{_point(spec)}") if spec.num_constraints else None,
            ("  its race", f"about {one.expected.runs:,} runs, {_time(one.expected.core_s)} of one core"),
            *(("  beware", escape(remark)) for remark in checked.remarks),
        ]
        console.print(facts(row for row in rows if row is not None), highlight=False)
    if any(one.checked for one in added):
        say(console, f"next: {command('run', folder)}")


def show_outcome(console: Console, outcome: Outcome, folder: str) -> None:
    """How a run ended, and what to do next."""
    progress = outcome.progress
    left = progress.problems_total - progress.problems_done
    if progress.new_runs == 0 and left == 0:
        say(console, f"nothing was missing: all {progress.problems_total:,} problems of {folder} have their runs")
        return
    odd = {status: n for status, n in outcome.new_runs_by_status.items() if status != "completed" and n}
    say(
        console,
        f"{progress.new_runs:,} runs, {progress.new_evaluations:,} evaluations in {duration(progress.elapsed_s)} "
        f"({progress.runs_per_s:.1f} runs/s)" + "".join(f", {n:,} {status}" for status, n in odd.items()),
    )
    if left:
        say(console, f"stopped with {left:,} problems to go, nothing is lost; go on with: {command('run', folder)}")
    else:
        total = progress.problems_total
        say(console, f"all {total:,} problems are complete; next: {command('export', folder, 'OUT')}")


def show_status(console: Console, status: Status, folder: str) -> None:
    """What a campaign folder holds."""
    spec = status.spec
    say(console, f"{folder}: recipe {spec.recipe}, seed {spec.seed}, {len(spec.optimizers)} optimizers")
    own = f", {len(spec.own_problems):,} of them users' own" if spec.own_problems else ""
    runs = ", ".join(f"{n:,} {name}" for name, n in status.runs_by_status.items() if n) or "none"
    rows = [
        ("problems", f"{status.problems_complete:,} complete of {status.problems_total:,}{own}"),
        ("runs", runs),
        ("declined", f"{status.declined:,} candidates that do not apply to their problem"),
        ("evaluations", f"{status.evaluations:,}"),
        ("core time", _hours(status.cpu_hours)),
        ("on disk", f"{status.num_files:,} files, {status.size_bytes / 1e6:.1f} MB"),
    ]
    console.print(facts(rows), highlight=False)
    if status.problems_complete < status.problems_total:
        say(console, f"go on with: {command('run', folder)}")


def show_verified(console: Console, folder: str, checked: Mapping[str, int], num_wrong: int) -> None:
    """What a verification looked at, and how it ended."""
    looked_at = ", ".join(_counted(count, what) for what, count in checked.items())
    outcome = f"{num_wrong:,} {'thing is' if num_wrong == 1 else 'things are'} wrong" if num_wrong else "all is well"
    say(console, f"{folder}: {outcome}; looked at {looked_at or 'nothing else'}")


def _counted(count: int, what: str) -> str:
    """A number with its noun, which comes in the plural: `1 run made again`."""
    singular = re.sub(r"(ies|s)\b", lambda ending: "y" if ending[0] == "ies" else "", what, count=1)
    return f"{count:,} {singular if count == 1 else what}"


def show_report(console: Console, reported: Reported) -> None:
    """Where the page is, and its headline."""
    report = reported.report
    judged, size = report.campaign.num_judged, reported.size_bytes / 1e3
    say(console, f"{reported.file}: {judged:,} problems judged, {size:,.0f} kB; open it in a browser")
    if report.num_problems:
        top = report.wins[0]
        say(console, f"{top.optimizer} wins most often, {top.wins:,} of {report.num_problems:,} problems that teach")
    if report.gap:
        gap = report.gap
        best, single = f"{gap.virtual_best:.2f}", f"{gap.single_best:.2f}"
        say(console, f"mean score {best} of the winners, {single} of the single best solver")


def _share(share: float) -> str:
    return "all" if share == 1 else "none" if share == 0 else f"{100 * share:.2g} %"


def _span(us: float) -> str:
    size, unit = (us, "µs") if us < 1e3 else (us / 1e3, "ms") if us < 1e6 else (us / 1e6, "s")
    return f"{size:.0f} {unit}" if size >= 10 else f"{size:.1f} {unit}"


def _error(checked: Checked) -> str:
    return f"; elsewhere {escape(checked.first_error)}" if checked.first_error else ""


def _point(spec: OwnProblemSpec) -> str:
    return ", and the point that it names" if spec.feasible_point else ""


def _time(seconds: float) -> str:
    return duration(seconds) if seconds >= 1 else "under a second"


def _hours(hours: float) -> str:
    return duration(3600 * hours)
