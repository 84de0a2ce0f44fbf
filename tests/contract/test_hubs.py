"""Neither package imports the other, so what both need to publish stands in both: these parts stay the same."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.contract

ROOT = Path(__file__).parents[2]


def uploading(package: str, error: str) -> str:
    """The text of a package's module for hubs without blanks, whatever its errors are called and wherever they are."""
    text = (ROOT / package / "hub.py").read_text(encoding="utf-8")
    text = re.sub(rf"^from \S+ import {error}$", "", text, flags=re.MULTILINE)
    return re.sub(r"\s", "", text.replace(error, "Error"))


def test_uploads_are_the_same_in_both_packages_but_for_the_class_of_errors():
    ours = uploading("llamoco_data", "LlamocoError")
    assert "api.create_commit(" in ours
    assert ours == uploading("llamoco_tune", "TuningError")


def test_cards_of_both_packages_cite_the_same_paper():
    cards = [ROOT / "llamoco_data" / "export" / "card.py", ROOT / "llamoco_tune" / "card.py"]
    ours, theirs = (re.findall(r"```bibtex\n.*?\n```", card.read_text(encoding="utf-8"), re.DOTALL) for card in cards)
    assert len(ours) == 1
    assert ours == theirs
