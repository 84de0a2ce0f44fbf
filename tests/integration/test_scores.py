"""A score from a file of programs to its tables, and that it says the same wherever and however often it is made."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from llamoco_data import read_instructions, read_spec, run_program
from llamoco_data.box.run import RUNS
from llamoco_data.campaign import read_candidates, read_problems
from llamoco_data.cli.commands import main
from llamoco_data.confined import zygote
from llamoco_data.drive import DriveProgress, holding
from llamoco_data.execution import executor
from llamoco_data.files import files_at
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio import BASELINE, portfolio, program_text
from llamoco_data.racing import Run
from llamoco_data.runs import program_id
from llamoco_data.scoring import score
from llamoco_data.scoring.cases import read_export
from llamoco_data.scoring.contenders import majority
from llamoco_data.scoring.marks import floor_of, marks_of
from llamoco_data.scoring.plan import RunPlan, floor_run
from llamoco_data.scoring.programs import Generated
from llamoco_data.scoring.reuse import sources_of, take_over
from llamoco_data.scoring.score import TIME_LIMIT_S
from llamoco_data.scoring.summary import ContenderScore, Summary
from llamoco_data.store import Block, Store
from tests.boxes import below, ignores, name_of
from tests.campaigns import HEAD
from tests.forking import DATA, forked
from tests.scores import write_programs, written

pytestmark = pytest.mark.integration

BODIES = {
    "syntax": "return (",
    "raised": "raise ValueError('no')",
    "bad return": "return None",
    "crashed": "import os\nos._exit(1)",
}


@pytest.fixture(scope="module")
def folder(measured: Path) -> Path:
    """A folder with a campaign and its export."""
    return measured


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[dict[str, Any]]:
    return read_instructions(folder / "export").to_pylist()


@pytest.fixture(scope="module")
def chosen(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of two problems of the training split and of one of another, to be fast."""
    ids = [dict.fromkeys(r["problem_id"] for r in rows if (r["split"] == "train") == train) for train in (True, False)]
    wanted = {*list(ids[0])[:2], *list(ids[1])[:1]}
    return [row for row in rows if row["problem_id"] in wanted]


def with_another_near_tie(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], str]:
    """A row whose problem has a near-tie of another optimizer than the label's, and that optimizer."""
    ties = ((row, tie["optimizer"]) for row in rows for tie in row["near_ties"])
    return next((row, optimizer) for row, optimizer in ties if optimizer != row["optimizer"])


@pytest.fixture(scope="module")
def programs(folder: Path, chosen: list[dict[str, Any]]) -> Path:
    """Copies of every answer, one of a near-tie with a line more, and for one problem a program for each failure."""
    made = [written(row, row["answer"]) for row in chosen]
    for sample, body in enumerate(BODIES.values(), start=1):
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        made.append(written(chosen[0], HEAD + lines, sample=sample))
    made.append(written(chosen[0], "", sample=9, ended="error", detail="the endpoint is gone", completion=""))
    row, optimizer = with_another_near_tie(chosen)
    made.append(written(row, program_text(optimizer, {}) + "# mine\n", sample=1))
    return write_programs(folder / "programs.parquet", made)


@pytest.fixture(scope="module")
def scores(folder: Path, programs: Path) -> Path:
    """The score of these programs."""
    out = folder / "scores"
    ended = score(programs, folder / "export", out, executor("inline"))
    assert ended.summary is not None
    assert ended.progress.new_runs == ended.progress.runs_total
    return out


def read(out: Path) -> tuple[list[dict[str, Any]], Summary]:
    return pq.read_table(out / "scores.parquet").to_pylist(), Summary.from_json((out / "summary.json").read_bytes())


def test_score_of_the_recorded_runs_is_the_recorded_score(folder: Path, rows: list[dict[str, Any]]):
    """The formula is the verdict's, also where random search found nothing feasible and the floor is measured anew."""
    asked = [
        Generated(
            **{name: row[name] for name in ("instruction_id", "problem_id", "split", "form")},
            sample=0,
            program="",
            ended="stop",
            detail="",
            prompt_tokens=0,
            completion_tokens=0,
            seconds=0.0,
        )
        for row in rows
    ]
    cases = read_export(folder / "export", asked).cases
    random_search = portfolio((BASELINE,))[0].candidate_id
    texts = {candidate.candidate_id: candidate.program for candidate in read_candidates(folder / "campaign")}
    measured_anew = 0
    for problem in read_problems(folder / "campaign"):
        if (case := cases.get(problem.spec.problem_id)) is None:
            continue
        run = floor_run(case)
        measured_anew += run is not None
        floor = floor_of(case, [run_program(texts[random_search], problem.spec, run.seed)] if run else [])
        row = next(row for row in rows if row["problem_id"] == case.problem_id)
        for result in row["optimizer_scores"]:
            records = [r for r in problem.records if r.candidate_id == result["candidate_id"]]
            assert marks_of("x = 1", records, case, floor).score == pytest.approx(result["score"], rel=1e-12)
        answer = [r for r in problem.records if r.candidate_id == program_id(row["answer"])]
        assert marks_of(row["answer"], answer, case, floor).score == pytest.approx(row["winner_score"], rel=1e-12)
    assert measured_anew, "no problem without a feasible point by random search: draw others"


def test_copies_of_the_answers_score_as_the_virtual_best(scores: Path, chosen: list[dict[str, Any]]):
    table, summary = read(scores)
    copies = [row for row in table if row["sample"] == 0]
    assert len(copies) == len(chosen)
    for row in copies:
        assert (row["parses"], row["defines"], row["runs"], row["keeps_budget"]) == (True,) * 4
        assert row["right"] is row["nearly_right"] is True
        assert row["named"] == row["label"] == row["copy_of"]
        assert row["failure"] == row["detail"] == ""
    other = next(split for split in summary.splits if split.split != "train")
    model, best = contender(other.contenders, "model"), contender(other.contenders, "virtual best")
    assert model.model_dump(exclude={"contender"}) == best.model_dump(exclude={"contender"})
    assert other.right.share == other.copies.share == 1.0


def contender(scores: tuple[ContenderScore, ...], name: str) -> ContenderScore:
    return next(one for one in scores if one.contender == name)


def test_failures_score_nothing_and_are_told_apart(scores: Path, chosen: list[dict[str, Any]]):
    table, summary = read(scores)
    failed = [row for row in table if row["failure"]]
    assert [row["failure"] for row in failed] == [*BODIES, "no program"]
    assert {row["score"] for row in failed} == {0.0}
    assert failed[-1]["detail"] == "the endpoint is gone"
    train = next(split for split in summary.splits if split.split == "train")
    assert train.failures == {**dict.fromkeys(BODIES, 1), "no program": 1}
    assert (train.num_problems, train.not_generated, train.cut_off) == (2, 1, 0)
    # Of the first problem's programs there are its rows' copies and five failures; the other's all run.
    num_rows = sum(row["problem_id"] == chosen[0]["problem_id"] for row in chosen)
    assert train.run.share == pytest.approx((num_rows / (num_rows + 5) + 1) / 2)


def test_program_that_names_a_near_tie_is_nearly_right_and_no_copy_of_it(scores: Path, chosen: list[dict[str, Any]]):
    row, optimizer = with_another_near_tie(chosen)
    (mine,) = [one for one in read(scores)[0] if (one["problem_id"], one["sample"]) == (row["problem_id"], 1)]
    assert (mine["named"], mine["label"], mine["copy_of"]) == (optimizer, row["optimizer"], "")
    assert (mine["right"], mine["nearly_right"], mine["runs"]) == (False, True, True)


def test_majority_and_virtual_best_are_those_of_the_export(scores: Path, rows: list[dict[str, Any]], folder: Path):
    _, summary = read(scores)
    labels = {row["problem_id"]: row["optimizer"] for row in rows if row["split"] == "train"}
    counts = {name: list(labels.values()).count(name) for name in labels.values()}
    assert {split.majority for split in summary.splits} == {min(counts, key=lambda name: (-counts[name], name))}
    assert majority({}) == ""
    for split in summary.splits:
        mine = {row["problem_id"]: row for row in pq.read_table(scores / "problems.parquet").to_pylist()}
        recorded = [row["winner_score"] for row in rows if row["split"] == split.split and row["problem_id"] in mine]
        assert split.recorded_virtual_best == pytest.approx(sum(recorded) / len(recorded))


def test_every_run_is_made_once_and_with_seeds_of_its_own(scores: Path, chosen: list[dict[str, Any]]):
    store = Store(scores)
    for problem_id in {row["problem_id"] for row in chosen}:
        made = [(record.candidate_id, record.seed) for record in store.records(problem_id)]
        assert len(set(made)) == len(made)
        assert len({seed for _, seed in made}) <= 4  # three of the score, and one for the floor
    copied = next(row for row in chosen if row["split"] != "train")
    again = run_program(copied["answer"], read_spec(copied["problem_spec"]), made_seed(store, copied))
    (there,) = [
        r for r in store.records(copied["problem_id"]) if (r.candidate_id, r.seed) == (again.candidate_id, again.seed)
    ]
    assert there.model_copy(update={"cpu_s": again.cpu_s, "tier": None, "faults": None}) == again
    assert there.tier in ("filtered", "isolated")


def made_seed(store: Store, row: dict[str, Any]) -> int:
    mine = program_id(row["answer"])
    return next(record.seed for record in store.records(row["problem_id"]) if record.candidate_id == mine)


def tables(out: Path) -> dict[str, bytes]:
    names = ("scores.parquet", "problems.parquet", "summary.json", "scores.md")
    return {name: (out / name).read_bytes() for name in names}


def test_second_score_makes_no_run_and_the_same_tables(scores: Path, programs: Path, folder: Path):
    before = tables(scores)
    again = score(programs, folder / "export", scores, executor("inline"))
    assert again.progress.new_runs == 0
    numbered = folder / "export" / ".snapshots" / "0001"
    assert score(programs, numbered, scores, executor("inline")).progress.new_runs == 0
    assert tables(scores) == before


def test_runs_of_other_scores_are_taken_over(scores: Path, programs: Path, folder: Path, tmp_path: Path):
    said: list[str] = []
    again = score(programs, folder / "export", tmp_path / "s", executor("inline"), reuse=[scores], notice=said.append)
    assert again.progress.new_runs == 0
    assert tables(tmp_path / "s") == tables(scores)
    assert said == [f"{again.progress.runs_total} runs taken over from other scores"]


@pytest.mark.parametrize("change", [{"tier": None}, {"status": "timed_out"}], ids=["confined less", "timed out"])
def test_runs_that_may_end_otherwise_are_made_again(
    scores: Path, chosen: list[dict[str, Any]], tmp_path: Path, change: dict[str, Any]
):
    problems = {row["problem_id"] for row in chosen}
    made = [record for problem in sorted(problems) for record in Store(scores).records(problem)]
    others = Store(tmp_path / "others")
    others.commit(Block(records=[record.model_copy(update=change) for record in made]))
    shutil.copy(scores / "score.json", tmp_path / "others" / "score.json")
    wanted: dict[str, tuple[Run, ...]] = {}
    for record in made:
        run = Run(candidate_id=record.candidate_id, seed=record.seed)
        wanted[record.problem_id] = (*wanted.get(record.problem_id, ()), run)
    plan, empty = RunPlan({}, wanted), Store(tmp_path / "empty")
    assert take_over(empty, sources_of([tmp_path / "others"], TIME_LIMIT_S), plan, "limited") == 0
    assert take_over(empty, sources_of([scores], TIME_LIMIT_S), plan, "limited") == len(made)
    assert take_over(empty, sources_of([scores], TIME_LIMIT_S), plan, "limited") == 0


def test_folders_without_runs_to_reuse_are_refused(command, scores: Path, programs: Path, folder: Path, tmp_path: Path):
    given = (programs, "--data", folder / "export", "--address", "inline")
    code, _, err = command(*given, "--out", tmp_path / "a", "--reuse", folder / "export")
    assert "holds no scores, so it has no runs to reuse" in err
    assert code == 2
    code, _, err = command(*given, "--out", tmp_path / "b", "--reuse", scores, "--time-limit", 7)
    assert "has runs with a time limit of 60 s, not 7 s" in err
    assert code == 2
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()


def test_score_that_is_stopped_keeps_its_runs_and_goes_on(scores: Path, programs: Path, folder: Path, tmp_path: Path):
    so_far = 0

    def seen(progress: DriveProgress) -> None:
        nonlocal so_far
        so_far = progress.new_runs

    handed_out = iter([False, True])
    stopped = score(
        programs,
        folder / "export",
        tmp_path / "s",
        executor("inline"),
        report=seen,
        stop=lambda: next(handed_out, True),
    )
    assert stopped.summary is None
    assert 0 < so_far < stopped.progress.runs_total
    assert not (tmp_path / "s" / "summary.json").exists()
    rest = score(programs, folder / "export", tmp_path / "s", executor("inline"))
    assert rest.progress.new_runs == rest.progress.runs_total - so_far
    assert tables(tmp_path / "s") == tables(scores)


DRIVER = """
import pathlib, sys
import llamoco_data.drive.loop as loop
import llamoco_data.scoring.running as running
from llamoco_data.execution import executor
from llamoco_data.scoring import score
loop.BLOCK_S, running.TASK_RUNS = 0.0, 1
score(pathlib.Path(sys.argv[1]), *sys.argv[2:4], executor("inline"))
"""


@pytest.mark.chaos
def test_score_that_is_killed_goes_on_where_it_was(scores: Path, programs: Path, folder: Path, tmp_path: Path):
    out = tmp_path / "s"
    command = ["-c", DRIVER, *map(str, (programs, folder / "export", out))]
    with forked(DATA, command, env={**os.environ, "TMPDIR": str(tmp_path)}) as driver:
        deadline = time.monotonic() + 100.0
        while len(list(out.glob(".manifest/*.json"))) < 3 and driver.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        driver.kill()
    kept = Store(out).num_runs
    rest = score(programs, folder / "export", out, executor("inline"))
    assert 3 <= kept < rest.progress.runs_total
    assert rest.progress.new_runs == rest.progress.runs_total - kept
    assert tables(out) == tables(scores)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_signal_ends_a_score_whose_program_never_ends_and_keeps_what_was_made(
    number: signal.Signals, folder: Path, chosen: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    hanging = f"{HEAD}    import signal\n    for n in (2, 15): signal.signal(n, signal.SIG_IGN)\n    while True: pass\n"
    made = [written(chosen[0], chosen[0]["answer"]), written(chosen[0], hanging, sample=1)]
    programs = write_programs(tmp_path / "programs.parquet", made)
    monkeypatch.setattr("llamoco_data.drive.loop.BLOCK_S", 1e9)  # nothing is committed before the end
    signalled, over = list[float](), threading.Event()

    def ask() -> None:
        """Sends the signal once the program hangs."""
        while not over.wait(0.05):
            runs = [pid for pid in below(zygote().process.pid) if name_of(pid) == RUNS]
            if any(ignores(pid, signal.SIGTERM) for pid in runs):
                signalled.append(time.monotonic())
                os.kill(os.getpid(), number)
                return

    asking = threading.Thread(target=ask)
    zygote()
    asking.start()
    arguments = [programs, "--data", folder / "export", "--out", tmp_path / "s", "--address", "inline"]
    try:
        with pytest.raises(SystemExit) as ended:
            main(["score", *map(str, arguments), "--time-limit", "60", "--quiet"])
        took = time.monotonic() - signalled[0]
    finally:
        over.set()
        asking.join()
    assert ended.value.code == 130
    assert took < 10.0, "the bar is 5 s on an idle machine"
    assert Store(tmp_path / "s").num_runs > 0


def test_second_score_of_a_folder_is_told_who_is_at_work_there(
    scores: Path, programs: Path, folder: Path, tmp_path: Path
):
    subprocess.run(["cp", "-r", scores, tmp_path / "s"], check=True)
    with (
        holding(files_at(tmp_path / "s"), print),
        pytest.raises(LlamocoError, match=rf"/s is being worked on by process {os.getpid()} on .*; wait until that"),
    ):
        score(programs, folder / "export", tmp_path / "s", executor("inline"))
    assert score(programs, folder / "export", tmp_path / "s", executor("inline")).progress.new_runs == 0


def test_damaged_file_of_runs_is_set_aside_and_its_runs_are_made_again(
    scores: Path, programs: Path, folder: Path, tmp_path: Path
):
    subprocess.run(["cp", "-r", scores, tmp_path / "s"], check=True)
    file = max((tmp_path / "s" / "runs").iterdir(), key=lambda each: each.stat().st_size)
    file.write_bytes(b"damaged")
    told: list[str] = []
    again = score(programs, folder / "export", tmp_path / "s", executor("inline"), notice=told.append)
    assert again.progress.new_runs > 0
    assert f"{file} is damaged, and set aside as quarantine/runs/{file.name}" in told[0]
    assert tables(tmp_path / "s") == tables(scores)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]):
    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["score", *(str(argument) for argument in arguments)])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_command_prints_the_scores_and_what_to_do_next(command, scores: Path, programs: Path, folder: Path):
    code, out, err = command(programs, "--data", folder / "export", "--out", scores, "--address", "inline", "--quiet")
    assert (code, err) == (0, "")
    for expected in (
        "train: ",
        "a model",
        "virtual best",
        "gap closed",
        "run without error",
        "1 raised",
        "scores.md",
    ):
        assert expected in " ".join(out.split())
    assert json.loads((scores / "summary.json").read_text())["model"] == "a model"


def test_what_does_not_fit_together_is_refused_in_one_line(
    command, scores: Path, programs: Path, folder: Path, rows: list[dict[str, Any]], tmp_path: Path
):
    def refusal(file: Path, out: Path, data: Path = folder / "export", *more: object) -> str:
        code, printed, err = command(file, "--data", data, "--out", out, "--address", "inline", *more)
        assert (code, printed, len(err.splitlines())) == (2, "", 1), err
        return err

    def of(name: str, *made: dict[str, object]) -> Path:
        return write_programs(tmp_path / name, made)

    before = tables(scores)
    other = of("other", written(rows[0], "x = 1\n"))
    assert "holds a score of other programs" in refusal(other, scores)
    assert "a time limit of 60 s, not 1 s" in refusal(programs, scores, folder / "export", "--time-limit", 1)
    assert tables(scores) == before
    new = tmp_path / "new"
    unknown = of("unknown", written(rows[0], "x", instruction_id="f" * 20))
    assert f"has no instruction {'f' * 20}" in refusal(unknown, new)
    assert "which a program answers" in refusal(unknown, new)
    moved = of("moved", written(rows[0], "x", split="elsewhere"))
    assert "but its program names" in refusal(moved, new)
    assert "is a campaign, not an export" in refusal(programs, new, folder / "campaign")
    assert "does not exist" in refusal(tmp_path / "none", new)
    assert not new.exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    assert "holds other files, such as thesis.tex" in refusal(programs, tmp_path / "full")
    (tmp_path / "file").write_text("mine")
    refusal(programs, tmp_path / "file")
    refusal(programs, tmp_path / "file" / "s")
    for limit in ("0", "inf", "nan", "1e30"):
        assert "'--time-limit': " in refusal(programs, new, folder / "export", "--time-limit", limit)
