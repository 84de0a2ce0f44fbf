"""What the small campaign gives where nothing happens."""

from pathlib import Path

from llamoco_data.campaign.driver import run_entrants
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.portfolio.entrants import entrants
from llamoco_data.runs import RunRecord
from tests.campaigns import SMALL, entrant, results, small


def undisturbed(folder: Path, *bodies: str, **spec: int) -> list[RunRecord]:
    """Its records, with further candidates."""
    candidates = (*(entrant(body) for body in bodies), *entrants(SMALL.optimizers))
    run_entrants(folder, small(**spec), candidates, InlineExecutor())
    return results(folder)
