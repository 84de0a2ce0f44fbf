"""Campaigns in a bucket of a real S3 protocol server: the rows are those on disk, and mistakes are one line."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llamoco_data.campaign import add_problems, load_campaign, plan, remove_problem, run_campaign, status
from llamoco_data.drive import holding, lease
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import export
from llamoco_data.files import files_at
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import read_instructions
from llamoco_data.problems.checking import own_problem
from llamoco_data.report import write_report
from llamoco_data.runs import RunRecord
from llamoco_data.store import Block, Store
from tests.campaigns import SMALL, OneRunSlices, grown, results
from tests.drivers import driver
from tests.forking import DATA, finished
from tests.own_problems import BOWL
from tests.s3_service import BUCKET, CREDENTIALS, S3Service, s3_service

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def service() -> Iterator[S3Service]:
    with s3_service() as service:
        yield service


@pytest.fixture
def s3(service: S3Service, monkeypatch: pytest.MonkeyPatch) -> S3Service:
    """The service, as the environment has it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    return service


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed") / "c"
    run_campaign(folder, SMALL, InlineExecutor())
    return folder


@pytest.fixture(scope="module")
def expected(undisturbed: Path) -> list[RunRecord]:
    return results(undisturbed)


def url(name: str) -> str:
    return f"s3://{BUCKET}/{name}"


def test_own_problem_is_added_on_s3_and_restored_there(s3: S3Service):
    folder, own = url("own/c"), own_problem(BOWL, "bowl")
    assert add_problems(folder, [own], start=grown(num_problems=0)) == (own.problem_id,)
    assert s3.get(f"own/c/own-problems/bowl-{own.problem_id}.py").decode() == BOWL
    assert add_problems(folder, [own]) == ()
    run_campaign(folder, load_campaign(folder), InlineExecutor())
    expected = results(folder)
    (table,) = (name for name in s3.keys("own/c/problems"))
    s3.put(f"own/c/problems/{table}", b"damaged")
    lines = list[str]()
    run_campaign(folder, load_campaign(folder), InlineExecutor(), notice=lines.append)
    assert len(lines) == 1
    assert results(folder) == expected != []
    before = {name: s3.get(f"own/c/{name}") for name in s3.keys("own/c")}
    remove_problem(folder, "bowl")
    assert {name: s3.get(f"own/c/{name}") for name in s3.keys("own/c")} == {
        **before,
        "campaign.json": s3.get("own/c/campaign.json"),
        f"own-problems/bowl-{own.problem_id}.removed.json": s3.get(
            f"own/c/own-problems/bowl-{own.problem_id}.removed.json"
        ),
    }
    assert (results(folder), [removal.name for removal in status(folder).removed]) == ([], ["bowl"])
    assert add_problems(folder, [own]) == (own.problem_id,)
    assert results(folder) == expected


def test_campaign_on_s3_has_the_rows_and_the_files_of_one_on_disk(expected, undisturbed: Path, s3: S3Service):
    outcome = run_campaign(url("plain/c"), SMALL, InlineExecutor())
    assert outcome.progress.new_runs == len(expected)
    assert results(url("plain/c")) == expected
    kinds = [sorted({name.partition("/")[0] for name in s3.keys("plain/c")})]
    assert kinds == [[".manifest", "campaign.json", "candidates", "problems", "runs"]]
    assert run_campaign(url("plain/c"), SMALL, InlineExecutor()).progress.new_runs == 0
    assert load_campaign(url("plain/c")) == SMALL
    assert plan(url("plain/c"), SMALL).runs_missing == 0
    assert status(url("plain/c")).runs_by_status == status(undisturbed).runs_by_status


def test_driver_killed_on_s3_is_followed_by_one_that_ends_in_the_same_rows(expected, s3: S3Service):
    with driver(url("killed/c"), pace_s=0.02) as process:
        deadline = time.monotonic() + 120
        while sum(key.endswith(".json") for key in s3.keys("killed/c/.manifest")) < 5:
            assert time.monotonic() < deadline
            assert process.poll() is None
        process.kill()
    kept = Store(url("killed/c")).num_runs
    assert 0 < kept < len(expected)
    outcome = run_campaign(url("killed/c"), SMALL, InlineExecutor())
    assert outcome.progress.new_runs == len(expected) - kept
    assert results(url("killed/c")) == expected
    assert Store(url("killed/c")).num_runs == len(expected)


def test_two_committers_that_race_for_every_number_lose_nothing(expected, undisturbed: Path, s3: S3Service):
    source = Store(undisturbed)
    ids = [problem_id for index in source.indices() if (problem_id := source.problem_id(index))]
    halves = [[r for i in ids for r in source.records(i)][start::2] for start in (0, 1)]
    meet = threading.Barrier(2)

    def commit(records: list[RunRecord]) -> None:
        store = Store(url("raced/c"))
        for record in records:
            meet.wait(timeout=60)
            store.commit(Block(records=[record]))

    Store(url("raced/c")).commit(Block(candidates=source.candidates()))
    threads = [threading.Thread(target=commit, args=[half[:20]]) for half in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    both = Store(url("raced/c"))
    stored = {record.run_id for problem_id in ids for record in both.records(problem_id)}
    assert stored == {record.run_id for half in halves for record in half[:20]}
    log = sorted(s3.keys("raced/c/.manifest"))
    assert log == [f"{number:08}.json" for number in range(1, 42)]


def test_object_that_is_damaged_is_set_aside_and_its_runs_made_again(expected, s3: S3Service):
    run_campaign(url("damaged/c"), SMALL, OneRunSlices(InlineExecutor()), stop=iter([False] * 9 + [True] * 9).__next__)
    run_campaign(url("damaged/c"), SMALL, InlineExecutor())
    runs = min(key for key in s3.keys("damaged/c") if key.startswith("runs/"))
    damaged = s3.get(f"damaged/c/{runs}")[:-9]
    s3.put(f"damaged/c/{runs}", damaged)
    lines = list[str]()
    outcome = run_campaign(url("damaged/c"), SMALL, InlineExecutor(), notice=lines.append)
    assert [line.partition(" is ")[0] for line in lines] == [url(f"damaged/c/{runs}")]
    assert outcome.progress.new_runs > 0
    assert results(url("damaged/c")) == expected
    assert s3.get(f"damaged/c/quarantine/{runs}") == damaged


def test_second_driver_on_s3_says_who_holds_the_campaign(s3: S3Service, monkeypatch: pytest.MonkeyPatch):
    """It is watched over the network, and its lease changes there."""
    for name, value in (("BEAT_S", 0.05), ("LOOK_S", 0.05), ("STALE_S", 60.0)):
        monkeypatch.setattr(lease, name, value)
    monkeypatch.setattr(lease, "_machine", lambda: "there")
    lines = list[str]()
    with holding(files_at(url("held/c")), lines.append) as first:
        monkeypatch.setattr(lease, "_machine", lambda: "here")
        held = rf"{url('held/c')} is being worked on by process {os.getpid()} on "
        with pytest.raises(LlamocoError, match=held):
            run_campaign(url("held/c"), SMALL, InlineExecutor(), notice=lines.append)
        first.check()
    assert len(lines) == 1
    assert f"{url('held/c')} was worked on by" in lines[0]
    assert "whether it is alive" in lines[0]
    assert s3.keys("held/c") == []


def test_commands_take_an_address_wherever_they_take_a_folder(undisturbed: Path, s3: S3Service, tmp_path: Path):
    for path in (path for path in undisturbed.rglob("*") if path.is_file()):
        s3.put(f"commands/c/{path.relative_to(undisturbed)}", path.read_bytes())
    exported = export(url("commands/c"), tmp_path / "set")
    assert exported.report == export(undisturbed, tmp_path / "local").report
    assert write_report(url("commands/c"), tmp_path / "page.html").size_bytes > 0
    for path in (path for path in exported.folder.rglob("*") if path.is_file()):
        s3.put(f"commands/set/{path.relative_to(exported.folder)}", path.read_bytes())
    assert read_instructions(url("commands/set")).equals(read_instructions(exported.folder))
    for arguments, says in (
        (("status", url("commands/c")), "4 complete of 4"),
        (("show", url("commands/c"), "1"), "def objective"),
        (("show", url("commands/set"), exported.example.instruction_id), "def minimize"),
        (("verify", url("commands/c"), "--sample", "2"), "all is well"),
        (("verify", url("commands/set"), "--sample", "2"), "all is well"),
        (("report", url("commands/c")), "c-report.html"),
    ):
        code, out, err = command(*arguments, folder=tmp_path)
        assert code == 0, err
        assert says in out


def command(*arguments: str, folder: Path, **environment: str) -> tuple[int, str, str]:
    """A command in a process of its own."""
    done = finished(DATA, ["-m", "llamoco_data", *arguments], cwd=folder, env={**os.environ, **environment})
    return done.returncode, done.stdout, done.stderr


def refusal(*arguments: str, folder: Path, **environment: str) -> str:
    """The one line of a refused command, which holds no credential."""
    code, out, err = command(*arguments, folder=folder, **environment)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    for secret in (*CREDENTIALS.values(), "hush"):
        assert secret not in err
    return err


COMMANDS = [("status",), ("plan",), ("run", "--recipe", "demo", "--address", "inline"), ("verify",)]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
def test_bucket_that_does_not_exist_is_named(arguments: tuple[str, ...], s3: S3Service, tmp_path: Path):
    line = refusal(*arguments, "s3://no-such-bucket/c", folder=tmp_path)
    assert "cannot open s3://no-such-bucket/c: 127.0.0.1:" in line
    assert "has no bucket no-such-bucket; make it, or check the name and AWS_ENDPOINT_URL" in line


def test_credentials_that_are_refused_are_not_repeated(s3: S3Service, tmp_path: Path):
    with s3_service(open_to_all=False) as strict:
        line = refusal("status", url("c"), folder=tmp_path, **strict.environment)
        assert "refuses these credentials (InvalidAccessKeyId); check AWS_PROFILE, or AWS_ACCESS_KEY_ID and" in line


def test_credentials_that_are_missing_are_asked_for(s3: S3Service, tmp_path: Path):
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    elsewhere = {"AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_CONFIG_FILE": "/nowhere"}
    line = refusal("status", url("c"), folder=tmp_path, **nothing, **elsewhere)
    assert "there are no credentials; set AWS_PROFILE, or AWS_ACCESS_KEY_ID" in line
    line = refusal("status", url("c"), folder=tmp_path, **elsewhere, AWS_PROFILE="other")
    assert "there is no such profile; set AWS_PROFILE" in line


def test_endpoint_that_does_not_answer_is_named_without_what_its_address_hides(s3: S3Service, tmp_path: Path):
    line = refusal("status", url("c"), folder=tmp_path, AWS_ENDPOINT_URL="http://user:hush@127.0.0.1:1")
    assert "127.0.0.1:1 does not answer; check the network and AWS_ENDPOINT_URL and run again" in line
    line = refusal("status", url("c"), folder=tmp_path, AWS_ENDPOINT_URL="user:hush")
    assert "AWS_" in line


def test_address_with_a_secret_in_it_is_refused_without_it(s3: S3Service, tmp_path: Path):
    line = refusal("status", "s3://key:hush@bucket/c", folder=tmp_path)
    assert "an S3 address is s3://bucket/prefix and holds nothing else; credentials and the endpoint come from" in line


def test_package_that_is_missing_is_named(s3: S3Service, tmp_path: Path):
    code = "import sys; sys.modules['boto3'] = None; from llamoco_data.cli import main; main(['status', 's3://b/c'])"
    done = finished(DATA, ["-c", code])
    assert done.returncode == 2
    assert done.stderr == (
        "llamoco-data: s3://b needs the package boto3, which is not installed; install it with: pip install boto3\n"
    )


def test_export_is_not_written_to_s3(undisturbed: Path, s3: S3Service, tmp_path: Path):
    line = refusal("export", str(undisturbed), url("set"), folder=tmp_path)
    assert "is no folder of this machine" in line
    assert s3.keys("set") == []
    assert list(tmp_path.iterdir()) == []
