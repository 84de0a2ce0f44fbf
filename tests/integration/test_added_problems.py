"""Users' own problems in a campaign: from the command to the row, through crashes, damage and growth. About 45 s."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llamoco_data import OwnProblemSpec, own_problem, read_instructions, read_spec, run_program
from llamoco_data.apart import run_text
from llamoco_data.campaign import (
    add_problems,
    load_campaign,
    plan,
    present_problems,
    read_candidates,
    read_problems,
    run_campaign,
    status,
)
from llamoco_data.campaign.own_problems import OWN_PROBLEMS
from llamoco_data.campaign.spec import keep_campaign, own_index
from llamoco_data.drive.lease import LEASE_FILE, holding
from llamoco_data.execution import Executor, executor
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import export
from llamoco_data.files import files_at
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio.stored_candidates import optimizers_of
from llamoco_data.report import write_report
from llamoco_data.store import Block, Store, StoredProblem
from llamoco_data.verification import verify
from llamoco_data.verification.replays import check_replay
from tests.campaigns import OneRunSlices, grown, results
from tests.dying import dying_after
from tests.own_problems import BOWL, FREE, NOISE

pytestmark = pytest.mark.integration

OWN = [own_problem(BOWL, "bowl"), own_problem(FREE, "free")]
TWO = grown(num_problems=2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two problems of the mixture and two users' own, complete."""
    folder = tmp_path_factory.mktemp("whole") / "c"
    keep_campaign(folder, TWO)
    add_problems(folder, OWN)
    run_campaign(folder, load_campaign(folder), InlineExecutor())
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "c")


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def found(folder: Path) -> list[str]:
    return [finding.line for finding in verify(folder, sample=0, checked=Counter())]


def wrong(folder: Path) -> list[str]:
    return [line for line in found(folder) if not line.startswith("note: ")]


def test_own_problem_is_run_like_any_other(whole: Path):
    by_name = {p.spec.name: p for p in read_problems(whole) if isinstance(p.spec, OwnProblemSpec)}
    assert {name: (p.spec, p.index < 0, p.complete) for name, p in by_name.items()} == {
        spec.name: (spec, True, True) for spec in OWN
    }
    for runs in by_name.values():
        applying = optimizers_of(read_candidates(whole), runs.spec)
        assert len(runs.records) == 2 * len(applying) > 0
        assert {record.status for record in runs.records} == {"completed"}
        assert all(record.evaluations <= 120 and record.violation == 0 for record in runs.records)
    there = status(whole)
    assert (there.problems_total, there.problems_complete) == (4, 4)
    assert plan(whole, load_campaign(whole)).problems_missing == 0


@pytest.mark.parametrize(
    ("make", "needs"),
    [
        pytest.param(lambda: OneRunSlices(InlineExecutor()), None, id="inline"),
        pytest.param(lambda: executor("local", 2), "local_ray", id="Ray", marks=pytest.mark.slow),
    ],
)
def test_records_are_the_same_wherever_the_text_is_executed(
    make: Callable[[], Executor], needs: str | None, whole: Path, tmp_path: Path, request: pytest.FixtureRequest
):
    """And whenever the problems were added: here one before the first run, one after it, the campaign grown between."""
    if needs:
        request.getfixturevalue(needs)
    folder = tmp_path / "c"
    keep_campaign(folder, grown(num_problems=1))
    add_problems(folder, OWN[1:])
    run_campaign(folder, load_campaign(folder), make())
    run_campaign(folder, load_campaign(folder).model_copy(update={"num_problems": 2}), make())
    add_problems(folder, OWN)
    run_campaign(folder, load_campaign(folder), make())
    assert load_campaign(folder) == load_campaign(whole)
    assert results(folder) == results(whole)


def test_whole_campaign_with_own_problems_has_no_finding(whole: Path):
    checked = Counter[str]()
    assert list(verify(whole, sample=30, checked=checked)) == []
    assert (checked["problems"], checked["problems drawn again"], checked["own problems checked again"]) == (4, 2, 2)
    assert checked["runs made again"] == 30


@pytest.fixture(scope="module")
def rows(whole: Path) -> list[dict]:
    """Every problem at its budget and at three tenths of it."""
    return read_instructions(export(whole, whole.with_name("set"), budgets=[0.3]).folder).to_pylist()


def test_rows_hold_the_text_to_the_byte_in_the_python_form_only(rows: list[dict]):
    own = [row for row in rows if row["base_problem_id"] in {spec.problem_id for spec in OWN}]
    assert {row["kind"] for row in own} == {"own"}
    assert {row["form"] for row in own} == {"python"}
    assert {row["max_evaluations"] for row in own} >= {120}
    assert min(row["max_evaluations"] for row in own) <= 36
    for row in own:
        spec = read_spec(row["problem_spec"])
        assert isinstance(spec, OwnProblemSpec)
        assert (spec.problem_id, spec.source, row["functions"]) == (row["problem_id"], row["problem_source"], [])
        base = next(each for each in OWN if each.problem_id == row["base_problem_id"])
        assert spec.source == base.source.replace("= 120", f"= {row['max_evaluations']}")
        assert row["prompt"].endswith(f"\n\n```python\n{spec.source}```\n")


def test_rows_read_the_few_numbers_that_are_known_of_a_users_problem(rows: list[dict]):
    for row in rows:
        read = {one["name"]: one["value"] for one in row["reading"]}
        assert read["inequalities"] == row["num_inequality"]
        assert 10 ** read["log evaluations"] == pytest.approx(row["max_evaluations"])
        assert ("multimodal" in read) == (row["kind"] != "own")


def test_rows_of_a_problem_are_on_one_side_whatever_their_budget(rows: list[dict]):
    sides: dict[str, set[str]] = {}
    for row in rows:
        sides.setdefault(row["base_problem_id"], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in sides.values())
    assert "test_families" not in {row["split"] for row in rows if row["kind"] == "own"}


def test_answers_give_the_recorded_result_from_the_row_alone(rows: list[dict]):
    for row in {row["problem_id"]: row for row in rows if row["kind"] == "own"}.values():
        record = run_program(row["answer"], read_spec(row["problem_spec"]), row["replay_seed"])
        assert (record.best_f, record.violation) == (row["replay_best_f"], row["replay_violation"])
        problem: dict = {}
        exec(row["problem_source"], problem)
        program: dict = {"__name__": "program"}
        exec(row["answer"], program)
        box = (problem["lower"], problem["upper"])
        limits = {"constraints": problem.get("constraints")}
        x = program["minimize"](problem["objective"], *box, problem["max_evaluations"], row["replay_seed"], **limits)
        assert problem["objective"](x) == pytest.approx(row["replay_best_f"], rel=1e-9)


def test_export_and_report_with_own_problems_are_well(whole: Path, rows: list[dict], tmp_path: Path):
    checked = Counter[str]()
    assert list(verify(whole.with_name("set"), sample=1000, checked=checked)) == []
    assert checked["rows run again"] == len(rows)
    page = write_report(whole, tmp_path / "page.html").file.read_text()
    assert ">bowl: own, 2 variables, 1 constraint, 120 evaluations" in page
    assert "A user&#39;s own problem; 2 variables" in page


def test_problem_that_is_nan_in_places_and_prints_goes_all_the_way_in_silence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    value = "nan if x[0] > 1.0 else inf if x[0] > 0.5 else 1 / 0 if x[0] > 0.4 else x[0] + x[1]"
    text = f"from math import inf, nan\n{FREE.partition('    return')[0]}    {NOISE}\n    return {value}\n\n\n{NOISE}\n"
    spec = own_problem(text, "noisy")
    campaign = grown(num_problems=0, optimizers=("nelder_mead", "de", "random_search"))
    add_problems(tmp_path / "c", [spec], start=campaign)
    run_campaign(tmp_path / "c", load_campaign(tmp_path / "c"), InlineExecutor())
    row = read_instructions(export(tmp_path / "c", tmp_path / "set").folder).to_pylist()[0]
    assert run_text(row["answer"], spec, row["replay_seed"]).best_f == row["replay_best_f"] >= -3.0
    checked = Counter[str]()
    for folder in (tmp_path / "c", tmp_path / "set"):
        assert list(verify(folder, sample=2, checked=checked)) == []
    assert checked["rows run again"] > 0
    assert capfd.readouterr() == ("", "")


def test_statement_that_is_finite_where_its_problem_is_not_is_named(rows: list[dict]):
    """Nowhere may one be a value and the other none."""
    row = next(row for row in rows if row["kind"] == "own" and row["problem_id"] == OWN[1].problem_id)
    for value in ("float('nan')", "1 / 0", "np.zeros(2)", "None"):
        changed = {**row, "problem_source": FREE.partition("    return")[0] + f"    return {value}\n"}
        (finding,) = check_replay(changed)
        assert "its problem_source is not its problem: at [" in finding.what


def test_export_whose_own_text_was_changed_is_named(whole: Path, rows: list[dict], tmp_path: Path):
    exported = shutil.copytree(whole.with_name("set"), tmp_path / "set")
    for file in (exported / "data").iterdir():
        table = pq.read_table(file)
        changed = [
            {**row, "problem_spec": row["problem_spec"].replace("10.0 *", "11.0 *")} for row in table.to_pylist()
        ]
        pq.write_table(pa.Table.from_pylist(changed, schema=table.schema), file)
    assert any("but the digest of its problem_spec is" in line for line in wrong(exported))


def test_problem_that_is_there_is_passed_over(folder: Path):
    before = files(folder)
    assert add_problems(folder, OWN) == ()
    assert files(folder) == before


def test_campaign_never_loses_a_problem_that_was_added(folder: Path):
    with pytest.raises(LlamocoError, match="which was not asked for: a campaign only grows; was it added just now"):
        run_campaign(folder, TWO, InlineExecutor())


def test_campaign_file_of_an_earlier_release_reads_as_one_without_own_problems(tmp_path: Path):
    keep_campaign(tmp_path, TWO)
    file = tmp_path / "campaign.json"
    old = json.loads(file.read_text())
    del old["own_problems"]
    file.write_text(json.dumps(old))
    assert load_campaign(tmp_path) == TWO


def stored(problem: OwnProblemSpec) -> StoredProblem:
    return StoredProblem(index=own_index(problem.problem_id), spec=problem)


def begun(folder: Path) -> None:
    keep_campaign(folder, TWO)
    run_campaign(folder, TWO, InlineExecutor())


def after_its_text(folder: Path) -> None:
    files_at(folder).replace(f"{OWN_PROBLEMS}/bowl-{OWN[0].problem_id}.py", BOWL.encode())


def after_its_table(folder: Path) -> None:
    after_its_text(folder)
    Store(folder).commit(Block([stored(OWN[0])]))


@pytest.mark.parametrize("died", [after_its_text, after_its_table])
def test_problem_whose_adding_was_cut_short_is_not_there_until_it_is_added_again(
    died: Callable[[Path], None], whole: Path, tmp_path: Path
):
    folder = tmp_path / "c"
    begun(folder)
    expected = results(folder)
    died(folder)
    assert run_campaign(folder, TWO, InlineExecutor()).progress.new_runs == 0
    assert results(folder) == expected
    assert status(folder).problems_total == 2
    assert all(
        line.startswith("note: ") and "adding it was interrupted; add it again, or leave it" in line
        for line in found(folder)
    )
    assert add_problems(folder, OWN) == tuple(spec.problem_id for spec in OWN)
    run_campaign(folder, load_campaign(folder), InlineExecutor())
    assert results(folder) == results(whole)
    assert found(folder) == []


def test_new_campaign_whose_first_adding_dies_at_any_write_can_be_begun_again(tmp_path: Path):
    """Written in turn: two for the lease, spec, candidates and their entry, text, table and its entry, spec."""
    alone, ids = grown(num_problems=0), {OWN[0].problem_id}
    for left in range(9):
        folder = tmp_path / str(left)
        with dying_after(left):
            add_problems(folder, OWN[:1], start=alone)
        (folder / LEASE_FILE).unlink(missing_ok=True)  # as a driver does that finds the lease of a dead one
        begun = (folder / "campaign.json").exists()
        assert not begun or present_problems(folder) == set()
        add_problems(folder, OWN[:1], start=None if begun else alone)
        assert present_problems(folder) == ids
    assert wrong(tmp_path / "5") == []


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 8
    path.write_bytes(data)


def run(folder: Path) -> list[str]:
    lines = list[str]()
    run_campaign(folder, load_campaign(folder), InlineExecutor(), notice=lines.append)
    return lines


def own_table(folder: Path) -> Path:
    return folder / next(file.path for file in Store(folder).files if own_index(OWN[0].problem_id) in file.indices)


@pytest.mark.parametrize("spoil", [damage, Path.unlink], ids=["damaged", "gone"])
def test_own_problem_whose_table_is_lost_is_restored_from_its_text(
    spoil: Callable[[Path], None], folder: Path, whole: Path
):
    path = own_table(folder)
    spoil(path)
    (line,) = run(folder)
    assert line.startswith(str(path))
    assert results(folder) == results(whole)
    assert wrong(folder) == []


def test_restoring_that_was_cut_short_goes_on_with_the_next_run(folder: Path, whole: Path):
    path = own_table(folder)
    path.unlink()
    Store(folder).withdraw([str(path.relative_to(folder))])
    assert any("is in no table; run the campaign" in line for line in wrong(folder))
    assert run(folder) == []
    assert results(folder) == results(whole)


@pytest.mark.parametrize("spoil", [damage, Path.unlink], ids=["damaged", "gone"])
def test_own_problem_that_is_lost_with_its_text_is_named_and_the_rest_goes_on(
    spoil: Callable[[Path], None], folder: Path, whole: Path
):
    text = folder / OWN_PROBLEMS / f"bowl-{OWN[0].problem_id}.py"
    spoil(text)
    damage(own_table(folder))
    lines = run(folder)
    assert any(
        f"has lost the text of the user's own problem {OWN[0].problem_id}, and goes on" in line for line in lines
    )
    assert len(list(read_problems(folder))) == 3
    assert status(folder).problems_complete == 3
    assert export(folder, folder.with_name("set")).report.incomplete == 1
    assert add_problems(folder, OWN) == (OWN[0].problem_id,)
    assert run(folder) == []
    assert results(folder) == results(whole)


def test_text_that_is_lost_while_its_table_is_well_is_a_note_and_is_kept_again_by_adding(folder: Path, whole: Path):
    text = folder / OWN_PROBLEMS / f"bowl-{OWN[0].problem_id}.py"
    damage(text)
    (line,) = found(folder)
    assert line.startswith(
        f"note: problem {OWN[0].problem_id}: has no intact copy of its text beside the tables; add it"
    )
    assert run(folder) == []
    assert add_problems(folder, OWN) == (OWN[0].problem_id,)
    assert text.read_text() == BOWL
    assert files(folder) == files(whole)


def test_text_that_was_added_under_another_name_after_damage_is_found(folder: Path, whole: Path):
    damage(folder / OWN_PROBLEMS / f"bowl-{OWN[0].problem_id}.py")
    assert add_problems(folder, [own_problem(BOWL, "other")]) == (OWN[0].problem_id,)
    own_table(folder).unlink()
    assert len(run(folder)) == 1
    assert results(folder) == results(whole)


def test_problem_is_not_added_while_a_driver_is_at_work(tmp_path: Path):
    keep_campaign(tmp_path, TWO)
    before = files(tmp_path)
    with holding(files_at(tmp_path), print), pytest.raises(LlamocoError, match="is being worked on by process"):
        add_problems(tmp_path, OWN)
    assert files(tmp_path) == before
