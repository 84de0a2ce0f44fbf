"""Writes beside the model of the package how well it chooses on the released set, which a test finds again.

llamoco-tune pack runs/compact --out llamoco_tune/ready
python -m tests.benchmarks.ready
"""

import json
from pathlib import Path

from llamoco_tune import model as models
from llamoco_tune.choice import choice_log_probabilities
from llamoco_tune.choosing import judged
from llamoco_tune.identity import content_digest
from llamoco_tune.instructions import Example, read_split
from llamoco_tune.named import READY, place_of
from llamoco_tune.openings import Trie, read_openings
from llamoco_tune.tokens import Template

RELEASE = Path(__file__).parents[2] / "docs" / "releases" / "standard"
FIGURES = Path(place_of(READY)) / "figures.json"


def figures_of(model: str, splits: tuple[str, ...] = ("validation", "test", "test_families")) -> dict[str, object]:
    """The model's digest, and the figures of its choices on each split, one prompt a problem."""
    loaded, openings = models.load(model), read_openings(model)
    assert openings is not None, f"{model} does not choose"
    prepared = models.prepared(loaded.model.eval(), None, compiled=False)
    found: dict[str, object] = {"model": content_digest(model)}
    for split in splits:
        asked = one_each(split)
        prompts = Template.of(loaded.tokenizer).prompts_ids([each.prompt for each in asked])
        log_NK = choice_log_probabilities(prepared, Trie.of(openings), prompts)
        figures = judged(asked, [openings.optimizers[k] for k in log_NK.argmax(1)])
        found[split] = {"num_problems": len(asked), **{name: round(value, 4) for name, value in figures.items()}}
    return found


def one_each(split: str) -> list[Example]:
    """The first prompt of each problem, by instruction_id, as `generate --prompts-per-problem 1` asks."""
    first: dict[str, Example] = {}
    for example in sorted(read_split(RELEASE, split), key=lambda each: each.instruction_id):
        first.setdefault(example.problem_id, example)
    return list(first.values())


if __name__ == "__main__":
    FIGURES.write_text(json.dumps(figures_of(READY), indent=1) + "\n", encoding="utf-8")
