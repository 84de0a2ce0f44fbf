# pyarrow comes without types.
# pyright: reportUnknownParameterType=false
"""Writes the programs of a rival to a file, in the form in which a model's programs come: one for each problem."""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_data.files import LocalFiles, Place
from llamoco_data.identity import LlamocoError
from llamoco_data.rivals.answering import programs_of
from llamoco_data.rivals.catalogue import Rival
from llamoco_data.scoring.cases import Prompt, read_split
from llamoco_data.scoring.programs import WRITTEN


@dataclass(frozen=True, slots=True)
class Written:
    """What a file of a rival holds."""

    file: Path
    num_programs: int
    num_texts: int
    """Number of different programs."""
    num_unanswered: int
    """Number of problems of the split that the rival cannot answer."""


def write_rival(
    rival: Rival, data: Place, out: Path, *, split: str = "test", seed: int = 0, model: Path | None = None
) -> Written:
    """Writes the programs of a rival for the problems of a split; equal arguments give equal bytes.

    A problem is answered once, for the first of its instructions by id, as `llamoco-tune generate` counts them.

    Raises:
        LlamocoError: there is no export or no such split in it, the rival has no answers or needs what is not there, or
            the file exists or cannot be written.
    """
    target = out.absolute()
    if target.exists():
        raise LlamocoError(f"{out} exists, and a rival must not replace it; name another file with --out")
    export = read_split(data, split)
    asked = _first_prompts(export.prompts.values(), split)
    texts = programs_of(rival, export, asked, seed, model)
    if not texts:
        raise LlamocoError(f"{rival} has no answers here: {data} has too few training rows, or of another release")
    rows = [_row(asked[problem_id], text, rival, seed) for problem_id, text in texts.items()]
    rows.sort(key=lambda row: (row["split"], row["instruction_id"]))
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=WRITTEN), sink, compression="zstd")
    if not LocalFiles(target.parent).put_if_absent(target.name, sink.getvalue()):
        raise LlamocoError(f"{out} exists, and a rival must not replace it; name another file with --out")
    return Written(out, len(rows), len(set(texts.values())), len(asked) - len(texts))


def _first_prompts(prompts: Iterable[Prompt], split: str) -> dict[str, Prompt]:
    """The first prompt of each problem of a split by instruction_id; by problem_id."""
    ordered = sorted((p for p in prompts if p.split == split), key=lambda prompt: prompt.instruction_id, reverse=True)
    return {prompt.problem_id: prompt for prompt in ordered}


def _row(prompt: Prompt, text: str, rival: Rival, seed: int) -> dict[str, object]:
    return {
        "instruction_id": prompt.instruction_id,
        "problem_id": prompt.problem_id,
        "split": prompt.split,
        "form": prompt.form,
        "sample": 0,
        "program": text,
        "completion": text,
        "ended": "stop",
        "detail": "",
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "seconds": 0.0,
        "model": rival,
        "settings": json.dumps({"rival": rival, "seed": seed}, sort_keys=True),
        "choices": "",
        "repair_round": 0,
        "first_program": "",
        "calls": 0,
        "vain_calls": 0,
    }
