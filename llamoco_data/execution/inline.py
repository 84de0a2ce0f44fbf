"""The executor without other processes: one slice after another, here; a program that hangs or crashes is not contained."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from llamoco_data.execution.protocol import Slice
from llamoco_data.execution.work import Task, advance
from llamoco_data.portfolio.entrants import Entrant


@dataclass(frozen=True, slots=True)
class InlineExecutor:
    """Advances tasks in this process, in the order in which they are pending."""

    def run(self, entrants: Sequence[Entrant], pending: Callable[[], Task | None], width: int) -> Iterator[Slice]:
        """See `Executor.run`."""
        del width
        while (task := pending()) is not None:
            yield Slice(task, advance(task, entrants))
