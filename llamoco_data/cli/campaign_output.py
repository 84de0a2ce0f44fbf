"""What the commands on a campaign print; it computes nothing."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from llamoco_data.campaign import Outcome, Plan, Removal, Status, farewell, named
from llamoco_data.cli.own_files import Added
from llamoco_data.cli.suite_problems import AddedSuites
from llamoco_data.cli.text import counts, duration, facts, pace, say
from llamoco_data.invocation import command
from llamoco_data.plurals import counted
from llamoco_data.problems.checking import Checked
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.report import Reported
from llamoco_data.report.wording import core_time
from llamoco_data.selector import Prior


def show_plan(console: Console, plan: Plan, folder: str) -> None:
    """Prints the missing runs and their cost."""
    if plan.retired:
        say(console, farewell(plan.retired, folder))
    if plan.runs_missing == 0:
        say(console, f"nothing is missing: {_all_have_runs(plan.problems_total, folder)}")
        return
    say(
        console,
        f"{plan.spec.recipe}, seed {plan.spec.seed}: {plan.problems_missing:,} of "
        f"{counted(plan.problems_total, 'problem')} {'lacks' if plan.problems_missing == 1 else 'lack'} runs; "
        f"{'' if plan.exact else 'about '}{counted(plan.runs_missing, 'run')}, about {_hours(plan.core_hours)} of one "
        f"core ({'measured here' if plan.measured else 'estimated from the catalogue'})",
    )
    table = counts("optimizer", "runs", "core time", numbers=(1, 2))
    hours = plan.core_hours_by_optimizer
    for name, runs in sorted(plan.runs_missing_by_optimizer.items(), key=lambda item: -hours[item[0]]):
        table.add_row(name, f"{runs:,}", core_time(hours[name]))
    console.print(table)


def show_prior(console: Console, prior: Prior, out: Path) -> None:
    """Prints what a prior holds, and the next command."""
    num_problems, num_optimizers = prior.scores.shape
    say(
        console,
        f"{out}: prior {prior.prior_id}, scores of {counted(num_optimizers, 'optimizer')} on "
        f"{counted(num_problems, 'training problem')}, {prior.measured.mean():.0%} of them measured",
    )
    say(console, f"next: {command('run', 'DIR', '--prior', str(out))}")


def show_added(console: Console, added: Sequence[Added], folder: str) -> None:
    """Prints what was found out about each problem, and the next command."""
    for one in added:
        if one.checked is None or one.expected is None:
            say(console, f"{one.file} is in {folder} already, as problem {one.problem_id}; nothing was done")
            continue
        spec, checked = one.checked.spec, one.checked
        again = one.runs_before is not None
        say(console, f"{one.file} is {'again' if again else 'now'} problem {one.problem_id} of {folder}")
        kinds = [(spec.num_inequality, "g <= 0"), (spec.num_equality, "h = 0")]
        rows = [
            ("  name", spec.name) if spec.name != one.file.stem else None,
            ("  variables", f"{spec.dimension}"),
            ("  constraints", ", ".join(f"{number} {kind}" for number, kind in kinds if number) or "none"),
            ("  budget", f"{spec.max_evaluations:,} evaluations of about {_span(checked.evaluation_us)}"),
            ("  finite", f"{_share(checked.finite_share)} of {checked.num_probes:,} random points{_error(checked)}"),
            ("  feasible", f"{_share(spec.feasible_share)} of them{_point(spec)}") if spec.num_constraints else None,
            (
                "  its race",
                f"about {counted(one.expected.runs, 'run')}, {_time(one.expected.core_s)} of one core{_kept(one)}",
            ),
            *(("  beside", _namesake(namesake, folder)) for namesake in one.namesakes),
            *(("  beware", escape(remark)) for remark in checked.remarks),
        ]
        console.print(facts(row for row in rows if row is not None), highlight=False)
    if any(one.checked for one in added):
        say(console, f"next: {command('run', folder)}")


def show_added_suites(console: Console, added: AddedSuites, folder: str) -> None:
    """Prints how many problems of suites are new, what they will cost, and the next command."""
    there = f"; {counted(added.num_present, 'problem was', 'problems were')} there already" if added.num_present else ""
    if not added.num_new:
        say(console, f"all {added.num_present:,} problems are in {folder} already; nothing was done")
        return
    new = counted(added.num_new, "real problem is", "real problems are")
    say(console, f"{new} now in {folder}, for split test_real{there}")
    races = "race" if added.num_new == 1 else "races"
    say(console, f"{races}: about {counted(added.runs, 'run')}, {_time(added.core_s)} of one core")
    say(console, f"next: {command('run', folder)}")


def show_outcome(console: Console, outcome: Outcome, folder: str) -> None:
    """Prints how a run ended, and the next command."""
    progress = outcome.progress
    left = progress.problems_total - progress.problems_done
    if progress.new_runs == 0 and left == 0:
        say(console, f"nothing was missing: {_all_have_runs(progress.problems_total, folder)}")
        return
    odd = {status: n for status, n in outcome.new_runs_by_status.items() if status != "completed" and n}
    say(
        console,
        f"{counted(progress.new_runs, 'run')}, {counted(progress.new_evaluations, 'evaluation')} in "
        f"{duration(progress.elapsed_s)} "
        f"({pace(progress.runs_per_s)})" + "".join(f", {n:,} {status}" for status, n in odd.items()),
    )
    if left:
        left_over = f"{counted(left, 'problem')} unfinished"
        say(console, f"stopped with {left_over}, nothing is lost; go on with: {command('run', folder)}")
    else:
        total = progress.problems_total
        done = "the one problem is complete" if total == 1 else f"all {total:,} problems are complete"
        say(console, f"{done}; next: {command('export', folder, 'OUT')}")


def show_status(console: Console, status: Status, folder: str) -> None:
    """Prints what a campaign folder holds."""
    spec = status.spec
    say(console, f"{folder}: recipe {spec.recipe}, seed {spec.seed}, {counted(len(spec.optimizers), 'optimizer')}")
    kinds = (len(spec.own_problems) - status.num_real, "users' own"), (status.num_real, "real")
    own = "".join(f", {count:,} of them {kind}" for count, kind in kinds if count)
    runs = ", ".join(f"{n:,} {name}" for name, n in status.runs_by_status.items() if n) or "none"
    rows = [
        ("problems", f"{status.problems_complete:,} complete of {status.problems_total:,}{own}"),
        ("runs", runs),
        *_removed_rows(status),
        ("declined", f"{counted(status.declined, 'pair')} of a problem and a candidate that does not apply to it"),
        ("evaluations", f"{status.evaluations:,}"),
        ("core time", _hours(status.cpu_hours)),
        ("on disk", f"{counted(status.num_files, 'file')}, {status.size_bytes / 1e6:.1f} MB"),
    ]
    console.print(facts(rows), highlight=False)
    if status.problems_complete < status.problems_total:
        say(console, f"go on with: {command('run', folder)}")


def _removed_rows(status: Status) -> list[tuple[str, str]]:
    if not status.removed:
        return []
    runs = counted(status.num_removed_runs, "run")
    return [("removed", f"{named(status.removed)}; {runs} of these stay in the folder, and in no later export")]


def show_removed(console: Console, removal: Removal, folder: str) -> None:
    """Prints what has become of a problem that was taken out, and the next command."""
    what = f"{removal.name}, problem {removal.problem_id}," if removal.name else f"problem {removal.problem_id}"
    say(console, f"{what} is out of {folder}: it is not run, and in no later export")
    say(console, "its runs and its text stay in the folder; to take it back, add its file again")
    say(console, f"next: {command('export', folder, 'OUT')}")


def show_verified(console: Console, folder: str, checked: Mapping[str, int], num_wrong: int) -> None:
    """Prints what a verification looked at, and how it ended."""
    looked_at = ", ".join(_in_number(count, what) for what, count in checked.items())
    outcome = f"{counted(num_wrong, 'thing is', 'things are')} wrong" if num_wrong else "all is well"
    say(console, f"{folder}: {outcome}; looked at {looked_at or 'nothing else'}")


def _in_number(count: int, what: str) -> str:
    """A number of things that are named in the plural: `1 run made again`, `2 runs made again`."""
    singular = re.sub(r"(ies|s)\b", lambda ending: "y" if ending[0] == "ies" else "", what, count=1)
    return f"{count:,} {singular if count == 1 else what}"


def show_report(console: Console, reported: Reported) -> None:
    """Prints the file of the page, and its headline."""
    report = reported.report
    judged, size = report.campaign.num_judged, reported.size_bytes / 1e3
    say(console, f"{reported.file}: {counted(judged, 'problem')} judged, {size:,.0f} kB; open it in a browser")
    if report.num_problems:
        top = report.wins[0]
        teaching = counted(report.num_problems, "problem that teaches", "problems that teach")
        say(console, f"{top.optimizer} wins most often, {top.wins:,} of {teaching}")
    if report.gap:
        gap = report.gap
        best, single = f"{gap.virtual_best:.2f}", f"{gap.single_best:.2f}"
        say(console, f"mean score {best} of the winners, {single} of the single best solver")


def _all_have_runs(number: int, folder: str) -> str:
    if number == 1:
        return f"the one problem of {folder} has all its runs"
    return f"all {number:,} problems of {folder} have their runs"


def _kept(added: Added) -> str:
    return f"; {counted(added.runs_before, 'run')} from before it was removed count" if added.runs_before else ""


def _namesake(problem_id: str, folder: str) -> str:
    return f"problem {problem_id}, another text of this name; take it out with: {command('remove', folder, problem_id)}"


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
