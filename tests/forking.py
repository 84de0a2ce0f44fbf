"""Python commands in processes of their own that load no package anew: each is forked from one that has loaded them.

Loading what the command lines need takes 1 to 5 s of a processor, and many tests start many commands. A forked command
has its own memory, environment, folder, standard streams and process id, as one that is started; only what packages
read of the environment while they load is that of the tests, so a test of loading starts its own Python.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

DATA = ("llamoco_data.cli.commands", "llamoco_data.execution.inline", "boto3", "tests.campaigns")
TUNE = ("llamoco_tune.cli.commands", "llamoco_tune.teach", "llamoco_tune.contrast")

_MOST_REQUEST_BYTES = 1 << 17


class Forked:
    """A command that runs or has ended, with what tests use of `subprocess.Popen`."""

    def __init__(self, out: IO[str], err: IO[str], told: IO[str]) -> None:
        self.stdout, self.stderr, self._told = out, err, told
        self.pid = int(told.readline())
        self.returncode: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stdout.close()
        self.stderr.close()
        self.wait()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(timeout=0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._told, selectors.EVENT_READ)
                if not selector.select(timeout):
                    raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            self.returncode = int(self._told.readline())
            self._told.close()
        return self.returncode

    def communicate(self, timeout: float) -> tuple[str, str]:
        """What is still to be read of its output and its errors.

        Raises:
            subprocess.TimeoutExpired: it has not ended by then.
        """
        deadline = time.monotonic() + timeout
        said: dict[IO[str], bytes] = {self.stdout: b"", self.stderr: b""}
        with selectors.DefaultSelector() as selector:
            for stream in said:
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    raise subprocess.TimeoutExpired(str(self.pid), timeout)
                for key, _ in ready:
                    part = os.read(key.fd, 1 << 16)
                    said[key.fileobj] += part  # pyright: ignore[reportArgumentType]
                    if not part:
                        selector.unregister(key.fileobj)
        self.wait(max(0.0, deadline - time.monotonic()))
        self.stdout.close()
        self.stderr.close()
        return said[self.stdout].decode(), said[self.stderr].decode()


def forked(
    packages: tuple[str, ...],
    command: Sequence[str],
    *,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
) -> Forked:
    """Starts a command: `-m MODULE ARGUMENTS`, or `-c CODE ARGUMENTS`, as Python takes it."""
    control = _server(packages)
    request = {"command": list(command), "cwd": str(cwd or Path.cwd()), "env": dict(os.environ if env is None else env)}
    pairs = [os.pipe() for _ in range(3)]
    text = json.dumps(request).encode()
    assert len(text) < _MOST_REQUEST_BYTES
    socket.send_fds(control, [text], [write for _, write in pairs])
    for _, write in pairs:
        os.close(write)
    # Unbuffered below the text, so that what is left can be read by `communicate`.
    out, err, told = (os.fdopen(read, encoding="utf-8") for read, _ in pairs)
    return Forked(out, err, told)


def finished(
    packages: tuple[str, ...],
    command: Sequence[str],
    *,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """A command, `-m MODULE ARGUMENTS` or `-c CODE ARGUMENTS`, to its end, within four minutes."""
    with forked(packages, command, cwd=cwd, env=env) as process:
        out, err = process.communicate(timeout=240)
    return subprocess.CompletedProcess(command, process.wait(), out, err)


@functools.cache
def _server(packages: tuple[str, ...]) -> socket.socket:
    """The end of a connection to a process that has loaded the packages; it ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    root = Path(__file__).resolve().parents[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.forking", str(theirs.fileno()), *packages],
        cwd=root,
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    theirs.close()
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


def _command(control: socket.socket) -> list[str]:
    """Waits for commands, and returns in the process of each."""
    while True:
        text, streams, _, _ = socket.recv_fds(control, _MOST_REQUEST_BYTES, 3)
        if not text:
            sys.exit()
        if os.fork() == 0:
            break
        for stream in streams:
            os.close(stream)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    control.close()
    pid = os.fork()
    *outputs, told = streams
    if pid:
        for output in outputs:
            os.close(output)
        os.write(told, f"{pid}\n".encode())
        status = os.waitpid(pid, 0)[1]
        with contextlib.suppress(BrokenPipeError):
            os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    os.close(told)
    for number, output in enumerate(outputs, start=1):
        os.dup2(output, number)
        os.close(output)
    request = json.loads(text)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    tempfile.tempdir = None
    return request["command"]


def _run(command: list[str]) -> None:
    """As Python would, in its module `__main__`, and ends as Python does, but takes no package apart: that is 0.2 s."""
    kind, what, *arguments = command
    sys.path[0] = str(Path.cwd())
    sys.argv = ["-c", *arguments]
    try:
        if kind == "-c":
            exec(compile(what, "<string>", "exec"), sys.modules["__main__"].__dict__)
        else:
            runpy.run_module(what, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if ended.code is not None and not isinstance(ended.code, int):
            raise
        code = ended.code or 0
    else:
        code = 0
    threading._shutdown()  # noqa: SLF001 # pyright: ignore[reportAttributeAccessIssue]
    atexit._run_exitfuncs()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    for package in sys.argv[2:]:
        importlib.import_module(package)
    gc.freeze()
    _run(_command(socket.socket(fileno=int(sys.argv[1]))))
