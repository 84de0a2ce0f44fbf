"""A basic function and a constraint form of plug-ins in a campaign: drawn, raced, exported, and missed when gone."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llamoco_data import build
from llamoco_data.campaign import load_campaign, read_problems, run_campaign
from llamoco_data.cli.commands import main
from llamoco_data.execution import executor
from llamoco_data.export import export
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import read_instructions
from llamoco_data.plugins import FUNCTION, PluginMissing
from llamoco_data.problems.evaluation import Meter
from llamoco_data.problems.sampling import ProblemMixture, sample
from llamoco_data.problems.source import load_source
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.recipes import campaign_for, recipe
from llamoco_data.statements import python_source
from llamoco_data.verification import verify
from tests.campaigns import SMALL
from tests.plugins import FILES, present, write_package

pytestmark = pytest.mark.integration

RECIPE = """from = "demo"
num_problems = 8
optimizers = ["slsqp", "nelder_mead"]
wordings = 2

[mixture]
max_dimension = 4
max_evaluations = 200
constrained_share = 0.7
plugin_functions = ["dimpled_bowl"]
plugin_constraints = ["soft_absolute"]
plugin_share = 0.6
"""
GONE = (
    "the basic function 'dimpled_bowl' is of the package llamoco-example-plugin, which is not installed here; "
    "install it"
)


@pytest.fixture(scope="module")
def campaign(example_plugin: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign whose recipe names parts of the example."""
    folder = tmp_path_factory.mktemp("parts")
    (folder / "shop.toml").write_text(RECIPE, encoding="utf-8")
    with present(example_plugin):
        run_campaign(folder / "c", campaign_for(folder / "c", str(folder / "shop.toml"), None), executor("inline"))
    return folder / "c"


@pytest.fixture
def specs(campaign: Path, example_plugin: Path) -> list[ProblemSpec]:
    with present(example_plugin):
        return [runs.spec for runs in read_problems(campaign) if isinstance(runs.spec, ProblemSpec)]


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a command that fails with exit code 2 says, without the program's name."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    return " ".join(err.split()).removeprefix("llamoco-data: ")


def test_parts_are_drawn_pinned_and_evaluated_as_their_statements_say(specs: list[ProblemSpec], example_plugin: Path):
    with_function = [spec for spec in specs if "dimpled_bowl" in spec.functions]
    with_form = [spec for spec in specs if "soft_absolute" in [each.form for each in spec.constraints]]
    assert min(len(with_function), len(with_form)) >= 2
    with present(example_plugin):
        for spec in specs:
            used = {pinned.name for pinned in spec.plugins}
            assert used == {*spec.functions, *(each.form for each in spec.constraints)} & {
                "dimpled_bowl",
                "soft_absolute",
            }
            assert ProblemSpec.from_json(spec.to_json()) == spec
            problem, stated = build(spec), load_source(python_source(spec))
            for x in np.random.default_rng(0).uniform(problem.lower, problem.upper, (3, spec.dimension)):
                assert stated.objective(x) == pytest.approx(problem.objective(x), rel=1e-9)
                if spec.constraints:
                    assert stated.constraints is not None
                    both: Any = stated.constraints(x)
                    for values, expected in zip(both, problem.constraints(x), strict=True):
                        np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-9)


def test_a_run_on_such_a_problem_is_counted_like_any_other(specs: list[ProblemSpec], example_plugin: Path):
    spec = next(spec for spec in specs if spec.plugins and spec.constraints)
    with present(example_plugin):
        problem = build(spec)
        meter = Meter(problem, 3)
        for x in np.random.default_rng(1).uniform(problem.lower, problem.upper, (3, spec.dimension)):
            value = meter.objective(x)
            assert value == problem.objective(x)
            assert meter.constraints is not None
            for values, expected in zip(meter.constraints(x), problem.constraints(x), strict=True):
                np.testing.assert_array_equal(values, expected)
        with pytest.raises(BaseException, match="all 3 evaluations are spent"):
            meter.objective(problem.lower)
        assert meter.evaluations == 3
        assert meter.best_violation is not None


def test_rows_of_such_problems_are_as_complete_as_any(campaign: Path, example_plugin: Path, tmp_path: Path):
    with present(example_plugin):
        one, other = (export(campaign, tmp_path / name) for name in ("one", "other"))
        assert [
            finding.line for finding in verify(str(one.folder), sample=3, checked=Counter()) if not finding.note
        ] == []
        assert [
            finding.line for finding in verify(str(campaign), sample=3, checked=Counter()) if not finding.note
        ] == []
    files = [[file.read_bytes() for file in sorted(each.folder.glob("data/*"))] for each in (one, other)]
    assert files[0] == files[1]
    rows = read_instructions(one.folder).to_pylist()
    row = next(row for row in rows if row["functions"] == ["dimpled_bowl"])
    reading = {each["name"]: each["value"] for each in row["reading"]}
    assert (reading["multimodal"], reading["family regular waves"], reading["components"]) == (1.0, 1.0, 1.0)
    assert "function dimpled_bowl" not in reading


def test_without_the_package_every_command_that_needs_it_ends_with_its_name(campaign: Path, tmp_path: Path, capsys):
    folder = shutil.copytree(campaign, tmp_path / "c")
    for command in (("plan", folder), ("run", folder, "--address", "inline")):
        assert said(capsys, *command) == GONE
    assert said(capsys, "status", folder).endswith(
        "is of the package llamoco-example-plugin, which is not installed here; install it"
    )
    assert said(capsys, "export", folder, tmp_path / "set") == GONE
    assert load_campaign(folder) == load_campaign(campaign)


def test_a_worker_of_ray_without_the_package_ends_the_run_with_its_name(
    campaign: Path, example_plugin: Path, local_ray: None, tmp_path: Path
):
    folder = shutil.copytree(campaign, tmp_path / "c")
    with present(example_plugin):  # this process finds the package, and the workers do not
        spec = campaign_for(folder, None, 12)
        with pytest.raises(LlamocoError) as raised:
            run_campaign(folder, spec, executor("local", 1))
    assert str(raised.value) == GONE


def test_another_version_of_a_function_is_not_taken_for_the_first(campaign: Path, tmp_path: Path, capsys):
    name, package = "dimpled_bowl", "llamoco-example-plugin"
    texts = {f"{name}{suffix}": (FILES / f"{name}{suffix}").read_text(encoding="utf-8") for suffix in (".toml", ".py")}
    texts[f"{name}.py"] = texts[f"{name}.py"].replace("3 * sin", "4 * sin")
    write_package(tmp_path, FUNCTION, name, texts, package)
    with present(tmp_path):
        assert said(capsys, "plan", campaign).startswith(
            f"the basic function {name!r} of the package {package} is another"
        )


def test_a_plug_in_that_is_installed_and_not_named_changes_nothing(example_plugin: Path):
    before = [sample(SMALL.mixture, 3, index).to_json() for index in range(10)]
    with present(example_plugin):
        assert [sample(SMALL.mixture, 3, index).to_json() for index in range(10)] == before
    assert not [text for text in (*before, SMALL.to_json()) if "plugin" in text]


def test_a_share_decides_how_often_parts_are_of_plug_ins(example_plugin: Path):
    fields = {**SMALL.mixture.model_dump(), "constrained_share": 0.0, "plugin_functions": ("dimpled_bowl",)}
    counts: list[int] = []
    with present(example_plugin):
        for share in (0.9, None):
            mixture = ProblemMixture.model_validate({**fields, "plugin_share": share})
            counts.append(sum("dimpled_bowl" in sample(mixture, 1, index).functions for index in range(40)))
    assert counts[0] > 28
    assert counts[1] < 10


def test_a_problem_that_names_parts_nobody_pinned_is_refused(specs: list[ProblemSpec], example_plugin: Path):
    spec = next(spec for spec in specs if spec.plugins)
    with present(example_plugin):
        for plugins in ((), (*spec.plugins, *spec.plugins)):
            with pytest.raises(ValueError, match=r"is called|plugins: expected those that it has"):
                ProblemSpec.model_validate({**spec.model_dump(), "plugins": plugins})
    with pytest.raises(PluginMissing, match="llamoco-example-plugin, which is not installed here"):
        ProblemSpec.from_json(spec.to_json())


def test_a_mixture_that_names_no_plug_in_is_told_with_its_line(tmp_path: Path):
    file = tmp_path / "shop.toml"
    file.write_text(RECIPE, encoding="utf-8")
    with pytest.raises(LlamocoError) as raised:
        recipe(str(file))
    assert str(raised.value).startswith(
        f"{file}, line 10: mixture.plugin_functions: no installed package brings a basic"
    )
