"""Real problems of a campaign that join an export: what their rows are, that nothing else changes, what is refused."""

import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from llamoco_data import OwnProblemSpec, own_problem
from llamoco_data.campaign import add_problems, load_campaign, run_campaign
from llamoco_data.campaign.spec import keep_campaign
from llamoco_data.cli.commands import main
from llamoco_data.execution import executor
from llamoco_data.export import export, extend, join
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import read_instructions
from llamoco_data.problems.suites import suite_problem
from llamoco_data.verification import verify
from tests.campaigns import grown
from tests.own_problems import FREE

pytestmark = pytest.mark.integration

SPEC = grown(num_problems=22, wordings=2, mixture=grown().mixture.model_copy(update={"max_evaluations": 120}))
FIRST, SECOND, THIRD = (
    own_problem(suite_problem(name).at_budget(budget), f"{name}_{budget}")
    for name, budget in (("g06", 80), ("g08", 60), ("g24", 70))
)


def raced(folder: Path, num_problems: int, *problems: OwnProblemSpec) -> Path:
    """A campaign of the same recipe with so many drawn problems and these ones, all run."""
    keep_campaign(folder, SPEC.model_copy(update={"num_problems": num_problems}))
    add_problems(folder, problems)
    run_campaign(folder, load_campaign(folder), executor("inline"))
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set with one real problem."""
    folder = tmp_path_factory.mktemp("joined")
    return export(raced(folder / "campaign", SPEC.num_problems, FIRST), folder / "set").folder


@pytest.fixture(scope="module")
def apart(plain: Path) -> Path:
    """A campaign of two further real problems, one that the set has, and a user's own."""
    return raced(plain.with_name("apart"), 0, FIRST, SECOND, THIRD, own_problem(FREE, "free"))


@pytest.fixture(scope="module")
def whole(plain: Path) -> Path:
    """The set of a campaign that has all of these problems itself."""
    folder = plain.with_name("whole")
    campaign = shutil.copytree(plain.with_name("campaign"), folder / "campaign")
    add_problems(campaign, [SECOND, THIRD])
    run_campaign(campaign, load_campaign(campaign), executor("inline"))
    return export(campaign, folder / "set").folder


@pytest.fixture
def mine(plain: Path, tmp_path: Path) -> Path:
    return shutil.copytree(plain, tmp_path / "set")


def files(folder: Path, split: str) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "data").glob(f"{split}-*")}


def wrong(folder: Path, sample: int) -> list[str]:
    return [finding.line for finding in verify(folder, sample=sample, checked=Counter())]


def test_joined_rows_are_those_of_one_campaign_with_all_problems(mine: Path, apart: Path, whole: Path):
    joined = join(mine, apart)
    assert (joined.num_new, joined.num_problems, joined.num_rows) == (2, 3, 6)
    ours, theirs = (
        {row["instruction_id"]: row for row in read_instructions(folder, split="test_real").to_pylist()}
        for folder in (mine, whole)
    )
    assert ours == theirs
    assert wrong(mine, sample=10) == []


def test_all_other_files_and_earlier_snapshots_stay_as_they_were(mine: Path, plain: Path, apart: Path):
    extend(mine, 2)
    before = {split: files(mine, split) for split in ("train", "validation", "test_families", "train_extended")}
    joined = join(mine, apart)
    assert joined.snapshot == 3
    assert {split: files(mine, split) for split in before} == before
    first = read_instructions(mine, split="test_real", snapshot=1)
    assert first.equals(read_instructions(plain, split="test_real"))
    assert read_instructions(mine, split="test_real").slice(0, first.num_rows).equals(first)
    assert wrong(mine, sample=10) == []


def test_card_counts_what_was_joined_at_once_or_in_two_steps(mine: Path, plain: Path, apart: Path, tmp_path: Path):
    first = raced(tmp_path / "first", 0, SECOND)
    steps = shutil.copytree(plain, tmp_path / "steps")
    assert [join(steps, campaign).num_new for campaign in (first, apart)] == [1, 1]
    join(mine, apart)
    assert read_instructions(steps).equals(read_instructions(mine))
    before, at_once, card = ((folder / "README.md").read_text() for folder in (plain, mine, steps))
    assert at_once.replace("snapshot: 2", "snapshot: 3").replace("Snapshot 2", "Snapshot 3") == card
    assert "| test_real | 3 | 6 |" in card
    assert "data.\n2 of them were raced in a campaign of their own," in card
    counted = re.compile(r"^(\d+) instructions over (\d+) problems", re.MULTILINE)
    counts = [counted.findall(text)[0] for text in (before, card)]
    assert [int(now) - int(then) for then, now in zip(*counts, strict=True)] == [4, 2]


def test_command_joins_once_and_says_what_it_left_out(mine: Path, apart: Path, tmp_path: Path, capsys):
    def done(*arguments: object) -> str:
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        assert ended.value.code == 0
        return capsys.readouterr().out

    unfinished = shutil.copytree(apart, tmp_path / "unfinished")
    add_problems(unfinished, [own_problem(suite_problem("g11").at_budget(50), "g11_50")])
    printed = done("extend", mine, "--real", unfinished)
    assert "test_real: 3 problems, 6 rows" in printed
    assert "2 new" in printed
    assert "1 problem without all of its runs" in printed
    again = done("extend", mine, "--real", unfinished)
    assert "0 new" in again
    assert "2, which the folder held already" in again
    assert done("extend", mine, "--real", unfinished, "--quiet").strip() == str(mine)


def test_joined_problems_have_the_budgets_of_the_set(plain: Path, apart: Path, whole: Path, tmp_path: Path):
    small, all_ = (
        export(at / "campaign", tmp_path / at.name, budgets=(0.9,)).folder for at in (plain.parent, whole.parent)
    )
    joined = join(small, apart)
    assert joined.num_new > 2
    ours, theirs = (
        {row["instruction_id"]: row for row in read_instructions(folder, split="test_real").to_pylist()}
        for folder in (small, all_)
    )
    assert ours == theirs


@pytest.mark.parametrize("grow", [join, lambda mine, _: extend(mine, 2)], ids=["joined", "extended"])
def test_set_that_was_not_made_visible_is_when_the_command_is_repeated(
    mine: Path, apart: Path, grow: Callable[[Path, Path], object], monkeypatch: pytest.MonkeyPatch
):
    """As when the process is ended between the snapshot and the set's newest files."""
    before = (mine / "README.md").read_bytes()
    with monkeypatch.context() as ended:
        for module in ("joining", "extending"):
            ended.setattr(f"llamoco_data.export.{module}.publish", lambda *_: None)
        grow(mine, apart)
    assert (mine / "README.md").read_bytes() == before
    grow(mine, apart)
    assert "snapshot: 2" in (mine / "README.md").read_text()
    assert {file.name for file in (mine / "data").iterdir()} == {
        file.name for file in (mine / ".snapshots" / "0002" / "data").iterdir()
    }
    assert not (mine / ".snapshots" / "0003").exists()


def test_export_without_its_card_is_not_extended(mine: Path, apart: Path):
    shutil.rmtree(mine / ".snapshots")
    (mine / "README.md").unlink()
    with pytest.raises(LlamocoError, match="lacks the card of its set"):
        join(mine, apart)
    with pytest.raises(LlamocoError, match="lacks the card of its set"):
        extend(mine, 2)


def test_what_hinders_joining_is_told_apart(mine: Path, tmp_path: Path):
    new = tmp_path / "new"
    keep_campaign(new, SPEC.model_copy(update={"num_problems": 0}))
    add_problems(new, [SECOND])
    with pytest.raises(LlamocoError, match="real problem to join, but 1 problem without all of its runs; go on with"):
        join(mine, new)
    unfinished = raced(tmp_path / "unfinished", 2)
    add_problems(unfinished, [SECOND])
    with pytest.raises(LlamocoError, match="real problem to join, but 1 problem without all of its runs; go on with"):
        join(mine, unfinished)
    other = tmp_path / "other"
    keep_campaign(other, SPEC.model_copy(update={"num_problems": 0, "wordings": 3}))
    add_problems(other, [SECOND])
    run_campaign(other, load_campaign(other), executor("inline"))
    with pytest.raises(LlamocoError, match="states problems in other wordings than"):
        join(mine, other)


def test_campaigns_that_have_nothing_to_join_are_refused_and_the_set_stays(
    mine: Path, plain: Path, tmp_path: Path, capsys
):
    before = {file: file.read_bytes() for file in mine.rglob("*") if file.is_file()}
    with pytest.raises(LlamocoError, match="has no real problem to join; add some with"):
        join(mine, raced(tmp_path / "drawn", 3))
    other = tmp_path / "other"
    keep_campaign(other, SPEC.model_copy(update={"num_problems": 0, "optimizers": SPEC.optimizers[:2]}))
    add_problems(other, [SECOND])
    run_campaign(other, load_campaign(other), executor("inline"))
    with pytest.raises(LlamocoError, match="races other candidates than"):
        join(mine, other)
    with pytest.raises(LlamocoError, match="is an export"):
        join(mine, plain)
    with pytest.raises(LlamocoError, match="is a campaign, not an export"):
        join(other, other)
    for options in ([], ["--problems", "2", "--real", str(other)]):
        with pytest.raises(SystemExit) as ended:
            main(["extend", str(mine), *options])
        assert ended.value.code == 2
        assert "give --problems N, or --real DIR" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in mine.rglob("*") if file.is_file()} == before


def test_card_that_was_changed_by_hand_is_refused(mine: Path, apart: Path):
    card = mine / "README.md"
    card.write_text(card.read_text().replace("nobody synthesised", "I like"))
    shutil.rmtree(mine / ".snapshots")
    with pytest.raises(LlamocoError, match="was changed by hand"):
        join(mine, apart)
