"""Discards what executed texts print, log and warn, so that this process's output stays its own."""

import atexit
import contextlib
import ctypes
import functools
import logging
import os
import sys
import warnings
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TextIO

import numpy as np

_SYSTEM = ctypes.CDLL(None)


@contextlib.contextmanager
def silence() -> Generator[None]:
    """Silences the whole process, compiled code and other threads included; about 50 us.

    Handlers that the code within adds to the root logger are removed afterwards.
    """
    sink, root = _sink(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        _descriptors_to(sink.fileno()),
        contextlib.redirect_stdout(sink),
        contextlib.redirect_stderr(sink),
    ):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            root.handlers[:] = handlers
            root.setLevel(level)


@contextlib.contextmanager
def _descriptors_to(nowhere: int) -> Generator[None]:
    """Redirects descriptors 1 and 2, to which compiled code and holders of the former streams write."""
    streams = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    with contextlib.ExitStack() as kept:
        _flush(streams)
        for descriptor in (1, 2):
            with contextlib.suppress(OSError):  # a process may have none
                before = os.dup(descriptor)
                kept.callback(os.close, before)
                kept.callback(os.dup2, before, descriptor)
                os.dup2(nowhere, descriptor)
        kept.callback(_flush, streams)
        yield


def _flush(streams: Iterable[TextIO | None]) -> None:
    for stream in streams:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            if stream is not None:
                stream.flush()
    _SYSTEM.fflush(None)


def _sink() -> TextIO:
    """The file that output goes to: one for the whole process, since a logger that a text has made may keep it."""
    if _opened().closed:  # a text has closed it
        _opened.cache_clear()
    return _opened()


@functools.cache
def _opened() -> TextIO:
    sink = Path(os.devnull).open("w", encoding="utf-8", errors="replace")  # noqa: SIM115 - it stays open
    atexit.register(sink.close)
    return sink
