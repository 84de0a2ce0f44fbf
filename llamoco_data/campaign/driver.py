"""Runs what is missing in a campaign folder: the one operation behind a start, a resumption and any growth."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from llamoco_data.campaign.spec import CampaignSpec
from llamoco_data.execution import Executor
from llamoco_data.runs import RunStatus


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a running campaign stands."""

    problems_done: int
    """Problems that have every run that the policy asks for, earlier sessions included."""
    problems_total: int
    runs_done: int
    """Runs in the folder and on their way into it, earlier sessions included."""
    runs_total: int
    """Estimate, which becomes exact as problems finish."""
    new_runs: int
    """Runs made by this call."""
    new_evaluations: int
    """Evaluations spent by this call."""
    elapsed_s: float
    """Since this call began."""
    runs_per_s: float
    """Of this call; 0 before the first run."""
    left_s: float | None
    """Estimated time to the end; None before the first run."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call of `run_campaign` ended."""

    snapshot: Snapshot
    new_runs_by_status: Mapping[RunStatus, int]
    drained: bool
    """Whether it was asked to stop before the campaign was finished; everything evaluated is in the folder."""

    @property
    def finished(self) -> bool:
        return self.snapshot.problems_done == self.snapshot.problems_total


def run_campaign(
    folder: str,
    spec: CampaignSpec,
    executor: Executor,
    *,
    report: Callable[[Snapshot], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Creates, resumes or grows the campaign in a folder, until nothing is missing or `stop` says so.

    Args:
        report: called about five times a second, and once at the end.
        stop: asked between slices; once it is true no new work is handed out, running slices end within about two
            seconds and a run, and everything that was evaluated is committed.

    Raises:
        LlamocoError: the folder holds another campaign or cannot be written, or no worker can be started. What was
            evaluated until then is in the folder wherever it can be written.
    """
    raise NotImplementedError
