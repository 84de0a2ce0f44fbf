"""Tells in one line that a file cannot be written: before work that would be lost, or when it is done."""

import contextlib
import io
import os
from collections.abc import Generator
from pathlib import Path

from llamoco_tune.records import TuningError

LATER = "run the same command again when it can"


@contextlib.contextmanager
def writing(place: Path, otherwise: str = LATER) -> Generator[None]:
    """Turns what the system says of a file or folder, inside the context, into one line.

    Args:
        otherwise: what to do, for the message.

    Raises:
        TuningError: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise TuningError(f"{place} cannot be written: {error.strerror or error}; {otherwise}") from None


@contextlib.contextmanager
def in_one_step(file: Path) -> Generator[Path]:
    """A path beside a file: what is written there takes the file's place at the end, and is removed after an error."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        yield part
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def closing_told(file: io.BufferedRandom) -> Generator[None]:
    """Closes a file to which each line was flushed: what could not be written then was told then, not once more."""
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.close()


def check_writable(file: Path, otherwise: str = LATER) -> None:
    """Checks that a file can be written, by another one beside it that is removed; makes the folder of both.

    Args:
        otherwise: what to do, for the message.

    Raises:
        TuningError: it cannot.
    """
    trial = file.with_name(f".{file.name}.{os.getpid()}")
    with writing(file, otherwise):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            trial.write_bytes(b"\n")
        finally:
            trial.unlink(missing_ok=True)
