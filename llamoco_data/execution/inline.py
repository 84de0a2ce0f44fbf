"""The executor that works in this process, slice after slice; it contains neither a hang nor a crash."""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from llamoco_data.execution.protocol import Slice
from llamoco_data.execution.work import Interrupted, Program, Task, advance


@dataclass(frozen=True, slots=True)
class InlineExecutor:
    """Advances tasks in this process, in the order in which they are pending."""

    def connected(self) -> AbstractContextManager[None]:
        """See `Executor.connected`."""
        return nullcontext()

    def run(
        self, programs: Sequence[Program], pending: Callable[[], Task | None], width: int
    ) -> Generator[Slice | None]:
        """See `Executor.run`."""
        del width
        while (task := pending()) is not None:
            try:
                progress = advance(task, programs)
            except Interrupted as interrupted:
                yield Slice(task, interrupted.progress)
                raise
            yield Slice(task, progress)
