"""Settings that limit the libraries of a process to one thread, because every processor has a process of its own."""

from collections.abc import Mapping
from types import MappingProxyType

ONE_THREAD: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
)
"""Environment variables and their values, to be set before a process loads its libraries."""
