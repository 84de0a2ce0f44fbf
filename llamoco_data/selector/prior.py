# pyright: reportUnknownParameterType=false
"""The prior of informed races: a table of measured problems, and the settings of the forest that is grown from it.

It is a Parquet file and no pickle: it runs no code when it is read, and what it was fitted on can be looked at.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from llamoco_data.identity import DIGEST_CHARACTERS, LlamocoError, Record
from llamoco_data.selector.features import NAMES
from llamoco_data.selector.forest import ForestSettings, Selector, grown, whole_scores
from llamoco_data.selector.measured import Measured

PRIOR_KEY = b"llamoco_prior"
"""Key of the spec in the metadata of the file."""

_SCHEMA = pa.schema(
    [
        pa.field("problem_id", pa.string(), nullable=False),
        pa.field("features", pa.list_(pa.float64()), nullable=False),
        pa.field("scores", pa.list_(pa.float64()), nullable=False),
        pa.field("measured", pa.list_(pa.bool_()), nullable=False),
    ]
)
_WRITE_ANEW = "write it anew with llamoco-data prior"


class PriorSpec(Record):
    """What a prior is, besides its table."""

    version: Literal[1] = 1
    source: str
    """Digest of the mixture and the seed that its problems were drawn from."""
    num_problems: int = Field(ge=0)
    """Problems of that campaign, which had the first indices."""
    optimizers: tuple[str, ...] = Field(min_length=1)
    """Optimizers whose scores it has; random search, which scores 0 by definition, is not among them."""
    always: tuple[str, ...]
    """Optimizers with the best mean scores on the training problems, which informed races run on every problem."""
    features: tuple[str, ...] = NAMES
    """Names of the features."""
    settings: ForestSettings = ForestSettings()
    scikit_learn: str
    """Version of scikit-learn, with which the forest is the same on every machine."""


@dataclass(frozen=True)
class Prior:
    """A prior as it is in its file. Axes: N problems, F features, O optimizers."""

    spec: PriorSpec
    data: bytes
    """The file."""
    features: NDArray[np.float64]
    """Of the measured problems, of shape (N, F)."""
    scores: NDArray[np.float64]
    """Scores of the measured problems, of shape (N, O); gaps are filled in."""
    measured: NDArray[np.bool_]
    """Shape (N, O): whether any candidate of the optimizer was run; where none was, the score is filled in."""

    @property
    def prior_id(self) -> str:
        """Digest of the file."""
        return prior_id(self.data)

    @cached_property
    def selector(self) -> Selector:
        """The forest; growing it takes seconds.

        Raises:
            LlamocoError: this installation would grow another forest.
        """
        installed = _installed()
        if self.spec.scikit_learn != installed:
            raise LlamocoError(
                f"the prior {self.prior_id} needs scikit-learn {self.spec.scikit_learn}, and {installed} is installed, "
                f"which may expect other scores; install scikit-learn=={self.spec.scikit_learn}"
            )
        return grown(self.spec.optimizers, self.features, self.scores, self.spec.settings)


def prior_id(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:DIGEST_CHARACTERS]


def prior_from(measured: Measured, *, source: str, num_problems: int, always: tuple[str, ...]) -> Prior:
    """The prior of measured problems; filling in the gaps takes seconds."""
    spec = PriorSpec(
        source=source,
        num_problems=num_problems,
        optimizers=measured.optimizers,
        always=always,
        scikit_learn=_installed(),
    )
    columns = {
        "problem_id": list(measured.problem_ids),
        "features": measured.features.tolist(),
        "scores": whole_scores(measured, spec.settings).tolist(),
        "measured": (~np.isnan(measured.scores)).tolist(),
    }
    table = pa.table(columns, schema=_SCHEMA.with_metadata({PRIOR_KEY: spec.to_json().encode()}))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return parsed_prior(sink.getvalue().to_pybytes(), "the prior")


def read_prior(path: Path) -> Prior:
    """The prior in a file.

    Raises:
        LlamocoError: there is no such file, or it holds no prior.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LlamocoError(f"{path} cannot be read: {error.strerror}; {_WRITE_ANEW}") from None
    return parsed_prior(data, str(path))


def parsed_prior(data: bytes, where: str) -> Prior:
    """The prior in the content of a file.

    Raises:
        LlamocoError: it is no prior, is damaged, or is of a release with other features.
    """
    try:
        table = pq.read_table(pa.BufferReader(data))
        spec = PriorSpec.from_json((table.schema.metadata or {})[PRIOR_KEY])
        features_NF, scores_NO, measured_NO = (
            np.array(table[name].to_pylist()) for name in ("features", "scores", "measured")
        )
    except (pa.ArrowException, OSError, KeyError, ValueError, ValidationError):
        raise LlamocoError(
            f"{where} holds no prior, a damaged one, or that of another release; {_WRITE_ANEW}"
        ) from None
    if spec.features != NAMES:
        raise LlamocoError(f"{where} is the prior of another release, which read other features; {_WRITE_ANEW}")
    return Prior(spec, data, features_NF, scores_NO, measured_NO)


def _installed() -> str:
    return version("scikit-learn")
