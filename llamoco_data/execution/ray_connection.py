# pyright: reportExplicitAny=false
"""Connects a process to a Ray cluster, or to a local Ray of its own, in limited time; a failure is one line."""

import contextlib
import logging
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

from llamoco_data.identity import LlamocoError

CONNECT_LIMIT_S = 20.0
"""Time for a cluster to answer."""
OBJECT_STORE_BYTES = 200_000_000
"""Size of the object store of a Ray of our own: tasks and their results are small."""
NO_SPARE_WORKERS = {"prestart_worker_first_driver": False}
"""Ray would start a process for each processor beforehand; the actors, whose environment is their own, need others."""
START_ATTEMPTS = 2
"""Number of attempts to start a Ray of our own."""
MOST_TMPDIR_BYTES = 38
"""Longest path of a temporary folder: the path of a socket in it has 69 bytes more, and 107 at most."""
_LATE = re.compile("timed out|time out|timeout|memory|overloaded", re.IGNORECASE)
"""Words in the message of a Ray that did not come up for want of time or memory."""

_ours: list[str] = []
"""The address to which this module has connected the process."""

_QUIETLY: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}


@contextlib.contextmanager
def connected(address: str, workers: int | None) -> Generator[None]:
    """Connects the process to Ray, unless it is connected already, and undoes at the end what it did.

    Args:
        workers: number of processors of a Ray of our own; where None, as many as this process may use.

    Raises:
        LlamocoError: no Ray answers at the address, or the process is connected to another.
    """
    if _ours == [address] and ray.is_initialized():
        yield
        return
    if ray.is_initialized():
        here = ray.get_runtime_context().gcs_address
        if address not in ("local", "auto", here):
            raise LlamocoError(
                f"this process is connected to the Ray at {here}, not {address}; use that, or disconnect first"
            )
        yield
        return
    try:
        _connect(address, workers)
        _ours.append(address)
        yield
    finally:
        _ours.clear()
        ray.shutdown()


def _connect(address: str, workers: int | None) -> None:
    if address == "local":
        options = _own_options(workers)
        brought_up(lambda: ray.init(address=address, **options))
        return
    _check_answers(address)
    try:
        with _callers_sigterm():
            ray.init(address=address, **_QUIETLY)
    except (ConnectionError, RuntimeError, ValueError, OSError, RayError) as error:
        raise _unreachable(address, str(error)) from None


def brought_up(start: Callable[[], object]) -> None:
    """Starts a Ray of our own, with a second attempt: on a machine under load its processes may come up too late.

    Raises:
        LlamocoError: it did not start either time.
    """
    for attempt in range(1, START_ATTEMPTS + 1):
        try:
            with _callers_sigterm():
                start()
            return
        except Exception as error:  # noqa: BLE001 - where its node comes up too late, Ray raises a plain Exception
            ray.shutdown()
            if attempt == START_ATTEMPTS:
                raise _unreachable("local", str(error) or type(error).__name__) from None


def _own_options(workers: int | None) -> dict[str, Any]:
    """The options of a Ray of our own."""
    folder = short_folder()
    _set_token()
    return {
        **_QUIETLY,
        "num_cpus": workers,  # without a number Ray counts the processors that this process may use, in a container too
        "include_dashboard": False,
        "object_store_memory": OBJECT_STORE_BYTES,
        "_system_config": NO_SPARE_WORKERS,
        **({"_temp_dir": folder} if folder else {}),
    }


def short_folder() -> str | None:
    """A folder for Ray's sockets where the temporary folder has too long a path for them; else None, Ray's own choice.

    Raises:
        LlamocoError: no folder with a short path can be written.
    """
    variable = "RAY_TMPDIR" if "RAY_TMPDIR" in os.environ else "TMPDIR"
    given = os.environ.get(variable, "/tmp")
    if len(os.fsencode(given)) <= MOST_TMPDIR_BYTES:
        return None
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        if os.access(folder, os.W_OK | os.X_OK):
            return f"{folder}/ray"
    raise LlamocoError(
        f"Ray does not start here: {variable} names a folder of {len(os.fsencode(given))} characters, too many for the "
        f"path of a socket; set RAY_TMPDIR to a folder of at most {MOST_TMPDIR_BYTES}, or run with --address inline"
    )


def _set_token() -> None:
    """Gives a Ray of our own a secret of its own, so that it keeps none in the user's home, which may be read-only."""
    known = {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys()
    if not known and not Path("~/.ray/auth_token").expanduser().exists():
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


@contextlib.contextmanager
def _callers_sigterm() -> Generator[None]:
    """Restores the caller's handler of SIGTERM: when Ray connects, it sets one that ends the process."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    if callable(handler) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)


def _check_answers(address: str) -> None:
    """Tries to connect in another process, which can be stopped: Ray itself would try for minutes, not quietly.

    Raises:
        LlamocoError: no Ray answers.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_LIMIT_S).close()
        except (OSError, OverflowError) as error:
            raise _unreachable(address, getattr(error, "strerror", None) or str(error)) from None
    script = f"import sys, ray; ray.init(sys.argv[1], **{_QUIETLY!r})"
    try:
        attempt = subprocess.run(
            [sys.executable, "-c", script, address],
            capture_output=True,
            check=False,
            text=True,
            timeout=CONNECT_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        raise _unreachable(address, f"nothing answered within {CONNECT_LIMIT_S:.0f} s") from None
    if attempt.returncode != 0:
        last = (attempt.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise _unreachable(address, re.sub(r"^[\w.]+(Error|Exception): ", "", last))


def _unreachable(address: str, reason: str) -> LlamocoError:
    reason = " ".join(reason.split())[:200].rstrip(".")
    if address == "local":
        advice = "run again when the machine is less busy" if _LATE.search(reason) else "mend that"
        return LlamocoError(f"Ray does not start here: {reason}; {advice}, or run with --address inline")
    return LlamocoError(
        f"no Ray answers at address {address!r}: {reason}; "
        "check the address and that its head node runs, or run with --address local"
    )
