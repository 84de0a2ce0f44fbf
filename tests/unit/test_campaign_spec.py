"""The rules by which a campaign grows, and what a user reads who breaks them."""

import json
from pathlib import Path

import pytest

from llamoco_data.campaign import load_campaign, plan, run_campaign, wanted_campaign
from llamoco_data.campaign.spec import keep_campaign
from llamoco_data.execution import executor
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.identity import LlamocoError
from llamoco_data.racing import Exhaustive
from llamoco_data.recipes import RECIPES, recipe, sample_problem
from tests.campaigns import SMALL, grown

pytestmark = pytest.mark.unit


def test_spec_reads_back_as_it_was_kept(tmp_path: Path):
    keep_campaign(tmp_path / "c", SMALL)
    assert load_campaign(tmp_path / "c") == SMALL


@pytest.mark.parametrize(
    "change",
    [
        {"num_problems": 5},
        {"policy": Exhaustive(repeats=3)},
        {"wordings": 2},
        {"optimizers": (*SMALL.optimizers, "ga")},
        {"optimizers": SMALL.optimizers[::-1]},
        {},
    ],
)
def test_spec_that_grows_is_kept(change: dict, tmp_path: Path):
    keep_campaign(tmp_path, SMALL)
    keep_campaign(tmp_path, grown(**change))
    assert load_campaign(tmp_path) == grown(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_problems": 3}, "holds a campaign of 4 problems, and 3 were asked for: a campaign only grows; ask for"),
        ({"policy": Exhaustive(repeats=1)}, "holds a campaign of 2 repeats, and 1 were asked for"),
        ({"optimizers": SMALL.optimizers[1:]}, "holds a campaign with slsqp, which was not asked for"),
        ({"seed": 4}, "holds another campaign: its seed is 3, not 4; resume it as it is, or choose another folder"),
        ({"recipe": "other"}, "holds another campaign: its recipe is 'small', not 'other'"),
        (
            {"mixture": SMALL.mixture.model_copy(update={"max_dimension": 9})},
            "holds another campaign: its mixture is different",
        ),
        ({"time_limit_s": 1.0}, "holds another campaign: its time_limit_s is 60.0, not 1.0"),
        ({"held_out_families": ("norm",)}, "holds another campaign: its held_out_families is"),
    ],
)
def test_spec_that_shrinks_or_differs_is_refused_and_nothing_changes(change: dict, message: str, tmp_path: Path):
    keep_campaign(tmp_path, SMALL)
    before = (tmp_path / "campaign.json").read_bytes()
    for attempt in (wanted_campaign, plan, lambda folder, spec: run_campaign(folder, spec, InlineExecutor())):
        with pytest.raises(LlamocoError) as error:
            attempt(tmp_path, grown(**change))
        assert str(error.value).startswith(f"{tmp_path} {message}")
        assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["campaign.json"]
    assert (tmp_path / "campaign.json").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no campaign file; restore it"),
        ("[]", "is no campaign file; restore it"),
        ('{"seed": 1}', "is no campaign file; restore it"),
        ('{"schema_version": 2}', "has schema version 2, and this program reads version 1; use the release that wrote"),
        ('{"schema_version": 1}', "is malformed: recipe: Field required; restore it"),
        (
            json.dumps({**json.loads(SMALL.to_json()), "num_problems": -1}),
            "is malformed: num_problems: Input should be",
        ),
        (json.dumps({**json.loads(SMALL.to_json()), "optimizers": ["de", "de"]}), "optimizers: each can take part"),
        (json.dumps({**json.loads(SMALL.to_json()), "colour": "red"}), "is malformed: colour: Extra inputs"),
        ("\x00\xff", "is no campaign file; restore it"),
    ],
)
def test_campaign_file_that_is_malformed_is_named(content: str, message: str, tmp_path: Path):
    (tmp_path / "campaign.json").write_text(content, encoding="latin-1")
    with pytest.raises(LlamocoError) as error:
        load_campaign(tmp_path)
    assert str(error.value).startswith(str(tmp_path / "campaign.json"))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("exists", [False, True])
def test_folder_without_a_campaign_says_how_to_start_one(exists: bool, tmp_path: Path):
    if exists:
        (tmp_path / "c").mkdir()
    with pytest.raises(
        LlamocoError, match=r"holds no campaign; start one there with: llamoco-data run .*/c --recipe demo"
    ):
        load_campaign(tmp_path / "c")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_problems": -1}, "the campaign asked for is malformed: num_problems: Input should be greater than"),
        ({"optimizers": ("de", "de")}, "the campaign asked for is malformed: optimizers: each can take"),
        ({"optimizers": ("adam",)}, "the campaign asked for is malformed: the portfolio has no adam"),
    ],
)
def test_spec_that_was_copied_into_nonsense_is_refused_before_anything_is_written(change, message, tmp_path: Path):
    with pytest.raises(LlamocoError, match=message):
        run_campaign(tmp_path / "c", grown(**change), InlineExecutor())
    assert not (tmp_path / "c").exists()


def test_folder_with_other_files_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(LlamocoError, match="is not empty and holds no campaign; choose a new or an empty folder"):
        run_campaign(tmp_path, SMALL, InlineExecutor())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_folder_that_is_a_file_is_refused(tmp_path: Path):
    (tmp_path / "c").write_text("")
    with pytest.raises(LlamocoError, match=r".*/c is a file, not a campaign; give a folder"):
        run_campaign(tmp_path / "c", SMALL, InlineExecutor())


def test_folder_below_a_file_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LlamocoError, match="not a directory"):
        run_campaign(tmp_path / "file" / "c", SMALL, InlineExecutor())


def test_folder_that_cannot_be_made_is_refused():
    with pytest.raises(LlamocoError, match=r"cannot write /proc/c/.*: .*; choose a folder that you may write"):
        run_campaign("/proc/c", SMALL, InlineExecutor())


@pytest.mark.parametrize("url", ["gs://bucket/c", "https://host/c", "hdfs://c", "file:///c"])
def test_folder_at_an_address_that_is_not_s3_is_refused(url: str):
    with pytest.raises(LlamocoError, match=r":// is no place for this; give the path of a folder, or s3://bucket/"):
        run_campaign(url, SMALL, InlineExecutor())


def test_recipe_that_does_not_exist_lists_those_that_do():
    with pytest.raises(LlamocoError, match="there is no recipe 'huge'; the recipes are: demo, standard, paper"):
        recipe("huge")
    with pytest.raises(LlamocoError, match="the recipes are: demo, standard, paper"):
        sample_problem(recipe="huge")


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_carries_its_name_and_survives_a_file(name: str, tmp_path: Path):
    keep_campaign(tmp_path, recipe(name))
    assert load_campaign(tmp_path) == recipe(name)
    assert recipe(name).recipe == name


def test_executor_without_workers_is_refused():
    with pytest.raises(LlamocoError, match="0 workers can do no work; ask for at least 1"):
        executor("local", 0)
