"""A candidate that stays in the middle of its run for as long as a test wants, to be met there by some mishap."""

import os
import time
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 120.0

HELD = """
import os, pathlib, time
folder = pathlib.Path({folder!r})
(folder / f"run-{{os.getpid()}}").touch()
while (folder / "hold").exists():
    time.sleep(0.01)
return lower
"""


@dataclass(frozen=True, slots=True)
class Hold:
    """A folder in which runs of the candidate show that they have begun, and where they look whether to go on."""

    folder: Path

    @property
    def body(self) -> str:
        """Of the candidate."""
        return HELD.format(folder=str(self.folder))

    def begin(self) -> None:
        (self.folder / "hold").touch()

    def end(self) -> None:
        (self.folder / "hold").unlink()

    def workers(self) -> set[int]:
        """The processes that have begun a run of the candidate so far."""
        return {int(path.name.removeprefix("run-")) for path in self.folder.glob("run-*")}

    def another_worker(self, than: Set[int] = frozenset()) -> int:
        """A process that has begun a run, and is none of these; waits for it.

        Raises:
            TimeoutError: there is none after two minutes.
        """
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for pid in self.workers() - than:
                return pid
            time.sleep(0.02)
        raise TimeoutError(f"nothing but {sorted(than)} has begun a run within {PATIENCE_S:.0f} s")


def hold_in(folder: Path) -> Hold:
    """A hold that has begun, in a new folder."""
    folder.mkdir()
    hold = Hold(folder)
    hold.begin()
    return hold


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
