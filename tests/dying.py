"""A process that dies at one of its writes."""

import itertools
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

from llamoco_data.files.local import LocalFiles


class Died(BaseException):
    """The process is gone: nothing is written any more, not even by what cleans up."""


@contextmanager
def dying_after(num_writes: int) -> Generator[None]:
    """Within, files of this machine are written so many times, then no more; what is done within must die of it."""
    counter = itertools.count()

    def dying(write: Callable[..., object]) -> Callable[..., object]:
        def once(*arguments: object) -> object:
            if next(counter) >= num_writes:
                raise Died
            return write(*arguments)

        return once

    with pytest.MonkeyPatch.context() as patch:
        for name in ("replace", "put_if_absent"):
            patch.setattr(LocalFiles, name, dying(getattr(LocalFiles, name)))
        patch.setattr(LocalFiles, "remove", lambda *_: None)
        with pytest.raises(Died):
            yield
