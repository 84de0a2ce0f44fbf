"""What the small campaign gives where nothing happens."""

from pathlib import Path

from llamoco_data.campaign.driver import run_candidates
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.runs import RunRecord
from tests.campaigns import SMALL, candidate, results, small


def undisturbed(folder: Path, *bodies: str, **spec: int) -> list[RunRecord]:
    """Its records, with further candidates."""
    candidates = (*(candidate(body) for body in bodies), *stored_candidates(SMALL.optimizers))
    run_candidates(folder, small(**spec), candidates, InlineExecutor())
    return results(folder)
