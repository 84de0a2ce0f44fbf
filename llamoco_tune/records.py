"""Shared by every module: the error that a user can mend, the frozen record, digests of plain data and files."""

import hashlib
import json
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

DIGEST_CHARACTERS = 20
"""Hexadecimal characters of an id, as in the instruction set."""
LARGEST_SEED = 2**32 - 1
"""Largest seed that NumPy's global generator takes, which transformers seeds."""


class TuningError(Exception):
    """An error that a user can mend; the command line prints its message in one line and exits with code 2."""


class Record(BaseModel):
    """A value that crosses a process, a file or the command line: frozen, strict, without unknown fields or NaN."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The record written by `to_json`.

        Raises:
            pydantic.ValidationError: a field is missing, unknown or of another type.
        """
        return cls.model_validate_json(text)

    def to_json(self, *, indent: int | None = None) -> str:
        """The record as JSON with sorted keys: equal records give equal bytes."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, indent=indent, ensure_ascii=False)


def digest(value: object) -> str:
    """The id of plain data: the first 80 bits of the SHA-256 of its sorted JSON, in hexadecimal.

    Raises:
        TypeError: the value holds something that JSON cannot express.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_CHARACTERS]


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
