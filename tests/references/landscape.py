"""Samples of simple functions, and what pflacco says of their landscapes, which our features are compared with.

    python tests/references/landscape.py

writes `landscape.json` beside this file anew, in an environment with pflacco 1.2.2, which needs NumPy 1.24.
"""

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("landscape.json")
FUNCTIONS = {
    "sphere": lambda u: ((u - 0.4) ** 2).sum(axis=1),
    "rastrigin": lambda u: ((8 * u - 3.6) ** 2 - 10 * np.cos(2 * np.pi * (8 * u - 3.6)) + 10).sum(axis=1),
    "rosenbrock": lambda u: (100 * (4 * u[:, 1:] - 2 - (4 * u[:, :-1] - 2) ** 2) ** 2 + (3 - 4 * u[:, :-1]) ** 2).sum(
        axis=1
    ),
}
DIMENSIONS = (2, 5)


def sample(function: str, dimension: int) -> tuple[Any, Any]:
    """50 D points of the unit cube, and their values, scaled to [0, 1]."""
    u = np.random.default_rng(11).random((50 * dimension, dimension))
    values = FUNCTIONS[function](u)
    return u, (values - values.min()) / (values.max() - values.min())


def main() -> None:
    features = importlib.import_module("pflacco.classical_ela_features")
    pandas = importlib.import_module("pandas")
    found: dict[str, dict[str, float]] = {}
    for function in FUNCTIONS:
        for dimension in DIMENSIONS:
            u, values = sample(function, dimension)
            given = pandas.DataFrame(u, columns=[f"x{i}" for i in range(dimension)]), pandas.Series(values)
            told = {
                **features.calculate_ela_distribution(*given),
                **features.calculate_ela_meta(*given),
                **features.calculate_dispersion(*given),
                **features.calculate_nbc(*given, dist_tie_breaker="first"),
                **features.calculate_information_content(*given, ic_nn_start=0, seed=0),
            }
            kept = {name: float(value) for name, value in told.items() if "runtime" not in name}
            found[f"{function} {dimension}"] = kept
    FILE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
