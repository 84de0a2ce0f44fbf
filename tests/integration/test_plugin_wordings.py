"""A wording of a plug-in in a campaign: named in a recipe, exported among the others, and missed when it is gone."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from llamoco_data.campaign import load_campaign, run_campaign
from llamoco_data.cli.commands import main
from llamoco_data.execution import executor
from llamoco_data.export import export, extend
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import read_instructions
from llamoco_data.plugins import WORDING, PluginMissing
from llamoco_data.recipes import campaign_for, recipe
from llamoco_data.statements.plugin_wordings import FIRST_BROUGHT
from llamoco_data.verification import verify
from tests.campaigns import SMALL
from tests.plugins import FILES, present, write_package

pytestmark = pytest.mark.integration

RECIPE = """from = "demo"
num_problems = 4
optimizers = ["slsqp", "nelder_mead"]
wordings = 12
plugin_wordings = ["foreman"]

[mixture]
max_dimension = 3
max_evaluations = 200
"""


@pytest.fixture(scope="module")
def campaign(example_plugin: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign whose recipe names the wording of the example."""
    folder = tmp_path_factory.mktemp("wordings")
    (folder / "shop.toml").write_text(RECIPE, encoding="utf-8")
    with present(example_plugin):
        spec = campaign_for(folder / "c", str(folder / "shop.toml"), None)
    run_campaign(folder / "c", spec, executor("inline"))
    return folder / "c"


def test_its_requests_are_drawn_like_the_others_and_the_set_is_the_same_again(
    campaign: Path, example_plugin: Path, tmp_path: Path
):
    with present(example_plugin):
        one, other = (export(campaign, tmp_path / name, processes=1) for name in ("one", "other"))
    files = [[file.read_bytes() for file in sorted(each.folder.glob("data/*"))] for each in (one, other)]
    assert files[0] == files[1]
    rows = read_instructions(one.folder).to_pylist()
    brought = [row for row in rows if row["wording"] >= FIRST_BROUGHT]
    assert all("on the bench" in row["prompt"] for row in brought)
    assert 0.5 < len(brought) / (len(rows) * 12 / 17 / 12) < 1.5
    assert len({row["instruction_id"] for row in rows}) == len(rows)
    assert [finding.line for finding in verify(str(one.folder), sample=2, checked=Counter()) if not finding.note] == []


def test_without_the_package_an_export_ends_with_one_line_and_runs_go_on(campaign: Path, tmp_path: Path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["export", str(campaign), str(tmp_path / "gone")])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert " ".join(err.split()) == (
        "llamoco-data: the wording 'foreman' is of the package llamoco-example-plugin, which is not installed here; "
        "install it"
    )
    assert not (tmp_path / "gone").exists()
    folder = shutil.copytree(campaign, tmp_path / "c")
    spec = campaign_for(folder, None, 5)
    assert run_campaign(folder, spec, executor("inline")).progress.problems_done == 5


def test_another_version_of_the_package_is_told_from_the_one_that_was_there(campaign: Path, tmp_path: Path):
    entry = (FILES / "foreman.toml").read_text(encoding="utf-8").replace("one more", "one extra")
    write_package(tmp_path, WORDING, "foreman", {"foreman.toml": entry}, "llamoco-example-plugin")
    with present(tmp_path), pytest.raises(PluginMissing, match="is another here than the one that this was made with"):
        export(campaign, tmp_path / "set")


def test_a_set_with_such_requests_is_extended_where_the_package_is(
    campaign: Path, example_plugin: Path, tmp_path: Path
):
    with present(example_plugin):
        export(campaign, tmp_path / "set")
    with pytest.raises(PluginMissing, match="llamoco-example-plugin"):
        extend(tmp_path / "set", 3)


def test_a_campaign_keeps_the_wordings_it_began_with(campaign: Path, example_plugin: Path, tmp_path: Path):
    spec = load_campaign(campaign)
    assert [(one.name, one.package) for one in spec.plugin_wordings] == [("foreman", "llamoco-example-plugin")]
    (tmp_path / "shop.toml").write_text(RECIPE.replace('["foreman"]', "[]"), encoding="utf-8")
    with pytest.raises(LlamocoError, match="with another `plugin_wordings` than this recipe file has today"):
        campaign_for(campaign, str(tmp_path / "shop.toml"), None)
    assert "plugin_wordings" not in SMALL.to_json()


def test_a_recipe_that_names_no_plug_in_is_told_with_its_line(example_plugin: Path, tmp_path: Path):
    file = tmp_path / "shop.toml"
    file.write_text(RECIPE.replace("foreman", "forewoman"), encoding="utf-8")
    with present(example_plugin), pytest.raises(LlamocoError) as raised:
        recipe(str(file))
    assert str(raised.value) == (
        f"{file}, line 5: plugin_wordings: no installed package brings a wording 'forewoman' (group llamoco.wordings); "
        "there are: foreman"
    )
    file.write_text(RECIPE.replace('["foreman"]', '["foreman", "foreman"]'), encoding="utf-8")
    with present(example_plugin), pytest.raises(LlamocoError) as raised:
        recipe(str(file))
    assert str(raised.value) == f"{file}, line 5: plugin_wordings: each can take part once"


def test_a_printed_recipe_with_plug_ins_reads_back(campaign: Path, example_plugin: Path, tmp_path: Path, capsys):
    file = tmp_path / "shop.toml"
    file.write_text(RECIPE, encoding="utf-8")
    with present(example_plugin):
        first = recipe(str(file))
        with pytest.raises(SystemExit):
            main(["recipe", str(file)])
        file.write_text(capsys.readouterr().out, encoding="utf-8")
        assert recipe(str(file)) == first
