"""A small export and a small model for tests of tuning, made where they are used: nothing is fetched or run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_tune.bases.from_scratch import byte_tokenizer
from llamoco_tune.bases.tiny import tiny_model
from llamoco_tune.instructions import SCHEMA_VERSION
from llamoco_tune.openings import openings_of, write_openings
from llamoco_tune.tokens import Template
from tests.tiny_models import write_tiny

OPTIMIZERS = {"slsqp": "numerical optimization", "de": "differential evolution", "pso": "particle swarm"}

PROGRAM = '''"""{title}: a program for tests."""

import numpy as np

STEP = {step}


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """Returns a corner of the box."""
    return lower + STEP * 0
'''


def program(optimizer: str, step: float = 0.1) -> str:
    return PROGRAM.format(title=optimizer.upper(), step=step)


def rows(split: str, num_problems: int, *, first: int = 0) -> list[dict[str, object]]:
    """Two wordings of each problem; its number decides which optimizer is best."""
    return [_row(split, number, wording) for number in range(first, first + num_problems) for wording in range(2)]


def _row(split: str, number: int, wording: int) -> dict[str, object]:
    optimizer = list(OPTIMIZERS)[number % len(OPTIMIZERS)]
    politeness = " please" * (number % 4)
    return {
        "instruction_id": f"{split}-{number:04d}-{wording}",
        "problem_id": f"problem-{number:04d}",
        "base_problem_id": f"problem-{number:04d}",
        "split": split,
        "form": ("python", "latex")[wording % 2],
        "wording": wording,
        "prompt": f"Minimize f{number % 5} in {number} variables, wording {wording}{politeness}.",
        "answer": program(optimizer, 0.1 + number),
        "optimizer": optimizer,
        "family": OPTIMIZERS[optimizer],
        "functions": [f"f{number % 5}"],
    }


def scores(row: dict[str, object]) -> dict[str, object]:
    """The columns from which choosing is learned: the label's optimizer is best, the next is behind it by 0.3."""
    order = [str(row["optimizer"]), *(name for name in OPTIMIZERS if name != row["optimizer"])]
    results = [{"optimizer": name, "score": 0.9 - 0.3 * place} for place, name in enumerate(order)]
    facts = [{"name": "variables", "value": float(str(row["problem_id"])[-4:])}, {"name": "constant", "value": 1.0}]
    return {"optimizer_scores": results, "single_best_score": 0.4, "reading": facts}


def write_export(folder: Path, *, version: int = SCHEMA_VERSION, without: Sequence[str] = (), **splits: int) -> Path:
    """An export with the columns that tuning reads; numbers of problems by split."""
    (folder / "data").mkdir(parents=True)
    first = 0
    for split, num_problems in splits.items():
        table = pa.Table.from_pylist([row | scores(row) for row in rows(split, num_problems, first=first)])
        table = table.drop_columns(list(without)).replace_schema_metadata({"llamoco_schema_version": str(version)})
        pq.write_table(table, folder / "data" / f"{split}-00000-of-00001-{first:012d}.parquet")
        first += num_problems
    return folder


def write_tiny_base(folder: Path, *, width: int = 32) -> Path:
    """A random model of two layers and a tokenizer that knows the words of the programs above."""
    tokenizer = _tokenizer()
    tiny_model(len(tokenizer), width=width).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_tiny_chooser(folder: Path) -> Path:
    """A random model with the openings of the programs above; which of them it prefers depends on the prompt."""
    tokenizer = _tokenizer()
    write_tiny(folder, "codegen", tokenizer, scale=12.0, n_positions=512)
    answers = {name: [Template.of(tokenizer).answer_ids(program(name))] for name in OPTIMIZERS}
    write_openings(folder, openings_of(answers))
    return folder


def _tokenizer() -> Any:
    return byte_tokenizer([json.dumps(row) for row in rows("train", 9)], vocabulary=400)
