# pyright: reportExplicitAny=false
"""Answers a problem with the program of the training row whose prompt a model finds most alike; nothing is tuned."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from llamoco_tune.forward import mean_states
from llamoco_tune.generate.jobs import SelectionConfig, jobs_of
from llamoco_tune.generate.local import LocalConfig, usable_device
from llamoco_tune.identity import content_digest
from llamoco_tune.instructions import TRAINING_SPLIT, Example, read_split
from llamoco_tune.model import computed_in, context_of, load, num_tokens_of
from llamoco_tune.programs import DecodingConfig, Program, write_programs
from llamoco_tune.records import TuningError
from llamoco_tune.tokens import Template, check_known
from llamoco_tune.written import check_writable

PER_BATCH = 16
"""Number of prompts at once, by default."""


def write_neighbours(data: Path, split: str, local: LocalConfig, out: Path) -> list[Program]:
    """Writes one program for each problem of a split, for the first of its prompts by id; returns the rows.

    Prompts are compared by the cosine of the means of their hidden states after the last layer. Equal arguments give
    equal bytes.

    Raises:
        TuningError: there is no such export, split or model, no training row of another problem, or the file exists
            or cannot be written.
    """
    if out.exists():
        raise TuningError(f"{out} exists, and must not be replaced; give another --out")
    selection = SelectionConfig(split=split, prompts_per_problem=1)
    asked = [job.example for job in jobs_of(read_split(data, split), selection, DecodingConfig())]
    training = read_split(data, TRAINING_SPLIT)
    check_writable(out)
    device = usable_device(local.device)
    precision = computed_in(local.precision, device)
    loaded = load(local.model, precision=precision, device=device)
    template, context = Template.of(loaded.tokenizer), context_of(loaded.model)
    ids = template.prompts_ids([example.prompt for example in [*asked, *training]])
    check_known(ids, num_tokens_of(loaded.model))
    try:
        embedded_NH = embedded(loaded.model, [each[:context] for each in ids], local.num_slots or PER_BATCH)
    except torch.OutOfMemoryError:
        raise TuningError("the device has too little memory; give --batch-size a smaller number") from None
    nearest = nearest_rows(embedded_NH[: len(asked)], embedded_NH[len(asked) :], asked, training)
    facts = {"rival": "nearest by embedding", "weights": content_digest(local.model), "precision": precision}
    settings = json.dumps(facts, sort_keys=True)
    rows = [
        _row(example, training[place], len(prompt), f"nearest by {local.model}", settings)
        for example, place, prompt in zip(asked, nearest, ids, strict=False)
    ]
    write_programs(out, rows)
    return rows


@torch.inference_mode()
def embedded(model: Any, rows: Sequence[Sequence[int]], per_batch: int) -> NDArray[np.float32]:
    """The mean hidden state of each row of tokens, (N, H); rows of similar lengths are computed together."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    found: dict[int, NDArray[np.float32]] = {}
    for start in range(0, len(rows), per_batch):
        places = order[start : start + per_batch]
        longest = max(len(rows[i]) for i in places)
        ids_BT = torch.tensor([[*rows[i], *[0] * (longest - len(rows[i]))] for i in places], device=model.device)
        lengths_B = torch.tensor([len(rows[i]) for i in places], device=model.device)
        found.update(zip(places, mean_states(model, ids_BT, lengths_B).cpu().numpy(), strict=True))
    return np.stack([found[i] for i in range(len(rows))])


def nearest_rows(
    asked_MH: NDArray[np.float32],
    training_NH: NDArray[np.float32],
    asked: Sequence[Example],
    training: Sequence[Example],
) -> list[int]:
    """For each prompt, the place of the training row with the largest cosine, never one of the same problem.

    Of equal ones it is the first.

    Raises:
        TuningError: all training rows are of that problem.
    """
    problems_N = np.array([row.base_problem_id for row in training])
    similar_MN = _units(asked_MH) @ _units(training_NH).T
    places: list[int] = []
    for example, similar_N in zip(asked, similar_MN, strict=True):
        may_N = problems_N != example.base_problem_id
        if not may_N.any():
            raise TuningError(
                f"split {TRAINING_SPLIT} has rows of one problem alone, {example.problem_id}; export more"
            )
        places.append(int(np.where(may_N, similar_N, -np.inf).argmax()))
    return places


def _units(rows_NH: NDArray[np.float32]) -> NDArray[np.float64]:
    wide_NH = rows_NH.astype(np.float64)
    return wide_NH / np.maximum(np.linalg.norm(wide_NH, axis=1, keepdims=True), np.finfo(np.float64).tiny)


def _row(example: Example, neighbour: Example, num_prompt: int, model: str, settings: str) -> Program:
    return Program(
        instruction_id=example.instruction_id,
        problem_id=example.problem_id,
        split=example.split,
        form=example.form,
        sample=0,
        program=neighbour.answer,
        completion=neighbour.answer,
        ended="stop",
        detail="",
        prompt_tokens=num_prompt,
        completion_tokens=0,
        seconds=0.0,
        model=model,
        settings=settings,
    )
