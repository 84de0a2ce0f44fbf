"""The libraries that programs use, as processes that fork for each run load them first."""

PRELOADED = (
    "numpy",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.stats",
    "cma",
    "minionpy",
    "nlopt",
    "pymoo.optimize",
    "pymoo.algorithms.soo.nonconvex.de",
    "pymoo.algorithms.soo.nonconvex.ga",
    "pymoo.algorithms.soo.nonconvex.isres",
    "pymoo.algorithms.soo.nonconvex.pso",
)
"""Modules that programs import most."""
