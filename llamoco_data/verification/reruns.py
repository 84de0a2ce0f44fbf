"""Makes runs again, and reports where the results differ from the records."""

from collections.abc import Iterator, Mapping, Sequence

from llamoco_data.identity import digest
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.runs import RunRecord, run_program
from llamoco_data.verification.finding import Finding

_UNREPEATABLE = ("timed_out", "crashed")
"""Statuses that depend on the speed or memory of a machine; a run that crashes would end this process."""

DIFFERS = (
    "either the record is wrong, or this machine has other versions of the libraries (constraints.txt has the "
    "project's) or another kind of processor"
)


def chosen(ids: Sequence[str], number: int) -> list[str]:
    """At most `number` of the ids: an arbitrary choice, but always the same."""
    return sorted(ids, key=lambda one: digest(["verify", one]))[:number]


def repeatable(records: Sequence[RunRecord], programs: Mapping[str, str], number: int) -> list[RunRecord]:
    """At most `number` runs whose program is known and that any machine can make again."""
    fit = {r.run_id: r for r in records if r.status not in _UNREPEATABLE and r.candidate_id in programs}
    return [fit[one] for one in chosen(list(fit), number)]


def check_again(
    record: RunRecord, problem: AnySpec, programs: Mapping[str, str], time_limit_s: float
) -> Iterator[Finding]:
    """Makes a run again, and compares its result with the record."""
    again = run_program(programs[record.candidate_id], problem, record.seed, time_limit_s=time_limit_s)
    differs = [
        f"{name} {new!r}, not {old!r}"
        for name in ("status", "best_f", "violation", "evaluations", "evaluations_to_target", "trace")
        if (new := getattr(again, name)) != (old := getattr(record, name))
    ]
    if differs:
        what = f"made again, it gives {_short(differs[0])}"
        yield Finding(where=f"run {record.run_id}", what=what, advice=DIFFERS)


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]} ..."
