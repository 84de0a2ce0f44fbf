"""`push` of both programs against a Hub on the loopback: what is uploaded, what a dry run says, what is refused."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from llamoco_data.cli.commands import main as data_main
from llamoco_data.export.card import dataset_card
from llamoco_data.export.report import ExportReport
from llamoco_data.instruction_set import MEASURED_SPLITS
from llamoco_tune.bases import BaseRecord
from llamoco_tune.bases.records import BASE_FILE
from llamoco_tune.card import card_of, write_card
from llamoco_tune.cli.commands import main as tune_main
from llamoco_tune.run_folder import RUN_FILE, RunRecord, RunSpec, write_run
from tests.campaigns import SMALL
from tests.hub_server import ATTRIBUTES, OWNER, TOKEN, Hub, hub_server

pytestmark = pytest.mark.integration

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def server() -> Iterator[Hub]:
    with hub_server() as hub:
        yield hub


@pytest.fixture
def hub(server: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hub:
    """An empty Hub, which the environment names, with the token that it takes; the only place that is asked."""
    server.repos, server.objects, server.asked, server.dies_at, server.refuses = {}, {}, [], "", ""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr("huggingface_hub.constants.HF_STORED_TOKENS_PATH", str(tmp_path / "no-tokens"))
    return server


def exported(folder: Path, *, num_users_own: int = 0, snapshot: int = 1) -> Path:
    """A folder as an export leaves it for readers, with a file of any bytes for each of two splits."""
    (folder / "data").mkdir(parents=True)
    names = list[str]()
    for split in ("train", "test"):
        content = f"rows of {split} in snapshot {snapshot}\n".encode() * 5_000
        name = f"data/{split}-00000-of-00001-{hashlib.sha256(content).hexdigest()[:12]}.parquet"
        (folder / name).write_bytes(content)
        names.append(name)
    counts = dict.fromkeys(MEASURED_SPLITS, 7)
    report = ExportReport(
        spec=SMALL,
        rows=counts,
        problems=counts,
        num_users_own=num_users_own,
        incomplete=0,
        kept_out={},
        winners={"slsqp": 7},
        winning_families={"numerical_optimization": 7},
        near_tie_share=0.5,
        median_confidence=0.9,
        single_best="slsqp {}",
        single_best_score=0.3,
        virtual_best_score=0.6,
    )
    (folder / "README.md").write_text(dataset_card(report, names, snapshot))
    (folder / ".snapshots-of-another").mkdir()
    return folder


def tuned(folder: Path, base: str = "/home/somebody/bases/compact", data: str = "/home/somebody/demo-export") -> Path:
    """A folder as a tuning run leaves it, with weights of any bytes."""
    spec = RunSpec(
        phase="teach",
        config={"train": {"seed": 0}, "cache": "/home/somebody/cache"},
        base=base,
        base_digest="b" * 20,
        data=data,
        data_digest="d" * 20,
    )
    run = RunRecord(spec=spec, run_id=spec.run_id, finished=True, results={"loss": 0.1}, facts={"minutes": 1.0})
    write_run(folder, run)
    write_card(folder, card_of(folder, run, chat=False))
    for name in ("model.safetensors", "config.json", "adapter/adapter_model.safetensors"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(name.encode() * 3_000)
    for name in ("checkpoints/checkpoint-9/model.safetensors", "tensorboard/events.1", "metrics.jsonl", ".hidden.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("not to be published")
    return folder


@pytest.fixture(params=["dataset", "model"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def folder(kind: str, tmp_path: Path) -> Path:
    return (exported if kind == "dataset" else tuned)(tmp_path / kind)


@pytest.fixture
def push(kind: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """`push` of the folder with these options: exit code, output, messages."""

    def call(*options: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            (data_main if kind == "dataset" else tune_main)(["push", str(folder), *options])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, "".join(line for line in err.splitlines(True) if "..." not in line)

    return call


def files(folder: Path) -> Mapping[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def names(kind: str, folder: Path) -> set[str]:
    if kind == "dataset":
        return {"README.md", *(f"data/{file.name}" for file in (folder / "data").iterdir())}
    return {"README.md", RUN_FILE, "model.safetensors", "config.json", "adapter/adapter_model.safetensors"}


def test_upload_puts_just_the_published_files_there_in_one_commit(push: Command, hub: Hub, kind: str, folder: Path):
    before = files(folder)
    code, out, err = push("--repo", "somebody/thing", "--upload")
    assert (code, err) == (0, "")
    there = hub.repos[kind, "somebody/thing"]
    assert len(there.messages) == 1
    assert f"is published: {hub.url}/{kind}s/somebody/thing/commit/" in out
    stored = there.branches["main"]
    assert stored.keys() - {ATTRIBUTES} == names(kind, folder)
    same = stored.keys() - {ATTRIBUTES, RUN_FILE}
    assert {name: stored[name] for name in same} == {name: before[name] for name in same}
    assert files(folder) == before
    assert b"/home/" not in stored.get(RUN_FILE, b"")


def test_dry_run_lists_files_and_asks_nobody(push: Command, hub: Hub, kind: str, folder: Path, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setenv("COLUMNS", "160")
    code, out, err = push("--repo", "somebody/thing", "--private")
    assert (code, err, hub.asked) == (0, "", [])
    listed = {name: (int(size.replace(",", "")), digest) for name, size, digest in _LISTED.findall(out)}
    assert listed.keys() == names(kind, folder)
    there = files(folder)
    for name in listed.keys() - {RUN_FILE}:
        assert listed[name] == (len(there[name]), hashlib.sha256(there[name]).hexdigest())
    assert f"{len(listed)} files, {sum(size for size, _ in listed.values()) / 1e6:,.1f} MB\n" in out
    assert f"to {hub.url}/{'datasets/' if kind == 'dataset' else ''}somebody/thing: new, private\n" in out
    assert "missing: a token: set HF_TOKEN" in out
    assert ("missing: a license" in out) == (kind == "model")
    assert re.search(r"nothing was uploaded; do it with: .* --repo somebody/thing --private --upload\n", out)


_LISTED = re.compile(r"^(\S+) +([\d,]+) +([0-9a-f]{64}) *$", re.MULTILINE)


def test_name_without_an_owner_is_a_repository_of_the_tokens_owner_and_a_branch_is_made(
    push: Command, hub: Hub, kind: str, folder: Path
):
    assert push("--repo", "thing", "--private", "--revision", "next", "--upload")[0] == 0
    there = hub.repos[kind, f"{OWNER}/thing"]
    assert there.private
    assert there.branches["main"].keys() == {ATTRIBUTES}
    assert there.branches["next"].keys() - {ATTRIBUTES} == names(kind, folder)


def test_endpoint_goes_before_the_environment(push: Command, hub: Hub, kind: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert push("--repo", "a/b", "--endpoint", f"{hub.url}/", "--upload")[0] == 0
    assert (kind, "a/b") in hub.repos


def refused(ended: tuple[int, str, str]) -> str:
    code, out, err = ended
    assert (code, out, err.count("\n")) == (2, "", 1), ended
    return err


def test_upload_without_a_token_or_with_another_one_is_refused(push: Command, hub: Hub, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    assert "needs a token: set HF_TOKEN" in refused(push("--repo", "a/b", "--upload"))
    monkeypatch.setenv("HF_TOKEN", "hf_of_somebody_else")
    line = refused(push("--repo", "a/b", "--upload"))
    assert f"{hub.url} refuses the token; set another HF_TOKEN" in line
    assert "hf_of_somebody_else" not in line
    assert hub.repos == {}


@pytest.mark.parametrize("route", ["create", "commit"])
def test_token_that_may_not_write_is_refused(push: Command, hub: Hub, route: str):
    hub.refuses = route
    assert "does not let this token write to a/b; nothing was committed" in refused(push("--repo", "a/b", "--upload"))


def test_repository_with_files_is_left_alone_unless_an_update_is_asked_for(
    push: Command, hub: Hub, kind: str, folder: Path
):
    there = hub.put("a/b", kind)
    there.branches["main"] |= {"notes.txt": b"kept", "README.md": b"old"}
    line = refused(push("--repo", "a/b", "--upload"))
    assert "a/b exists, and holds README.md and more; nothing was uploaded: give --update" in line
    assert there.messages == []
    assert push("--repo", "a/b", "--update", "--upload")[0] == 0
    assert there.branches["main"].keys() - {ATTRIBUTES} == {"notes.txt", *names(kind, folder)}
    assert there.branches["main"]["README.md"] == (folder / "README.md").read_bytes()
    assert push("--repo", "a/b", "--update", "--upload")[0] == 0
    assert len(there.messages) == 1  # there was nothing new


def test_nothing_private_is_put_where_everybody_reads_it(push: Command, hub: Hub, kind: str):
    there = hub.put("a/b", kind)
    line = refused(push("--repo", "a/b", "--private", "--upload"))
    assert "a/b exists, and everybody can read it; nothing was uploaded" in line
    assert (there.messages, there.branches["main"].keys()) == ([], {ATTRIBUTES})


@pytest.mark.parametrize("route", ["create", "commit"])
def test_server_that_goes_away_midway_loses_nothing_and_the_command_can_be_repeated(
    push: Command, hub: Hub, kind: str, folder: Path, route: str
):
    before = files(folder)
    hub.dies_at = route
    line = refused(push("--repo", "a/b", "--upload"))
    assert f"{hub.url} went away: Server disconnected" in line
    assert "the repository is as it was or holds all of the files, and nothing here was changed: give the same" in line
    assert files(folder) == before
    assert all(there.messages == [] for there in hub.repos.values())
    hub.dies_at = ""
    assert push("--repo", "a/b", "--upload")[0] == 0
    assert hub.repos[kind, "a/b"].branches["main"].keys() - {ATTRIBUTES} == names(kind, folder)


def test_server_that_is_not_there_is_named(push: Command, hub: Hub):
    line = refused(push("--repo", "a/b", "--endpoint", "http://127.0.0.1:9", "--upload"))
    assert "http://127.0.0.1:9 went away: " in line


@pytest.mark.parametrize("name", ["a/b/c", "a b", "a/b..c", ""])
def test_name_that_no_hub_takes_is_refused_at_once(push: Command, hub: Hub, name: str):
    assert "is no name of a repository; give OWNER/NAME" in refused(push("--repo", name))
    assert hub.asked == []


def test_card_that_the_hub_cannot_read_is_refused(push: Command, hub: Hub, kind: str, folder: Path):
    card = folder / "README.md"
    card.write_text(card.read_text().replace("\ntags:\n", "\ntags: [\n", 1))
    assert "did not take the files: Invalid metadata in README.md. - bad header; nothing was committed" in refused(
        push("--repo", "a/b", "--upload")
    )
    assert hub.repos[kind, "a/b"].messages == []


@pytest.mark.parametrize("kind", ["dataset"], indirect=True)
def test_export_that_is_not_whole_is_refused(push: Command, hub: Hub, folder: Path):
    train, test = sorted((folder / "data").iterdir(), reverse=True)
    content = train.read_bytes()
    train.write_bytes(content[:-1])
    assert f"{train} is damaged; export again" in refused(push("--repo", "a/b", "--upload"))
    train.write_bytes(content)
    test.unlink()
    assert f"{folder} lacks data/{test.name}; export again" in refused(push("--repo", "a/b", "--upload"))
    assert hub.asked == []


@pytest.mark.parametrize("kind", ["dataset"], indirect=True)
def test_set_with_texts_of_users_has_no_license_that_was_not_given(push: Command, hub: Hub, tmp_path: Path, kind: str):
    folder = exported(tmp_path / "own", num_users_own=2)
    card = (folder / "README.md").read_text()
    assert "\nlicense: unknown\n" in card
    assert "except for the texts of 2 problems that users wrote" in card
    (tmp_path / "dataset").rename(tmp_path / "other")
    folder.rename(tmp_path / "dataset")
    assert "missing: a license: README.md names none that is known" in push("--repo", "a/b")[1]


ADAPTER_CARD = """---
base_model: {base}
library_name: peft
tags:
- base_model:adapter:{base}
- lora
---

# Model Card for Model ID
"""


@pytest.mark.parametrize("kind", ["model"], indirect=True)
@pytest.mark.parametrize(
    ("base", "name", "data"),
    [
        ("/home/client-x/bases/compact", "compact", "/home/client-x/export"),
        ("client-x/bases/compact", "compact", "client-x/export"),
        ("client-x/compact", "compact", "client-x/export"),
        ("client-x/fetched", "maker/fetched-1b", "export"),
        ("client-x/warm", "warm", "export"),
        ("maker/model-1b", "maker/model-1b", "export"),
    ],
)
def test_adapter_and_record_name_base_and_data_without_their_paths(
    push: Command, hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch, base: str, name: str, data: str
):
    monkeypatch.chdir(folder.parent)
    with_bases(folder.parent)
    tuned(folder, base, data)
    (folder / "adapter" / "adapter_config.json").write_text(json.dumps({"r": 8, "base_model_name_or_path": base}))
    (folder / "adapter" / "README.md").write_text(ADAPTER_CARD.format(base=base))
    before = files(folder)
    assert push("--repo", "a/b", "--upload")[0] == 0
    stored = hub.repos["model", "a/b"].branches["main"]
    assert json.loads(stored["adapter/adapter_config.json"]) == {"r": 8, "base_model_name_or_path": name}
    assert stored["adapter/README.md"].decode() == ADAPTER_CARD.format(base=name)
    spec = RunRecord.from_json(stored[RUN_FILE]).spec
    assert (spec.base, spec.data) == (name, "export")
    assert [path for path, content in stored.items() if b"client-x" in content] == []
    assert files(folder) == before


def with_bases(folder: Path) -> None:
    """Bases under relative paths: one made here, one fetched from the hub, and one warmed up from the latter."""
    for name in ("compact", "fetched"):
        (folder / "client-x" / name).mkdir(parents=True)
    base = BaseRecord(
        name="fetched",
        model="maker/fetched-1b",
        source="the hub",
        source_sha256=None,
        precision="fp32",
        license="mit",
        num_parameters=1,
    )
    (folder / "client-x" / "fetched" / BASE_FILE).write_text(base.to_json())
    spec = RunSpec(
        phase="contrast", config={}, base="client-x/fetched", base_digest="b" * 20, data="d", data_digest="d" * 20
    )
    write_run(folder / "client-x" / "warm", RunRecord(spec=spec, run_id=spec.run_id, finished=True))


@pytest.mark.parametrize("kind", ["model"], indirect=True)
def test_damaged_adapter_is_refused(push: Command, folder: Path):
    file = folder / "adapter" / "adapter_config.json"
    file.write_text("[]")
    assert f"{file} is damaged" in refused(push("--repo", "a/b"))


@pytest.mark.parametrize("kind", ["model"], indirect=True)
def test_run_that_is_not_finished_is_refused(push: Command, folder: Path):
    run = RunRecord.from_json((folder / RUN_FILE).read_bytes())
    write_run(folder, run.model_copy(update={"finished": False}))
    assert "is not finished; give its command again first" in refused(push("--repo", "a/b"))


def test_folder_of_something_else_is_refused(push: Command, folder: Path, kind: str, tmp_path: Path):
    folder.rename(tmp_path / "elsewhere")
    folder.mkdir()
    wanted = "holds no export" if kind == "dataset" else "holds no tuning run"
    assert wanted in refused(push("--repo", "a/b"))
