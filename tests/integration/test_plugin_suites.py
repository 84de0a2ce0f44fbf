"""The suite of a plug-in: checked, added, raced and exported like the real problems here, and missed when gone."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from llamoco_data import own_problem
from llamoco_data.campaign import add_problems, load_campaign, run_campaign, status, wanted_campaign
from llamoco_data.campaign.spec import keep_campaign
from llamoco_data.cli.suite_problems import add_suites
from llamoco_data.conformance import check_plugin
from llamoco_data.execution import executor
from llamoco_data.export import export
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import read_instructions
from llamoco_data.plugins import SUITE
from llamoco_data.problems.plugin_suites import plugin_suite
from llamoco_data.verification import verify
from tests.campaigns import grown
from tests.own_problems import FREE
from tests.plugins import FILES, present, write_package

pytestmark = pytest.mark.integration

COLUMN = (FILES / "workshop/tubular_column.py").read_text(encoding="utf-8")
TITLE = 'title = "Designs"\n'
SPEC = grown()


def add(folder: Path, name: str = "workshop"):
    return add_suites(str(folder), load_campaign(folder), name, "small", notice=lambda _: None)


@pytest.fixture(scope="module")
def campaign(example_plugin: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn problems, and those of the example's suite."""
    folder = tmp_path_factory.mktemp("suites") / "c"
    keep_campaign(folder, SPEC)
    with present(example_plugin):
        assert (add(folder).num_new, add(folder).num_new, add(folder).num_present) == (2, 0, 2)
    run_campaign(folder, load_campaign(folder), executor("inline"))
    return folder


def test_the_suite_of_the_example_keeps_every_rule(example_plugin: Path):
    with present(example_plugin):
        found = list(check_plugin("workshop"))
    assert len(found) == 5
    assert [checked for _, checked in found if checked.complaint] == []


def test_its_problems_are_rows_for_testing_whether_the_plug_in_is_still_there_or_not(
    campaign: Path, example_plugin: Path, tmp_path: Path
):
    with present(example_plugin):
        there = export(campaign, tmp_path / "there")
    gone = export(campaign, tmp_path / "gone")
    assert [file.read_bytes() for file in sorted(there.folder.glob("data/*"))] == [
        file.read_bytes() for file in sorted(gone.folder.glob("data/*"))
    ]
    real = read_instructions(gone.folder, split="test_real").to_pylist()
    assert {row["kind"] for row in real} == {"own"}
    assert {row["dimension"] for row in real} == {2, 5}
    assert COLUMN.replace("20000", "200") in {row["problem_source"] for row in real}
    assert status(campaign).num_real == 2
    assert [finding.line for finding in verify(str(gone.folder), sample=2, checked=Counter()) if not finding.note] == []


def test_a_campaign_goes_on_without_the_plug_in_and_says_what_is_missing_to_add_more(campaign: Path, tmp_path: Path):
    folder = shutil.copytree(campaign, tmp_path / "c")
    assert wanted_campaign(folder, load_campaign(folder)) == load_campaign(folder)
    assert [(suite.name, suite.package) for suite in load_campaign(folder).suites] == [
        ("workshop", "llamoco-example-plugin")
    ]
    with pytest.raises(LlamocoError, match=r"no suite 'workshop' here.*engineering\. Install llamoco-example-plugin"):
        add(folder)
    with pytest.raises(LlamocoError, match="no suite 'shed' here; there are: all, cec2020_real, g_functions, enginee"):
        add(folder, "shed")
    with pytest.raises(LlamocoError, match="holds problems of other suites"):
        wanted_campaign(folder, load_campaign(folder).model_copy(update={"suites": ()}))


def test_a_problem_that_a_user_had_added_before_its_suite_is_for_testing_afterwards(tmp_path: Path):
    folder = tmp_path / "c"
    keep_campaign(folder, grown(num_problems=0))
    files = {"yard.toml": TITLE, "yard/column.py": COLUMN}
    write_package(tmp_path / "site", SUITE, "yard", files)
    with present(tmp_path / "site"):
        add_problems(folder, [own_problem(plugin_suite("yard").problems[0].at_budget(200), "mine")])
        assert status(folder).num_real == 0
        assert add(folder, "yard").num_new == 0
    assert status(folder).num_real == 1


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"yard.toml": TITLE}, "has no problem in"),
        ({"yard.toml": TITLE, "yard/a.py": FREE}, "does not have a title with a full stop"),
        ({"yard.toml": TITLE, "yard/a.py": COLUMN + "\n1 / 0\n"}, "it does not load: ZeroDivisionError"),
        ({"yard.toml": TITLE, "yard/a.py": COLUMN, "yard/b.py": COLUMN}, "2 problems have the title 'Tubular col"),
        ({"yard.toml": TITLE, "yard/g06.py": COLUMN}, "g06.py has the name of a problem of this program"),
        ({"yard.toml": TITLE, "yard/a.py": COLUMN.replace("26.4995", "27.9")}, "mend the value or the formula"),
        ({"yard.toml": TITLE, "yard/a.py": COLUMN + "import pandas"}, "imports pandas"),
        ({"yard.toml": 'name = "Yard"\n'}, "name: unknown; an entry has title"),
        ({}, "has no file yard.toml"),
    ],
)
def test_what_is_wrong_with_a_suite_is_said(tmp_path: Path, files: dict[str, str], complaint: str):
    write_package(tmp_path, SUITE, "yard", files)
    with present(tmp_path):
        try:
            said = " ".join(checked.complaint for _, checked in check_plugin("yard"))
        except LlamocoError as error:
            said = str(error)
    assert complaint in said


def test_a_suite_with_the_name_of_one_of_this_package_is_refused(tmp_path: Path):
    write_package(tmp_path, SUITE, "engineering", {"engineering.toml": TITLE, "engineering/a.py": COLUMN})
    with present(tmp_path), pytest.raises(LlamocoError, match="with a name that this program has: engineering"):
        plugin_suite("engineering")
