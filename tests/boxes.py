"""What a zygote has below it besides the process that waits for the next job."""

import signal
import time
from pathlib import Path

from llamoco_data.box.run import WAITS

PATIENCE_S = 30.0


def children(process: int) -> list[int]:
    """Those that its first thread began; none where it has ended."""
    try:
        return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))
    except OSError:
        return []


def left_below(launcher: int) -> list[int]:
    """Processes below the zygote of a launcher, once the next process waits there, which do not belong to it."""
    (zygote,) = children(launcher)[:1]
    until = time.monotonic() + PATIENCE_S
    while not (waiting := [child for child in children(zygote) if name_of(child) == WAITS]):
        assert time.monotonic() < until, "no process waits for the next job"
        time.sleep(0.001)
    assert len(waiting) == 1, waiting
    firsts = [child for child in children(zygote) if is_first(child) and space(child) == space(waiting[0])]
    return sorted({*below(zygote)} - {*waiting, *firsts})


def below(process: int) -> list[int]:
    return [pid for child in children(process) for pid in (child, *below(child))]


def name_of(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text(errors="replace").strip()
    except OSError:
        return ""


def is_first(process: int) -> bool:
    """Whether a process is the first of a process namespace beneath the zygote's."""
    ids = _status(process, "NSpid")
    return len(ids) > 2 and ids[-1] == "1"


def ignores(process: int, number: signal.Signals) -> bool:
    return any(int(ignored, 16) >> (number - 1) & 1 for ignored in _status(process, "SigIgn"))


def space(process: int) -> str:
    try:
        return str(Path(f"/proc/{process}/ns/pid").readlink())
    except OSError:
        return ""


def _status(process: int, name: str) -> list[str]:
    """The values of a line of its status; none where it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(errors="replace").splitlines()
    except OSError:
        return []
    return next(line.split()[1:] for line in lines if line.startswith(f"{name}:"))
