"""Makes many confined runs of all kinds, and counts what they leave: processes, descriptors, folders, memory.

    python -m tests.benchmarks.soak                    # 1,000 runs on the highest tier of this machine
    python -m tests.benchmarks.soak --without namespaces landlock filter

It prints the counts before and after, and exits with 1 if there is more of anything than before, memory by a tenth.
"""

import argparse
import itertools
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from rich.console import Console
from rich.table import Table

from llamoco_data import sample_problem
from llamoco_data.confined import run_confined, zygote
from llamoco_data.outcomes import RunStatus
from llamoco_data.problems.evaluation import build
from tests.boxes import PATIENCE_S, children, left_below
from tests.campaigns import HEAD

SPEC = sample_problem("demo", seed=7, index=1).with_budget(200)
PROBLEM = build(SPEC)
TIME_LIMIT_S = 1.0

KINDS = {
    "honest": "for _ in range(max_evaluations): objective(lower)\nreturn lower",
    "trivial": "return lower",
    "over budget": "while True: objective(lower)",
    "raises": "raise ValueError('no')",
    "no program": "return (",
    "exits": "import os\nos._exit(3)",
    "killed": "import os\nos.kill(os.getpid(), 9)",
    "leaves processes": """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: time.sleep(1000)
        os._exit(0)
return lower""",
    "leaves threads": """
import threading, time
for _ in range(5): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
return lower""",
    "leaves folders": """
import os
for _ in range(40):
    os.mkdir('d')
    os.chdir('d')
    open('f', 'w').write('x')
return lower""",
    "floods": "for _ in range(50): print('x' * 10_000)\nreturn lower",
    "takes memory": "x = bytearray(1 << 40)",
    "leaves descriptors": "import os\nfor _ in range(100): os.open('/dev/null', 0)\nreturn lower",
    "breaks its connection": "import os\nos.close(3)\nobjective(lower)",
    "hangs": "import time\ntime.sleep(1000)",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """What there is of everything that a run may leave."""

    processes: int
    """The zygote's launcher, and processes below the zygote besides the one that waits for the next job."""
    own_descriptors: int
    zygote_descriptors: int
    temporary: int
    """Files and folders of this package in the folder for temporary files, and in the zygote's own."""
    zygote_mib: int

    def more(self, before: "Counts") -> list[str]:
        """Names of what there is more of than before; of memory, a tenth more."""
        now, then = astuple(self)[:-1], astuple(before)[:-1]
        names = [field.name for field, a, b in zip(fields(self)[:-1], now, then, strict=True) if a > b]
        return [*names, *(["zygote_mib"] if self.zygote_mib > 1.1 * before.zygote_mib + 1 else [])]


def counts(without: tuple[str, ...]) -> Counts:
    serving = zygote(without)
    launcher = serving.process.pid
    (zygote_,) = children(launcher)[:1]
    places = [
        *Path(tempfile.gettempdir()).glob("llamoco-*"),
        *(Path(serving.folder).iterdir() if serving.folder else []),
    ]
    pages = int(Path(f"/proc/{zygote_}/statm").read_text().split()[1])
    return Counts(
        processes=1 + len(left_below(launcher)),
        own_descriptors=len(list(Path("/proc/self/fd").iterdir())),
        zygote_descriptors=len(list(Path(f"/proc/{zygote_}/fd").iterdir())),
        temporary=len(places),
        zygote_mib=pages * os.sysconf("SC_PAGE_SIZE") >> 20,
    )


def soaked(num_runs: int, without: tuple[str, ...] = ()) -> tuple[Counts, Counts, Counter[RunStatus]]:
    """Counts before and after a number of runs of all kinds, and how these ended; the first runs are not counted."""
    statuses: Counter[RunStatus] = Counter()
    for name in ("trivial", "leaves folders"):
        run(KINDS[name], without)
    before = counts(without)
    for _, body in zip(range(num_runs), itertools.cycle(KINDS.values()), strict=False):
        statuses[run(body, without)] += 1
    until = time.monotonic() + PATIENCE_S
    while (after := counts(without)).more(before) and time.monotonic() < until:
        time.sleep(0.01)  # the zygote still makes the next process: its own ends of the pipes are not yet closed
    return before, after, statuses


def run(body: str, without: tuple[str, ...]) -> RunStatus:
    program = HEAD + "".join(f"    {line}\n" for line in body.strip().splitlines())
    made = run_confined(program, SPEC, 5, problem=PROBLEM, time_limit_s=TIME_LIMIT_S, least="limited", without=without)
    assert made.record.faults == 0, body
    return made.record.status


def main() -> int:
    """Prints the counts; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--without", nargs="*", default=[], help="Layers that are left out.")
    given = parser.parse_args()
    without = tuple(given.without)
    before, after, statuses = soaked(given.runs, without)
    table = Table("", "before", "after")
    for field, a, b in zip(fields(before), astuple(before), astuple(after), strict=True):
        table.add_row(field.name, str(a), str(b))
    console = Console()
    console.print(table, f"tier {zygote(without).tier}; {dict(statuses)}")
    more = after.more(before)
    console.print(f"more than before: {', '.join(more) or 'nothing'}")
    return 1 if more else 0


if __name__ == "__main__":
    sys.exit(main())
