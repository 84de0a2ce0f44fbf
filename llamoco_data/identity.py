"""Names things by their content: the frozen record base, digests of canonical values, and random streams.

It refuses to canonicalise what has no canonical form (NaN, sets, objects), so that an id never depends on chance.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict
from typing_extensions import override

DIGEST_CHARACTERS = 20
"""Hexadecimal characters of an id: 80 bits, so that 10^9 ids collide with probability below 10^-6."""


_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class LlamocoError(Exception):
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

    @override
    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
        """A copy with other fields; values that the original has cached, such as its id, are not copied."""
        copied = super().model_copy(update=update, deep=deep)
        state: dict[str, object] = vars(copied)
        for name in state.keys() - type(self).model_fields.keys():
            del state[name]
        return copied

    def to_json(self) -> str:
        """The record as canonical JSON: equal records give equal bytes."""
        return canonical(self)


def canonical(value: object) -> str:
    """Canonical JSON of plain data and records: sorted keys, no spaces, shortest floats that read back exactly.

    Raises:
        TypeError: the value holds something other than records, mappings with text keys, sequences and scalars.
        ValueError: the value holds NaN or an infinity.
    """
    return _JSON.encode(_plain(value))


def digest(value: object) -> str:
    """The id of a value: the first 80 bits of the SHA-256 of its canonical JSON, in hexadecimal.

    Raises:
        TypeError, ValueError: see `canonical`.
    """
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:DIGEST_CHARACTERS]


def stream(*path: str | int) -> np.random.Generator:
    """The random stream of a readable path of ids, for example `stream("problem", seed, index)`.

    The same path gives the same stream in any process, in any order, on any machine.
    """
    entropy = int.from_bytes(hashlib.sha256(canonical(path).encode()).digest()[:16], "big")
    return np.random.Generator(np.random.PCG64(entropy))


def is_empty(value: Sequence[object]) -> bool:
    """Whether a field that was added later is left out of JSON, so that records without it keep their bytes and ids."""
    return not value


def _plain(value: object) -> object:
    # The commonest types come first, because a campaign makes an id for each of its runs.
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, Record):
        return value.model_dump(mode="json")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value!r} has no canonical form: only finite numbers can be part of an id")
        return value
    if isinstance(value, Mapping):
        return {_text_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(item) for item in value]
    raise TypeError(f"a {type(value).__name__} has no canonical form: use records, mappings, sequences and scalars")


def _text_key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"mapping key {key!r} has no canonical form: keys must be text")
    return key
