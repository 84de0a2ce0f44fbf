"""What tests of the small campaign compare with: its records where nothing happens."""

import pytest

from llamoco_data.runs import RunRecord
from tests.chaos.undisturbed import undisturbed


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[RunRecord]:
    return undisturbed(tmp_path_factory.mktemp("expected") / "c")
