"""Standard output as commands need it: no character ends them, and a place that takes no more is told in one line."""

import contextlib
import io
import os
from pathlib import Path
from typing import TextIO


def replace_unencodable(stream: TextIO | None) -> None:
    """Lets a stream write a question mark for what its encoding lacks, where it would raise an error."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="replace")


def flush(stream: TextIO | None) -> None:
    """Writes what is still held back.

    Raises:
        OSError: the stream takes no more.
    """
    if stream is not None and not stream.closed:
        stream.flush()


def takes_no_more(stream: TextIO | None) -> bool:
    """Whether a stream refuses an empty line, as on a full disk; one that does not has an empty line more."""
    try:
        if stream is not None:
            stream.write("\n")
            stream.flush()
    except OSError:
        return True
    return False


def give_up(stream: TextIO | None) -> None:
    """Drops what a stream cannot write, so that the end of the process does not try, and complain, again."""
    try:
        flush(stream)
    except OSError:
        with contextlib.suppress(OSError), Path(os.devnull).open("wb") as nowhere:
            if stream is not None:
                os.dup2(nowhere.fileno(), stream.fileno())


def refusal(error: OSError) -> str:
    """What is wrong where a stream takes no more, and what to do."""
    reason = (error.strerror or type(error).__name__).lower()
    return f"standard output cannot be written: {reason}; free some space, or send it elsewhere"
