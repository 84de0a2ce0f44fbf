"""The file of generated programs: its columns are the scorer's, it is whole or not there, what was written stays."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llamoco_tune.programs import SCHEMA, Program, open_programs, read_programs, write_programs
from llamoco_tune.records import TuningError
from tests.full_disk import full_disk

pytestmark = pytest.mark.unit


def row(instruction_id: str = "a", sample: int = 0, **fields: object) -> Program:
    plain = Program(
        instruction_id=instruction_id,
        problem_id="p",
        split="test",
        form="python",
        sample=sample,
        program="Überlauf: \n 𝛼\x00",
        completion="```python\nÜberlauf",
        ended="stop",
        detail="",
        prompt_tokens=3,
        completion_tokens=4,
        seconds=0.1 + 0.2,
        model="runs/tuned",
        settings='{"decoding": "greedy"}',
    )
    return plain.model_copy(update=fields)


def test_schema_is_the_one_agreed_with_the_scorer(tmp_path: Path):
    write_programs(tmp_path / "programs.parquet", [row()])
    schema = pq.read_schema(tmp_path / "programs.parquet")
    names = "instruction_id problem_id split form sample program completion ended detail prompt_tokens"
    later = "choices repair_round first_program calls vain_calls"
    assert schema.names == [*names.split(), "completion_tokens", "seconds", "model", "settings", *later.split()]
    whole = {"sample", "prompt_tokens", "completion_tokens", "repair_round", "calls", "vain_calls"}
    for field in schema:
        expected = pa.int64() if field.name in whole else pa.float64() if field.name == "seconds" else pa.string()
        assert (field.type, field.nullable) == (expected, False)
    assert schema.metadata == {b"llamoco_programs_version": b"1"}
    column = pq.ParquetFile(tmp_path / "programs.parquet").metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"


def test_file_is_sorted_and_gives_back_every_field(tmp_path: Path):
    path = tmp_path / "new" / "programs.parquet"
    rows = [row("b", 1), row("b", 0), row("a", 0, split="train"), row("a", 0, ended="error", detail="why")]
    with open_programs(path, "runs/tuned", '{"decoding": "greedy"}') as file:
        for each in rows:
            file.add(each)
        assert not path.exists()
        file.finish()
    assert read_programs(path) == [rows[3], rows[1], rows[0], rows[2]]
    assert [each.name for each in path.parent.iterdir()] == ["programs.parquet"]


def test_file_that_another_tool_has_typed_is_gone_on_with(tmp_path: Path):
    path = tmp_path / "programs.parquet"
    rows = [row("a"), row("b", seconds=0.5)]
    write_programs(path, rows)
    table = pq.read_table(path).append_column("remark", pa.array(["x", "y"]))
    kinds = {pa.string(): pa.large_string(), pa.int64(): pa.int32(), pa.float64(): pa.float64()}
    table = table.cast(pa.schema([(field.name, kinds[field.type]) for field in table.schema], SCHEMA.metadata))
    table = table.set_column(2, "split", table["split"].dictionary_encode())
    pq.write_table(table.select(table.schema.names[::-1]), path)
    assert read_programs(path) == rows
    with open_programs(path, rows[0].model, rows[0].settings) as file:
        file.add(row("c"))
        file.finish()
    assert read_programs(path) == [*rows, row("c")]
    assert pq.read_schema(path).equals(SCHEMA, check_metadata=True)


def begun(path: Path, *rows: Program) -> None:
    with open_programs(path, rows[0].model, rows[0].settings) as file:
        for each in rows:
            file.add(each)


def finished(path: Path) -> None:
    with open_programs(path, row().model, row().settings) as file:
        file.finish()


def test_rows_of_an_ended_process_are_there_again_but_for_a_half_written_line(tmp_path: Path):
    path = tmp_path / "programs.parquet"
    begun(path, row("a"), row("b"))
    with (tmp_path / "programs.parquet.part").open("ab") as part:
        part.write(row("c").to_json().encode()[:50])
    with open_programs(path, row().model, row().settings) as file:
        assert list(file.rows.values()) == [row("a"), row("b")]
        file.add(row("c"))
        file.finish()
    assert read_programs(path) == [row("a"), row("b"), row("c")]


def test_full_disk_is_one_line_and_the_rows_before_it_are_kept(tmp_path: Path):
    path = tmp_path / "programs.parquet"
    long = row("b", completion="long " * 1_000)
    line = r"programs\.parquet cannot be written: File too large; run the same command"
    with pytest.raises(TuningError, match=line), full_disk(2_000):
        begun(path, row("a"), long)
    with open_programs(path, row().model, row().settings) as file:
        assert list(file.rows.values()) == [row("a")]
    begun(path, long)
    with pytest.raises(TuningError, match=line), full_disk(100):
        finished(path)
    assert [each.name for each in tmp_path.iterdir()] == ["programs.parquet.part"]
    finished(path)
    assert read_programs(path) == [row("a"), long]


def test_rows_are_superseded_and_added_to_a_finished_file(tmp_path: Path):
    path = tmp_path / "programs.parquet"
    write_programs(path, [row("a", ended="error"), row("b")])
    begun(path, row("a"), row("c"))
    with open_programs(path, row().model, row().settings) as file:
        file.finish()
    assert read_programs(path) == [row("a"), row("b"), row("c")]


@pytest.mark.parametrize("other", [{"model": "another"}, {"settings": "{}"}])
@pytest.mark.parametrize("is_finished", [True, False])
def test_rows_of_another_model_or_settings_are_refused_and_left_alone(
    tmp_path: Path, other: dict[str, str], is_finished: bool
):
    path = tmp_path / "programs.parquet"
    if is_finished:
        write_programs(path, [row()])
    else:
        begun(path, row())
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    wanted = row().model_copy(update=other)
    with (
        pytest.raises(TuningError, match="give another --out"),
        open_programs(path, wanted.model, wanted.settings),
    ):
        pass
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_a_file_that_another_process_writes_is_refused(tmp_path: Path):
    path = tmp_path / "programs.parquet"
    with (
        open_programs(path, "m", "{}"),
        pytest.raises(TuningError, match="another process"),
        open_programs(path, "m", "{}"),
    ):
        pass


def test_what_is_no_file_of_programs_is_refused_and_left_alone(tmp_path: Path):
    path = tmp_path / "programs.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    write_programs(tmp_path / "odd.parquet", [row()])
    odd = pq.read_table(tmp_path / "odd.parquet")
    for name, column in {"older": pa.array(["stop"]), "ended": pa.array(["why"]), "sample": pa.array(["one"])}.items():
        place = odd.schema.get_field_index(name)
        changed = odd.set_column(place, name, column) if place >= 0 else odd.replace_schema_metadata({})
        pq.write_table(changed, tmp_path / f"{name}.parquet")
        with pytest.raises(TuningError, match="is no file of generated programs"):
            read_programs(tmp_path / f"{name}.parquet")
        (tmp_path / f"{name}.parquet").unlink()
    (tmp_path / "odd.parquet").unlink()
    (tmp_path / "text.parquet").write_text("text")
    (tmp_path / "damaged.parquet.part").write_text("{}\n")
    for name in ("programs.parquet", "text.parquet", "damaged.parquet", "."):
        with pytest.raises(TuningError), open_programs(tmp_path / name, "m", "{}"):
            pass
    assert pq.read_table(path).to_pydict() == {"a": [1]}
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "damaged.parquet.part",
        "programs.parquet",
        "text.parquet",
    ]
