"""The order of work: problems by index, but those that could end last come first, shared where one worker is too slow.

Nothing here decides a row: every order gives the same runs.
"""

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from llamoco_data.campaign.costs import Cost
from llamoco_data.execution import GivenRuns, Program, Task, runs_wanted
from llamoco_data.runs import RunRecord

EARLY = 4.0
"""A problem is begun out of turn when this multiple of its time may exceed the time of all workers for what is left."""
PART_S = 0.5
"""Least expected processor time of a part of a shared problem, so that sharing costs little."""


@dataclass(slots=True)
class _Shared:
    """A problem whose next runs are divided among several workers."""

    task: Task
    num_away: int
    """Parts that have not come back."""
    records: list[RunRecord] = field(default_factory=list)


@dataclass(slots=True)
class Agenda:
    """The open problems of a campaign, and which task a free worker gets.

    Problems are begun in the order of their indices, so that a campaign that is stopped half-way is a fair sample of
    the whole one. Towards the end, which is the whole campaign where workers are many, the longest come first.
    """

    programs: Sequence[Program]
    open: Callable[[int], Task]
    """Function from the index of a problem to its task."""
    costs: Mapping[int, Cost]
    """Index -> cost of every open problem."""
    _left: dict[int, Cost] = field(init=False)
    """Index -> cost of what is left of the problem."""
    _total_s: float = field(init=False)
    """Expected processor time of all that is left."""
    _in_order: deque[int] = field(init=False)
    _longest: list[tuple[float, int]] = field(init=False)
    """Heap of (-cost, index)."""
    _unbegun: set[int] = field(init=False)
    _begun: list[tuple[float, int, Task]] = field(default_factory=list)
    """Problems between two slices: heap of (-what is left, index, task)."""
    _parts: deque[Task] = field(default_factory=deque)
    _shared: dict[int, _Shared] = field(default_factory=dict)
    _num_out: int = 0
    _num_workers: int = 0
    """Largest number of workers that were at work at once."""

    def __post_init__(self) -> None:
        self._left = dict(self.costs)
        self._total_s = sum(cost.expected_s for cost in self.costs.values())
        self._in_order = deque(sorted(self.costs))
        self._longest = [(-cost.most_s, index) for index, cost in self.costs.items()]
        heapq.heapify(self._longest)
        self._unbegun = set(self.costs)

    def next(self) -> Task | None:
        """The task for a worker that is free; None while there is none."""
        self._num_workers = max(self._num_workers, self._num_out + 1)
        task = self._next()
        self._num_out += task is not None
        return task

    def came_back(self) -> None:
        """Notes that a worker is done with its task; `go_on`, `part_done` or `finish` then says what became of it."""
        self._num_out -= 1

    def go_on(self, task: Task, left: Cost | None) -> None:
        """Lines up a task of which something is left.

        Args:
            left: the cost of what is left of its problem; None where the expectation stays.
        """
        self._expect(task.index, left)
        if isinstance(task.wants, GivenRuns):
            self._parts.append(task)
        else:
            self._put_back(task)

    def part_done(self, part: Task, left: Cost | None) -> None:
        """Takes back a finished part of a shared problem; when all parts are back, lines up the problem.

        Args:
            left: the cost of what is left of its problem; None where the expectation stays.
        """
        self._expect(part.index, left)
        shared = self._shared[part.index]
        shared.records += part.records
        shared.num_away -= 1
        if not shared.num_away:
            del self._shared[part.index]
            together = (*shared.task.records, *shared.records)
            self._put_back(shared.task.model_copy(update={"records": together}))

    def finish(self, index: int) -> None:
        """Notes that nothing is left of a problem."""
        self._expect(index, Cost(0.0, 0.0))

    def _next(self) -> Task | None:
        if self._parts:
            return self._parts.popleft()
        longest = self._longest_unbegun()
        if longest is not None and self.is_long(longest, EARLY):
            return self._begin(longest)
        if self._begun:
            _, _, task = heapq.heappop(self._begun)
            is_shared = self.is_long(task.index) and not task.single
            return self._first_part(task) if is_shared else task
        return None if longest is None else self._begin(self._first_unbegun())

    def _put_back(self, task: Task) -> None:
        heapq.heappush(self._begun, (-self._left[task.index].most_s, task.index, task))

    def _first_part(self, task: Task) -> Task:
        """The first part of a problem whose next runs are divided among workers; the whole task if they are too few."""
        runs = runs_wanted(task, self.programs)
        num_parts = min(len(runs), ceil(self._left[task.index].expected_s / PART_S))
        if num_parts < 2:
            return task
        self._shared[task.index] = _Shared(task, num_parts)
        shares = (runs[first::num_parts] for first in range(num_parts))
        parts = ({"records": (), "wants": GivenRuns(runs=share)} for share in shares)
        self._parts.extend(task.model_copy(update=part) for part in parts)
        return self._parts.popleft()

    def _begin(self, index: int) -> Task:
        self._unbegun.discard(index)
        return self.open(index)

    def _longest_unbegun(self) -> int | None:
        while self._longest and self._longest[0][1] not in self._unbegun:
            heapq.heappop(self._longest)
        return self._longest[0][1] if self._longest else None

    def _first_unbegun(self) -> int:
        while self._in_order[0] not in self._unbegun:
            self._in_order.popleft()
        return self._in_order[0]

    def is_long(self, index: int, early: float = 1.0) -> bool:
        """Whether one worker may need longer for this problem than all workers together for everything that is left.

        Args:
            early: factor on the time of the problem.
        """
        return self._num_workers > 1 and early * self._left[index].most_s * self._num_workers > self._total_s

    def _expect(self, index: int, left: Cost | None) -> None:
        if left is not None:
            self._total_s += left.expected_s - self._left[index].expected_s
            self._left[index] = left
