"""The server that runs programs for this process: started when first needed, ended with it, replaced when it fails."""

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from llamoco_data.apart.frames import JSON_BYTES, READY
from llamoco_data.identity import LlamocoError
from llamoco_data.problems.checking_apart import python_path
from llamoco_data.texts import HASH_SEED
from llamoco_data.threads import ONE_THREAD

START_LIMIT_S = 120.0
"""Time that a server has to load its libraries; generous, for a slow disk under load."""

_KEPT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "NUMBA_CACHE_DIR", "PATH")
"""Variables that a program sees of this process's environment, whose others may hold secrets."""


@dataclass(frozen=True, slots=True)
class Server:
    """A process that forks the processes of programs."""

    process: subprocess.Popen[bytes]
    control: socket.socket

    def close(self) -> None:
        """Ends the server and whatever it runs."""
        self.control.close()
        self.process.kill()
        self.process.wait()


_server: tuple[int, Server] | None = None
"""Process id of its owner, and the server; a fork of the owner starts its own."""


def server() -> Server:
    """The server of this process.

    Raises:
        LlamocoError: the server does not start.
    """
    global _server  # noqa: PLW0603 - one for each process, like the process itself
    if _server is None or _server[0] != os.getpid():
        _server = os.getpid(), _started()
    return _server[1]


def drop_server() -> None:
    """Ends the server; the next run starts another."""
    global _server  # noqa: PLW0603 - one for each process, like the process itself
    if _server is not None and _server[0] == os.getpid():
        _server[1].close()
    _server = None


atexit.register(drop_server)


def _started() -> Server:
    control, its_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its_end, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "llamoco_data.apart.server", str(its_end.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=[its_end.fileno()],
            env=_environment(),
            start_new_session=True,
        )
        its_end.close()
        control.settimeout(START_LIMIT_S)
        ready = b""
        with contextlib.suppress(OSError):
            ready = control.recv(JSON_BYTES)
        if ready != READY:
            Server(process, control).close()
            errors.seek(0)
            last = (errors.read().decode(errors="replace").strip().splitlines() or ["it did not say why"])[-1]
            raise LlamocoError(f"the process that is to run programs does not start: {last}")
    control.settimeout(None)
    return Server(process, control)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, **ONE_THREAD, "PYTHONPATH": python_path(), "PYTHONHASHSEED": HASH_SEED}
