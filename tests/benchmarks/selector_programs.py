"""Answers the problems of a split as the forest expects, in a file of programs that is scored like a model's.

    python -m tests.benchmarks.selector_programs standard-export --split test --out forest-test.parquet
    llamoco-data score forest-test.parquet --data standard-export --out forest-scores

The forest is fitted on the training problems alone. Its answer is the optimizer with the best expected score, in the
settings that stood best on similar problems. It reads the problem's specification, not its statement, so it is what a
model could at best learn from predicted rows.
"""

import argparse
import json
from pathlib import Path

import pyarrow.parquet as pq

from llamoco_data import read_instructions
from llamoco_data.export.predicting import expected_results, teacher_of
from llamoco_data.instruction_set.drawing import DRAWING_KEY, Drawing
from llamoco_data.problems.own_spec import read_spec
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.selector.training import training_of
from llamoco_tune.programs import Program, write_programs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    table = read_instructions(arguments.export, split="train")
    training = training_of(table)
    assert training is not None, "the export has too few training problems"
    metadata = pq.read_schema(next((arguments.export / "data").glob("train-*.parquet"))).metadata
    teacher = teacher_of(training, Drawing.from_json(metadata[DRAWING_KEY]), "", frozenset())
    columns = ["instruction_id", "problem_id", "split", "form", "problem_spec"]
    rows = read_instructions(arguments.export, split=arguments.split).select(columns).to_pylist()
    first = {row["problem_id"]: row for row in sorted(rows, key=lambda row: row["instruction_id"], reverse=True)}
    specs = {problem_id: read_spec(row["problem_spec"]) for problem_id, row in first.items()}
    drawn = {problem_id: spec for problem_id, spec in specs.items() if isinstance(spec, ProblemSpec)}
    results = expected_results(teacher, list(drawn.values()))
    programs = [
        Program(
            **{name: first[problem_id][name] for name in columns[:4]},
            sample=0,
            program=teacher.candidates[expected[0].candidate_id].program,
            completion=teacher.candidates[expected[0].candidate_id].program,
            ended="stop",
            detail="",
            prompt_tokens=0,
            completion_tokens=0,
            seconds=0.0,
            model="forest",
            settings=json.dumps({}),
        )
        for problem_id, expected in zip(drawn, results, strict=True)
    ]
    write_programs(arguments.out, sorted(programs, key=lambda program: program.key))


if __name__ == "__main__":
    main()
