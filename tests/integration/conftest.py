"""What several files of integration tests share: one small measured campaign and its export."""

from pathlib import Path

import pytest

from llamoco_data.campaign import run_campaign
from llamoco_data.execution import executor
from llamoco_data.export import export
from llamoco_data.racing import Race
from llamoco_data.recipes import recipe


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a campaign of 16 problems and its export; tests write nothing into these two."""
    place = tmp_path_factory.mktemp("measured")
    demo = recipe("demo")
    changes = {
        "num_problems": 16,
        "mixture": demo.mixture.model_copy(update={"max_evaluations": 150, "max_dimension": 4}),
        "optimizers": ("slsqp", "nelder_mead", "de", "pso", "random_search"),
        "policy": Race(),
        "wordings": 1,
    }
    run_campaign(place / "campaign", demo.model_copy(update=changes), executor("inline"))
    export(place / "campaign", place / "export")
    return place
