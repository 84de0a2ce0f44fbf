"""The campaign folder: what is committed reads back, each run once, and what no log entry names does not exist."""

import hashlib
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.problems.sampling import sample
from llamoco_data.runs import RunRecord
from llamoco_data.store import Block, Store, StoredProblem, run_totals
from llamoco_data.store.tables import RUNS
from tests.campaigns import SMALL

pytestmark = pytest.mark.unit

PROBLEMS = [StoredProblem(index=index, spec=sample(SMALL.mixture, SMALL.seed, index)) for index in range(3)]


def record(problem: StoredProblem, seed: int, **fields: object) -> RunRecord:
    done = RunRecord(
        problem_id=problem.spec.problem_id,
        candidate_id="a" * 20,
        seed=seed,
        max_evaluations=problem.spec.max_evaluations,
        status="completed",
        optimum=-1.5,
        best_f=0.1 + 0.2,
        violation=1e300,
        evaluations=100,
        evaluations_to_target=7,
        slack_worth=1e-300,
        trace=((1, 3.5, 0.25), (2, 1 / 3, 0.0)),
        cpu_s=0.25,
    )
    return done.model_copy(update=fields)


FAILED = {
    "status": "raised",
    "detail": "Überlauf: \n 𝛼",
    "optimum": None,
    "best_f": None,
    "violation": None,
    "evaluations": 0,
    "evaluations_to_target": None,
    "trace": (),
}


def test_store_gives_back_every_field_of_what_it_was_given(tmp_path: Path):
    records = [record(PROBLEMS[0], 1), record(PROBLEMS[0], 2, **FAILED), record(PROBLEMS[1], 1)]
    Store(tmp_path).commit(
        Block(PROBLEMS[:2], records, "plan", [PROBLEMS[1].spec.problem_id], stored_candidates(("de",)))
    )
    store = Store(tmp_path)
    assert store.records(PROBLEMS[0].spec.problem_id) == records[:2]
    assert store.records(PROBLEMS[1].spec.problem_id) == records[2:]
    assert [store.problem(problem.spec.problem_id) for problem in PROBLEMS[:2]] == [p.spec for p in PROBLEMS[:2]]
    assert (store.indices(), store.problem_id(1)) == ([0, 1], PROBLEMS[1].spec.problem_id)
    assert store.candidates() == stored_candidates(("de",))
    assert store.complete("plan") == {PROBLEMS[1].spec.problem_id}
    assert store.complete("other plan") == set()


def test_store_reads_runs_of_a_release_that_knew_no_worth_of_slack_beside_new_ones(tmp_path: Path):
    old, new = record(PROBLEMS[0], 1, slack_worth=None), record(PROBLEMS[0], 2, slack_worth=0.5)
    store = Store(tmp_path)
    store.commit(Block(PROBLEMS[:1], [old]))
    (file,) = [file for file in store.files if file.kind == "runs"]
    before = pq.read_table(tmp_path / file.path).drop_columns(["slack_worth", "tier", "faults"])
    pq.write_table(before, tmp_path / file.path)
    data = (tmp_path / file.path).read_bytes()
    entry = max((tmp_path / ".manifest").iterdir())
    entry.write_text(entry.read_text().replace(file.sha256, hashlib.sha256(data).hexdigest()))
    Store(tmp_path).commit(Block(records=[new]))
    assert Store(tmp_path).records(PROBLEMS[0].spec.problem_id) == [old, new]


def test_store_that_was_never_written_is_empty(tmp_path: Path):
    store = Store(tmp_path / "nowhere")
    assert (store.indices(), store.candidates(), store.records("x"), store.num_runs) == ([], (), [], 0)
    assert run_totals(store) == []
    assert not (tmp_path / "nowhere").exists()


def test_store_reads_a_run_that_was_committed_twice_once(tmp_path: Path):
    """Two drivers on one folder make the same runs; the first commit counts."""
    first, second = Store(tmp_path), Store(tmp_path)
    first.commit(Block(PROBLEMS[:1], [record(PROBLEMS[0], 1)]))
    second.commit(Block(PROBLEMS[:1], [record(PROBLEMS[0], 1, cpu_s=9.0), record(PROBLEMS[0], 2)]))
    both = Store(tmp_path)
    assert [(r.seed, r.cpu_s) for r in both.records(PROBLEMS[0].spec.problem_id)] == [(1, 0.25), (2, 0.25)]
    assert [(total.num_runs, total.cpu_s) for total in run_totals(both)] == [(2, 0.5)]


def test_store_keeps_the_first_problem_of_an_index(tmp_path: Path):
    store = Store(tmp_path)
    store.commit(Block(PROBLEMS[:1]))
    other = StoredProblem(index=0, spec=PROBLEMS[1].spec)
    store.commit(Block([other]))
    assert Store(tmp_path).problem_id(0) == PROBLEMS[0].spec.problem_id


def test_store_goes_by_the_last_candidates_that_were_committed(tmp_path: Path):
    store = Store(tmp_path)
    for names in (("de",), ("de", "pso"), ("de",)):
        store.commit(Block(candidates=stored_candidates(names)))
        assert store.candidates() == Store(tmp_path).candidates() == stored_candidates(names)


def test_store_sums_runs_by_candidate_and_status(tmp_path: Path):
    records = [record(p, seed) for p in PROBLEMS for seed in (1, 2)] + [record(PROBLEMS[0], 3, **FAILED)]
    Store(tmp_path).commit(Block(PROBLEMS, records))
    sums = {total.status: (total.num_runs, total.evaluations, total.cpu_s) for total in run_totals(Store(tmp_path))}
    assert sums == {"completed": (6, 600, 1.5), "raised": (1, 0, 0.25)}


def test_store_of_an_empty_block_writes_nothing(tmp_path: Path):
    Store(tmp_path).commit(Block())
    assert list(tmp_path.iterdir()) == []


def test_store_does_not_know_a_file_that_no_entry_names(tmp_path: Path):
    store = Store(tmp_path)
    store.commit(Block(PROBLEMS[:1], [record(PROBLEMS[0], 1)]))
    (tmp_path / "runs" / "stray.parquet").write_bytes(b"anything")
    (tmp_path / "runs" / ".half.parquet.0.tmp").write_bytes(b"half")
    assert len(Store(tmp_path).records(PROBLEMS[0].spec.problem_id)) == 1


def test_store_files_are_plain_parquet_of_one_schema(tmp_path: Path):
    store = Store(tmp_path)
    store.commit(Block(PROBLEMS[:1], [record(PROBLEMS[0], 1, **FAILED)]))
    store.commit(Block(PROBLEMS[1:], [record(problem, 1) for problem in PROBLEMS[1:]]))
    files = [file for file in store.files if file.kind == "runs"]
    assert all(pq.read_schema(tmp_path / file.path).equals(RUNS, check_metadata=True) for file in files)
    table = ds.dataset([tmp_path / file.path for file in files]).to_table()
    assert table.num_rows == 3
    assert set(table["run_id"].to_pylist()) == {record(p, 1, **FAILED).run_id for p in PROBLEMS}
    assert [file.rows for file in files] == [1, 2]


def test_store_gives_equal_records_equal_names(tmp_path: Path):
    for name in ("one", "two"):
        Store(tmp_path / name).commit(Block(PROBLEMS, [record(problem, 1) for problem in PROBLEMS]))
    assert Store(tmp_path / "one").files == Store(tmp_path / "two").files


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "is damaged"),
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(bytes(path.stat().st_size)), "is damaged"),
        (lambda path: path.write_bytes(with_flipped_bit(path.read_bytes())), "is damaged"),
    ],
    ids=["truncated", "missing", "zeroed", "flipped"],
)
@pytest.mark.parametrize("kind", ["runs", "problems", "candidates"])
def test_store_names_a_file_that_is_damaged(kind: str, damage, what: str, tmp_path: Path):
    Store(tmp_path).commit(Block(PROBLEMS[:1], [record(PROBLEMS[0], 1)], candidates=stored_candidates(("de",))))
    (path,) = (tmp_path / kind).iterdir()
    damage(path)
    with pytest.raises(LlamocoError) as error:
        read_all(tmp_path)
    advice = f"restore it from a copy, or let `llamoco-data run {tmp_path}` set it aside and make what it held again"
    assert str(error.value) == f"{path} {what}; {advice}"


def test_store_names_a_log_entry_that_is_damaged(tmp_path: Path):
    Store(tmp_path).commit(Block(PROBLEMS[:1]))
    entry = tmp_path / ".manifest" / "00000001.json"
    entry.write_text(entry.read_text()[:-5])
    with pytest.raises(LlamocoError, match=r"00000001.json is damaged or of another version; restore it from a copy"):
        Store(tmp_path)


def with_flipped_bit(data: bytes) -> bytes:
    where = len(data) // 3
    return data[:where] + bytes([data[where] ^ 1]) + data[where + 1 :]


def read_all(folder: Path) -> tuple[list[RunRecord], AnySpec]:
    store = Store(folder)
    store.candidates()
    problem_id = PROBLEMS[0].spec.problem_id
    return store.records(problem_id), store.problem(problem_id)
