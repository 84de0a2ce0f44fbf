"""Trials: the program of an answer runs on its problem, by `llamoco-data try`, and the visitor gets its lines.

A trial is ended when its visitor leaves, when its time is over, and when the server stops; nothing of it remains.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import sysconfig
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from pydantic import Field
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from llamoco_tune.records import Record, TuningError
from llamoco_tune.web.answers import NAME, BusyError, read
from llamoco_tune.web.config import MOST_SEEDS, MOST_WAITING, WebConfig

PROBLEM, PROGRAM = "problem.py", "answer.py"
"""Names of the two files, which messages of `try` contain."""
DEFAULT = "scipy-minimize"
"""What runs beside the program and random search: SciPy's `minimize` with its defaults."""
MOST_LINE = 1 << 20
"""Longest line of a trial, in bytes."""
MOST_SAID = 10_000
"""Bytes of its messages that are kept."""
_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")

Tell = Callable[[bytes | None], None]


class Wanted(Record):
    """A trial that a visitor wants."""

    problem: str
    program: str
    seeds: int = Field(ge=1, le=MOST_SEEDS)
    """Number of runs of each program."""


class Trials:
    """The trials under way and those that wait for their turn."""

    def __init__(self, config: WebConfig) -> None:
        self._config = config
        self._turns = asyncio.Semaphore(config.runs_at_once)
        self._tasks = set[asyncio.Task[None]]()

    def begin(self, wanted: Wanted) -> "Followed":
        """Begins a trial, now or when it is its turn; the response tells its lines.

        Raises:
            TuningError: the problem cannot be run, or too many wait already.
        """
        if read(wanted.problem).form == "latex":
            raise TuningError(f"{NAME} is in LaTeX and cannot be run; write it in Python to run the program on it")
        ahead = len(self._tasks) + 1 - self._config.runs_at_once
        if ahead > MOST_WAITING:
            raise BusyError("others wait for their trials already; try again in a minute")
        told = asyncio.Queue[bytes | None]()
        if ahead > 0:
            told.put_nowait(_line(line="waiting", ahead=ahead))
        task = asyncio.create_task(self._made(wanted, told.put_nowait))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return Followed(told, task)

    async def close(self) -> None:
        """Ends all trials, and waits for that."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _made(self, wanted: Wanted, tell: Tell) -> None:
        try:
            async with self._turns:
                tell(_line(line="checking"))
                await self._run(wanted, tell)
        finally:
            tell(None)

    async def _run(self, wanted: Wanted, tell: Tell) -> None:
        with tempfile.TemporaryDirectory(prefix="llamoco-web-", ignore_cleanup_errors=True) as place:
            folder = Path(place)
            (folder / PROBLEM).write_text(wanted.problem, encoding="utf-8")
            (folder / PROGRAM).write_text(wanted.program, encoding="utf-8")
            tell(_line(line="end", error=await self._kept(folder, wanted.seeds, tell)))

    async def _kept(self, folder: Path, seeds: int, tell: Tell) -> str:
        """Makes a trial with its keeper; returns what went wrong, or an empty text."""
        limit_s = self._config.run_limit_s
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "llamoco_tune.web.keeper", str(os.getpid()), str(folder)),
            *(sys.executable, "-P", "-m", "llamoco_data", "try", PROBLEM, PROGRAM, "--lines"),
            *("--seeds", str(seeds), "--against", DEFAULT),
            *("--time-limit", f"{limit_s:g}", "--confinement", self._config.confinement),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=_environment(folder),
            limit=MOST_LINE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(limit_s):
                return await _followed(process, tell)
        except TimeoutError:
            return f"ended after {limit_s:g} s, the limit of a trial here; what it reached is shown"
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            await process.wait()


class Followed(StreamingResponse):
    """The lines of a trial, which ends when nobody reads them any more."""

    def __init__(self, told: asyncio.Queue[bytes | None], task: asyncio.Task[None]) -> None:
        super().__init__(_lines(told), media_type="application/x-ndjson")
        self._task = task

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._task.cancel()


async def _lines(told: asyncio.Queue[bytes | None]) -> AsyncGenerator[bytes]:
    while (line := await told.get()) is not None:
        yield line


async def _followed(process: Process, tell: Tell) -> str:
    """Tells the lines of a trial until it ends; returns what went wrong, or an empty text."""
    assert process.stdout is not None, "it is a pipe"
    assert process.stderr is not None, "it is a pipe"
    saying = asyncio.create_task(_said(process.stderr))
    try:
        async for line in process.stdout:
            tell(line)
    except ValueError:
        return "a line of the trial was too long"
    said = await saying
    code = await process.wait()
    if code == 0:
        return ""
    last = said.strip().splitlines()[-1:] or [f"the trial ended with exit code {code} and said nothing"]
    return last[0].removeprefix("llamoco-data: ")


async def _said(stream: asyncio.StreamReader) -> str:
    """The end of what a stream says; the rest is dropped, so that memory is bounded."""
    kept = b""
    while content := await stream.read(MOST_SAID):
        kept = (kept + content)[-MOST_SAID:]
    return kept.decode(errors="replace")


def _line(**values: object) -> bytes:
    return json.dumps(values).encode() + b"\n"


def _environment(folder: Path) -> dict[str, str]:
    """The environment of this process without what looks like a secret; temporary files lie in the trial's folder."""
    root = str(Path(__file__).resolve().parents[2])
    # An installed package is found without it, and would then come before the standard library.
    own = "" if root in sysconfig.get_paths().values() else root
    path = os.pathsep.join(filter(None, (own, os.environ.get("PYTHONPATH", ""))))
    kept = {name: value for name, value in os.environ.items() if not any(each in name.upper() for each in _SECRET)}
    return {**kept, "PYTHONPATH": path, "TMPDIR": str(folder)}
