"""Checks a user's own problem in a separate process: in an empty folder, with a time limit, its output discarded.

A problem that hangs, crashes or needs a file beside itself is thus reported in one line. Attacks are not confined.
"""

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
from pathlib import Path

from pydantic import ValidationError

from llamoco_data.identity import LlamocoError, Record
from llamoco_data.problems.asking import wrong
from llamoco_data.problems.checking import Checked, Said, check, check_said, said_by
from llamoco_data.problems.source import LIBRARIES
from llamoco_data.texts import HASH_SEED, folder

CHECK_LIMIT_S = 60.0
"""Default time limit of each process of a check."""

_OTHER_HASH_SEED = "1"


class _Question(Record):
    text: str
    name: str
    is_second: bool = False
    """Whether the text has passed its check already and only its answers are wanted."""


class _Answer(Record):
    """What the other process found: one of the three fields."""

    checked: Checked | None = None
    said: Said | None = None
    complaint: str = ""


def check_apart(text: str, name: str = "", *, limit_s: float = CHECK_LIMIT_S) -> Checked:
    """Checks a text in another process, and compares its answers with those of a second one with another hash seed.

    This takes about two seconds more than `check`.

    Args:
        limit_s: time limit of each process.

    Raises:
        LlamocoError: see `check`; or the text reads a file, does not end, ends its process, or gives other answers in
            the second one.
    """
    checked = _answer(_Question(text=text, name=name), HASH_SEED, limit_s).checked
    assert checked is not None, "the first process sends this or a complaint"
    said = _answer(_Question(text=text, name=name, is_second=True), _OTHER_HASH_SEED, limit_s).said
    assert said is not None, "the second process sends this or a complaint"
    check_said(checked, said)
    return checked


def _answer(asked: _Question, hash_seed: str, limit_s: float) -> _Answer:
    try:
        question = asked.to_json().encode()
    except UnicodeEncodeError:
        raise wrong("it is no text that UTF-8 can write", "save it as UTF-8") from None
    with (
        tempfile.TemporaryDirectory(prefix="llamoco-check-") as place,
        tempfile.TemporaryDirectory(dir=place) as empty,
        subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=empty,
            env={**os.environ, "PYTHONPATH": python_path(), "PYTHONHASHSEED": hash_seed, "TMPDIR": place},
            start_new_session=True,
        ) as process,
    ):
        try:
            out, _ = process.communicate(question, timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise wrong(
                f"its check did not end within {limit_s:g} s",
                "it has an endless loop, or one evaluation takes seconds, and a campaign makes thousands",
            ) from None
        finally:
            # This also ends what the text has started.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return _read(out, process.returncode)


def python_path() -> str:
    """The PYTHONPATH by which a process in another folder imports this same package."""
    root = str(Path(__file__).parents[2])
    installed = root in sysconfig.get_paths().values()
    return os.pathsep.join(filter(None, ["" if installed else root, os.environ.get("PYTHONPATH", "")]))


def _read(out: bytes, code: int) -> _Answer:
    try:
        answer = _Answer.from_json(out)
    except ValidationError:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        what = f"its code ended the process that checked it ({how})"
        raise wrong(what, "find out why, or it ends every worker") from None
    if answer.complaint:
        raise LlamocoError(answer.complaint)
    return answer


def _watch_files() -> None:
    """Makes it an error, which the check reports, to open a file that is neither Python's nor the system's."""
    origins = (importlib.util.find_spec(package) for package in LIBRARIES)
    libraries = [str(Path(spec.origin).parents[1]) for spec in origins if spec and spec.origin]
    own = {sys.base_prefix, sys.prefix, str(Path(__file__).parents[1]), str(folder()), *libraries}
    allowed = (*(f"{os.path.realpath(place)}{os.sep}" for place in own), "/dev/", "/proc/", "/sys/", "/etc/")

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str | bytes):
            return
        file = os.fsdecode(arguments[0])
        if not os.path.realpath(file).startswith(allowed):
            raise PermissionError(f"it opens {file}")

    sys.addaudithook(audit)


def _refuse_threads() -> None:
    """Raises an error if the text has left a thread that keeps its process from ending."""
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        raise wrong("it starts a thread that does not end", "a worker would never end; compute without threads")


def main() -> None:
    """Reads a question from standard input and writes the answer to standard output."""
    answer_to = os.dup(1)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    question = _Question.from_json(sys.stdin.buffer.read())
    _watch_files()
    try:
        if question.is_second:
            answer = _Answer(said=said_by(question.text))
        else:
            answer = _Answer(checked=check(question.text, question.name))
        _refuse_threads()
    except LlamocoError as error:
        answer = _Answer(complaint=str(error))
    os.write(answer_to, answer.to_json().encode())
    os._exit(0)  # a thread that the text has started would be waited for


if __name__ == "__main__":
    main()
