"""The page of `llamoco-tune web`, served by a process of its own, and what there is of its trials."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LIMIT_S = 120.0
"""Time within which anything that a test waits for comes about, on a machine that is busy with others."""

STUCK = """\
import subprocess

import numpy as np

subprocess.Popen(["sleep", "600"], start_new_session=True)
lower, upper, max_evaluations = np.zeros(2), np.ones(2), 100


def objective(x):
    while True:
        pass
"""
"""A problem that never answers, and starts a process that leaves its session."""

PROGRAM = """\
def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    objective(lower)
    return lower
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A server, and the folder in which its trials have theirs."""

    address: str
    process: subprocess.Popen[str]
    folder: Path

    @contextlib.contextmanager
    def posting(self, path: str, body: object) -> Generator[http.client.HTTPConnection]:
        """The connection over which a request was sent, and its answer will come; its end closes it."""
        place = urlsplit(self.address)
        assert place.hostname is not None
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=LIMIT_S)
        with contextlib.closing(connection):
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            yield connection

    @contextlib.contextmanager
    def posted(self, path: str, body: object) -> Generator[http.client.HTTPResponse]:
        """The answer to a request, of which lines may still come; its end closes the connection."""
        with self.posting(path, body) as connection, connection.getresponse() as answer:
            yield answer

    def processes(self) -> list[str]:
        """The commands of all processes of its trials, by what these have in their environment."""
        mark, found = f"TMPDIR={self.folder}/llamoco-web-".encode(), list[str]()
        for place in Path("/proc").iterdir():
            if place.name.isdecimal():
                with contextlib.suppress(OSError):
                    if mark in (place / "environ").read_bytes():
                        found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        return found


@contextlib.contextmanager
def served(folder: Path, *options: str) -> Generator[Served]:
    """A server of the page at a free port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "llamoco_tune", "web", "--port", "0", *options],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(folder)},
        text=True,
    )
    assert process.stdout is not None
    with process, process.stdout:
        try:
            yield Served(process.stdout.readline().split()[-1], process, folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(LIMIT_S)


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Waits until something holds.

    Raises:
        AssertionError: it does not come about.
    """
    end = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < end, f"not within {LIMIT_S:g} s: {what}"
        time.sleep(0.02)
