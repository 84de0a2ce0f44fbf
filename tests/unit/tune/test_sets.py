"""What is trained on and what is looked at: by problem, never both, and set aside where there is no validation."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llamoco_tune.instructions import SCHEMA_VERSION, TrainingRows, training_rows
from llamoco_tune.records import TuningError
from llamoco_tune.snapshots import set_files
from tests.tuning_data import rows, write_export

pytestmark = pytest.mark.unit


def rows_to_train(folder: Path) -> TrainingRows:
    return training_rows(set_files(folder))


def problems(examples) -> set[str]:
    return {example.base_problem_id for example in examples}


def test_validation_split_is_taken_as_it_is(tmp_path: Path):
    found = rows_to_train(write_export(tmp_path / "set", train=5, validation=2))
    assert (len(found.training), len(found.validation), found.num_set_aside) == (10, 4, 0)
    assert {example.split for example in found.validation} == {"validation"}


@pytest.mark.parametrize("num_problems", [2, 5, 100])
def test_set_without_validation_sets_whole_problems_aside(tmp_path: Path, num_problems: int):
    found = rows_to_train(write_export(tmp_path / "set", train=num_problems))
    assert found.num_set_aside == len(problems(found.validation)) >= 1
    assert not problems(found.training) & problems(found.validation)
    assert len(found.training) + len(found.validation) == 2 * num_problems
    assert found.num_set_aside <= max(1, 2 * num_problems // 10)


def test_problem_stays_on_its_side_when_the_set_grows(tmp_path: Path):
    small = rows_to_train(write_export(tmp_path / "small", train=60))
    large = rows_to_train(write_export(tmp_path / "large", train=120))
    assert problems(small.validation) <= problems(large.validation)
    assert problems(small.training) <= problems(large.training)


def write_split(folder: Path, split: str, table: pa.Table) -> None:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    named = table.replace_schema_metadata({"llamoco_schema_version": str(SCHEMA_VERSION)})
    pq.write_table(named, folder / "data" / f"{split}-00000-of-00001.parquet")


def at_a_smaller_budget(row: dict) -> dict:
    return {**row, "instruction_id": f"smaller-{row['instruction_id']}", "problem_id": f"smaller-{row['problem_id']}"}


def test_problem_is_set_aside_at_all_of_its_budgets(tmp_path: Path):
    whole = rows("train", 40)
    write_split(tmp_path, "train", pa.Table.from_pylist([*whole, *map(at_a_smaller_budget, whole)]))
    found = rows_to_train(tmp_path)
    assert not problems(found.training) & problems(found.validation)
    assert set(Counter(example.base_problem_id for example in found.validation).values()) == {4}


def test_problem_on_two_sides_at_two_budgets_is_refused(tmp_path: Path):
    write_split(tmp_path, "train", pa.Table.from_pylist(rows("train", 3)))
    write_split(tmp_path, "test", pa.Table.from_pylist([at_a_smaller_budget(row) for row in rows("test", 1)]))
    with pytest.raises(TuningError, match=r"1 problems of .* are both in 'train' and in 'test', such as problem-0000"):
        rows_to_train(tmp_path)


def test_validation_split_without_rows_is_none(tmp_path: Path):
    table = pa.Table.from_pylist(rows("train", 5))
    write_split(tmp_path, "train", table)
    write_split(tmp_path, "validation", table.slice(0, 0))
    assert rows_to_train(tmp_path).num_set_aside >= 1


def test_set_of_one_problem_is_refused(tmp_path: Path):
    with pytest.raises(TuningError, match="one training problem, so none can be set aside"):
        rows_to_train(write_export(tmp_path / "set", train=1))


def test_set_without_training_rows_is_refused(tmp_path: Path):
    with pytest.raises(TuningError, match="has no split 'train'; it has test"):
        rows_to_train(write_export(tmp_path / "set", test=2))
