"""Reads embeddings of prompts before and after the warm-up, and computes what a picture of them shows."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from llamoco_tune.records import TuningError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Embeddings of N prompts, one row each; the two widths may differ."""

    before: Floats
    """Embeddings before the warm-up, (N, H)."""
    after: Floats
    """Embeddings after the warm-up, (N, H)."""
    families: tuple[str, ...]
    """Family of the optimizer that answers each prompt."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Rows in the plane of their first two principal components."""

    points: Floats
    """Coordinates of the rows, (N, 2)."""
    shares: tuple[float, float]
    """Share of the variance along each component."""


def read_embeddings(file: Path) -> Embeddings:
    """The arrays `before`, `after` and `families` of an `.npz` file.

    Raises:
        TuningError: there is no such file, or it holds something else.
    """
    try:
        with np.load(file) as arrays:
            families: list[str] = arrays["families"].tolist()
            return Embeddings(_floats(arrays["before"]), _floats(arrays["after"]), tuple(families))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TuningError(f"{file} does not hold embeddings from before and after a warm-up") from error


def project(rows_NH: Floats) -> Projection:
    """Principal components (Pearson 1901) of the rows, each scaled to length 1, since the warm-up compares angles."""
    units_NH = _units(rows_NH)
    centred_NH = units_NH - units_NH.mean(axis=0)
    left_NK, scales_K, _ = np.linalg.svd(centred_NH, full_matrices=False)
    variance = max(float((scales_K**2).sum()), np.finfo(float).tiny)
    first, second = (float(scale**2) / variance for scale in scales_K[:2])
    return Projection(left_NK[:, :2] * scales_K[:2], (first, second))


def mean_cosines(rows_NH: Floats, families: Sequence[str]) -> tuple[float, float]:
    """Mean cosines of two rows of the same family, and of different families; NaN if there is no such pair."""
    units_NH = _units(rows_NH)
    cosines_NN = units_NH @ units_NH.T
    names_N = np.array(families)
    same_NN = names_N[:, None] == names_N[None, :]
    apart_NN = ~np.eye(len(families), dtype=bool)
    return _mean(cosines_NN[same_NN & apart_NN]), _mean(cosines_NN[~same_NN])


def _units(rows_NH: Floats) -> Floats:
    lengths_N1 = np.linalg.norm(rows_NH, axis=1, keepdims=True)
    return rows_NH / np.maximum(lengths_N1, np.finfo(float).tiny)


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else float("nan")


def _floats(array: npt.NDArray[np.generic]) -> Floats:
    return array.astype(np.float64)
