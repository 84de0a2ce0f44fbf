# pyright: reportExplicitAny=false
"""Connecting a process to a Ray cluster, or to a local Ray of its own: in time, quietly, and with one line if not."""

import contextlib
import logging
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from typing import Any

import ray
from ray.exceptions import RayError

from llamoco_data.identity import LlamocoError

CONNECT_LIMIT_S = 20.0
OBJECT_STORE_BYTES = 200_000_000
"""Of a Ray of our own: tasks and their results are small."""

_ours: list[str] = []
"""The address to which this module has connected the process."""

_QUIETLY: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}


@contextlib.contextmanager
def connected(address: str, workers: int | None) -> Generator[None]:
    """Connects the process to Ray, unless it is connected already, and undoes at the end what it did.

    Args:
        workers: processors that a Ray of our own is to have; as many as this process may use where None.

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
    options = dict(_QUIETLY)
    if address == "local":
        # Without a number Ray counts the processors that this process may use, in a container too.
        options |= {"num_cpus": workers, "include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    else:
        _check_answers(address)
    try:
        with _callers_sigterm():
            ray.init(address=address, **options)
    except (ConnectionError, RuntimeError, ValueError, OSError, RayError) as error:
        raise _unreachable(address, str(error)) from None


@contextlib.contextmanager
def _callers_sigterm() -> Generator[None]:
    """Gives SIGTERM back to a caller that handles it: Ray takes it when it connects, and ends the process on it."""
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
        return LlamocoError(f"Ray does not start here: {reason}; free some memory, or run with --address inline")
    return LlamocoError(
        f"no Ray answers at address {address!r}: {reason}; "
        "check the address and that its head node runs, or run with --address local"
    )
