"""A disk that is full: no file of this process can grow beyond a size."""

import resource
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def full_disk(num_bytes: int = 0) -> Generator[None]:
    """Makes the system refuse to write beyond this many bytes of any file; Python ignores the signal it sends."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
