"""Writes beside the model of the package how well it chooses on the released set, which a test finds again.

llamoco-tune pack runs/compact --out llamoco_tune/ready
python -m tests.benchmarks.ready
llamoco-tune calibrate ready --data docs/releases/standard --replace
python docs/examples.py
"""

import json
from pathlib import Path

from llamoco_tune.choosing import judged
from llamoco_tune.generate.jobs import SelectionConfig, jobs_of
from llamoco_tune.identity import content_digest
from llamoco_tune.instructions import read_split
from llamoco_tune.named import READY, place_of
from llamoco_tune.programs import DecodingConfig
from tests.benchmarks.choosing import log_choices

RELEASE = Path(__file__).parents[2] / "docs" / "releases" / "standard"
FIGURES = Path(place_of(READY)) / "figures.json"


def figures_of(model: str, splits: tuple[str, ...] = ("validation", "test", "test_families")) -> dict[str, object]:
    """The model's digest, and the figures of its choices on each split, one prompt a problem."""
    found: dict[str, object] = {"model": content_digest(model)}
    for split in splits:
        jobs = jobs_of(
            read_split(RELEASE, split), SelectionConfig(split=split, prompts_per_problem=1), DecodingConfig()
        )
        asked = [job.example for job in jobs]
        log_NK, optimizers = log_choices(model, [each.prompt for each in asked])
        figures = judged(asked, [optimizers[k] for k in log_NK.argmax(1)])
        found[split] = {"num_problems": len(asked), **{name: round(value, 4) for name, value in figures.items()}}
    return found


if __name__ == "__main__":
    FIGURES.write_text(json.dumps(figures_of(READY), indent=1) + "\n", encoding="utf-8")
