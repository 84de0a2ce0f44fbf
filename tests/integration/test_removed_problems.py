"""`llamoco-data remove`: what was run stays to the byte, and the campaign goes on as one that never had the problem."""

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from llamoco_data import own_problem, recipes
from llamoco_data.campaign import (
    CampaignSpec,
    add_problems,
    load_campaign,
    plan,
    read_problems,
    remove_problem,
    run_campaign,
    status,
)
from llamoco_data.campaign.own_problems import OWN_PROBLEMS
from llamoco_data.campaign.spec import keep_campaign, own_index
from llamoco_data.cli.commands import main
from llamoco_data.drive.lease import LEASE_FILE, holding
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import export
from llamoco_data.files import files_at
from llamoco_data.identity import LlamocoError
from llamoco_data.store import Store
from llamoco_data.verification import verify
from tests.campaigns import grown, results
from tests.dying import dying_after
from tests.own_problems import BOWL, FREE

pytestmark = pytest.mark.integration

SPEC = grown(recipe="demo", num_problems=2, optimizers=("slsqp", "nelder_mead", "random_search"))
BOWL_ID = own_problem(BOWL).problem_id
OTHER = BOWL.replace("10.0 *", "11.0 *")


def made(folder: Path, *texts: str) -> Path:
    """A complete campaign of two drawn problems and these."""
    keep_campaign(folder, SPEC)
    add_problems(folder, [own_problem(text, "bowl" if text != FREE else "free") for text in texts])
    run_campaign(folder, load_campaign(folder), InlineExecutor())
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("whole") / "c", BOWL, FREE)


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The campaign that never had the bowl."""
    return made(tmp_path_factory.mktemp("without") / "c", FREE)


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "c")


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def found(folder: Path) -> list[str]:
    return [finding.line for finding in verify(folder, sample=0, checked=Counter())]


def test_removal_rewrites_nothing_that_was_run_and_the_campaign_is_one_that_never_had_the_problem(
    folder: Path, without: Path
):
    before = files(folder)
    removal = remove_problem(folder, "bowl")
    after = files(folder)
    record = f"{OWN_PROBLEMS}/bowl-{BOWL_ID}.removed.json"
    assert after.pop(record) == (removal.to_json() + "\n").encode()
    assert {name for name in before if before[name] != after.get(name)} == {"campaign.json"}
    assert after.keys() == before.keys()
    assert after["campaign.json"] == (without / "campaign.json").read_bytes()
    assert results(folder) == results(without)
    assert run_campaign(folder, load_campaign(folder), InlineExecutor()).progress.new_runs == 0
    assert plan(folder, load_campaign(folder)).problems_total == 3
    assert files(export(folder, folder.with_name("set")).folder) == files(
        export(without, folder.with_name("other")).folder
    )
    assert found(folder) == []


def test_status_and_export_say_what_was_removed(folder: Path):
    kept = len(next(problem.records for problem in read_problems(folder) if problem.spec.problem_id == BOWL_ID))
    exported = folder.with_name("set")
    export(folder, exported)
    remove_problem(folder, BOWL_ID[:6])
    now = status(folder)
    assert ([(one.problem_id, one.name) for one in now.removed], now.num_removed_runs) == ([(BOWL_ID, "bowl")], kept)
    assert (now.problems_total, now.problems_complete) == (3, 3)
    again = export(folder, exported)
    assert [one.name for one in again.removed] == ["bowl"]
    assert again.snapshot == 2
    assert again.changes is not None
    assert "problem withdrawn" in again.changes.count()


def test_campaign_that_grows_after_a_removal_leaves_the_problem_alone(folder: Path):
    remove_problem(folder, "bowl")
    before = len(Store(folder).records(BOWL_ID))
    wider = load_campaign(folder).model_copy(update={"num_problems": 3, "optimizers": ("slsqp", "nelder_mead", "de")})
    with pytest.raises(LlamocoError, match="only grows"):
        run_campaign(folder, wider, InlineExecutor())
    wider = wider.model_copy(update={"optimizers": ("slsqp", "nelder_mead", "de", "random_search")})
    run_campaign(folder, wider, InlineExecutor())
    assert status(folder).problems_complete == 4
    assert len(Store(folder).records(BOWL_ID)) == before


def test_same_text_added_again_counts_with_the_runs_that_it_had(folder: Path, whole: Path):
    remove_problem(folder, "bowl")
    assert add_problems(folder, [own_problem(BOWL, "bowl")]) == (BOWL_ID,)
    assert results(folder) == results(whole)
    assert run_campaign(folder, load_campaign(folder), InlineExecutor()).progress.new_runs == 0
    assert status(folder).removed == ()
    remove_problem(folder, "bowl")
    assert [one.name for one in status(folder).removed] == ["bowl"]


def test_campaign_that_was_asked_for_before_a_removal_does_not_bring_the_problem_back(folder: Path):
    asked = load_campaign(folder)
    remove_problem(folder, "bowl")
    with pytest.raises(LlamocoError, match=f"does not hold the user's own problem {BOWL_ID}, .* was it removed"):
        run_campaign(folder, asked, InlineExecutor())
    assert status(folder).problems_total == 3


def test_problem_that_the_folder_has_lost_is_removed_by_its_id(folder: Path):
    (folder / OWN_PROBLEMS / f"bowl-{BOWL_ID}.py").unlink()
    (path,) = (file.path for file in Store(folder).files if own_index(BOWL_ID) in file.indices)
    (folder / path).unlink()
    assert remove_problem(folder, BOWL_ID).name == ""
    run_campaign(folder, load_campaign(folder), InlineExecutor())
    assert status(folder).problems_complete == 3


def test_no_problem_is_removed_while_a_driver_is_at_work(folder: Path):
    before = files(folder)
    with holding(files_at(folder), print), pytest.raises(LlamocoError, match="is being worked on by process"):
        remove_problem(folder, "bowl")
    assert files(folder) == before


@pytest.mark.parametrize("left", range(4))
def test_removal_that_dies_at_any_write_leaves_a_whole_campaign_and_can_be_repeated(
    left: int, folder: Path, without: Path, whole: Path
):
    """Written in turn: two for the lease, the record, the spec."""
    with dying_after(left):
        remove_problem(folder, "bowl")
    (folder / LEASE_FILE).unlink(missing_ok=True)  # as a driver does that finds the lease of a dead one
    assert (load_campaign(folder), results(folder)) == (load_campaign(whole), results(whole))
    assert status(folder).removed == ()
    remove_problem(folder, "bowl")
    assert results(folder) == results(without)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path):
    def demo() -> CampaignSpec:
        return SPEC

    monkeypatch.setitem(recipes.RECIPES, "demo", demo)
    monkeypatch.chdir(folder.parent)
    Path("bowl.py").write_text(BOWL)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), " ".join(out.split()), err

    return call


def test_command_says_what_becomes_of_a_removed_problem_and_of_its_text_added_again(command):
    code, out, _ = command("remove", "c", "bowl")
    assert code == 0
    assert f"bowl, problem {BOWL_ID}, is out of c: it is not run, and in no later export" in out
    assert "its runs and its text stay in the folder; to take it back, add its file again" in out
    assert "removed bowl; 6 runs of these stay in the folder, and in no later export" in command("status", "c")[1]
    assert "removed from c, and not in this snapshot: bowl" in command("export", "c", "set")[1]
    code, out, _ = command("add", "c", "bowl.py")
    assert code == 0
    assert f"bowl.py is again problem {BOWL_ID} of c" in out
    assert "; 6 runs from before it was removed count" in out


def test_command_names_a_problem_of_the_same_name_with_another_text(command):
    Path("bowl.py").write_text(OTHER)
    other = own_problem(OTHER).problem_id
    code, out, _ = command("add", "c", "bowl.py")
    assert code == 0
    assert f"bowl.py is now problem {other} of c" in out
    assert f"beside problem {BOWL_ID}, another text of this name; take it out with: " in out
    code, out, err = command("remove", "c", "bowl")
    ids = [own_problem(text).problem_id for text in (BOWL, OTHER)]
    for name in ("bowl", "bowl.py"):
        shown = command("show", "c", name)[2]
        assert re.fullmatch(
            rf"llamoco-data: c holds 2 problems named {name}: (\w+), (\w+); give the id of one\n", shown
        )
        assert all(each in shown for each in ids)
    assert (code, out) == (2, "")
    assert err == f"llamoco-data: c holds 2 problems bowl: {', '.join(sorted([BOWL_ID, other]))}; name one by its id\n"
    assert command("remove", "c", BOWL_ID)[0] == 0
    assert "2 of them users' own" in command("status", "c")[1]
    assert command("remove", "c", "bowl")[0] == 0
    assert "1 of them users' own" in command("status", "c")[1]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("bool", "c holds no problem bool that was added to it; list its problems with: "),
        ("", "c holds no problem '' "),
    ],
)
def test_command_on_an_unknown_problem_is_refused_in_one_line(command, name: str, says: str, folder: Path):
    before = files(folder)
    code, out, err = command("remove", "c", name)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err
    assert files(folder) == before


def test_command_takes_the_file_that_the_problem_was_added_from(command):
    assert command("remove", "c", "bowl.py")[0] == 0
    code, _, err = command("remove", "c", "bowl.py")
    assert (code, err) == (2, f"llamoco-data: problem {BOWL_ID} (bowl) was removed from c before\n")


def test_command_repeated_is_refused_in_one_line(command, folder: Path):
    assert command("remove", "c", "bowl")[0] == 0
    before = files(folder)
    for name in ("bowl", BOWL_ID[:5]):
        assert command("remove", "c", name) == (
            2,
            "",
            f"llamoco-data: problem {BOWL_ID} (bowl) was removed from c before\n",
        )
    assert files(folder) == before


def test_command_on_a_folder_without_a_campaign_writes_nothing(command):
    code, _, err = command("remove", "none", "bowl")
    assert code == 2
    assert "none holds no campaign" in err
    assert not Path("none").exists()
