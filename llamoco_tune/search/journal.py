"""The answers to searches that are not finished, on disk as they come, so that no call is paid for twice."""

import io
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from llamoco_tune.programs import Answer
from llamoco_tune.records import Record, TuningError
from llamoco_tune.written import closing_told, writing


class Call(NamedTuple):
    """One call of a search: its random stream, and its number from 0."""

    stream: str
    number: int


class _Line(Record):
    settings: str
    stream: str
    number: int
    completion: str
    ended: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float


class Journal:
    """The answers so far."""

    def __init__(self, path: Path, file: io.BufferedRandom, settings: str, answers: dict[Call, Answer]) -> None:
        self._path = path
        self._file = file
        self._settings = settings
        self.answers = answers

    def add(self, call: Call, answer: Answer) -> None:
        """Keeps an answer; one that is an error of the server is to be asked for again, and is not kept.

        Raises:
            TuningError: it cannot be written; the answers before it are kept.
        """
        if answer.ended == "error":
            return
        line = _Line(
            settings=self._settings,
            stream=call.stream,
            number=call.number,
            completion=answer.completion,
            ended=answer.ended,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            seconds=answer.seconds,
        )
        with writing(self._path):
            self._file.write(line.to_json().encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        self.answers[call] = answer


@contextmanager
def open_journal(path: Path, settings: str) -> Generator[Journal]:
    """The journal at a path, which is removed once the block ends without an error.

    Args:
        settings: what decides the answers; a journal of others is refused.

    Raises:
        TuningError: it is of another search, is damaged, or cannot be written.
    """
    try:
        file = path.open("a+b")
    except OSError as error:
        raise TuningError(f"{path} cannot be written: {error.strerror}; give another --out") from None
    with closing_told(file):
        yield Journal(path, file, settings, _answers(file, path, settings))
    path.unlink(missing_ok=True)


def _answers(file: io.BufferedRandom, path: Path, settings: str) -> dict[Call, Answer]:
    """The answers of a journal; a line that a killed process left unfinished is cut off."""
    file.seek(0)
    content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    file.truncate(len(whole))
    answers: dict[Call, Answer] = {}
    try:
        lines = [_Line.from_json(line) for line in whole.splitlines()]
    except ValidationError:
        raise TuningError(f"{path} is damaged; delete it to begin anew, or give another --out") from None
    for line in lines:
        if line.settings != settings:
            raise TuningError(f"{path} was begun with other settings; give another --out, or delete it")
        ended = "length" if line.ended == "length" else "stop"
        answers[Call(line.stream, line.number)] = Answer(
            0, line.completion, ended, "", line.prompt_tokens, line.completion_tokens, line.seconds
        )
    return answers
