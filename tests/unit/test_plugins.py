"""Optimizers of other packages: how they are found, and how what is wrong with one is said."""

from pathlib import Path

import pytest

from llamoco_data.conformance import check_plugin
from llamoco_data.conformance.programs import check_program
from llamoco_data.identity import LlamocoError
from llamoco_data.plugins import OPTIMIZER
from llamoco_data.portfolio import OPTIMIZER_BY_NAME, Optimizer, rendering
from llamoco_data.portfolio.plugins import plugin, plugins
from tests.pages import ROOT, blocks
from tests.plugins import EXAMPLE, FILES, present, write_package

pytestmark = pytest.mark.unit

ENTRY = (FILES / "hill_climbing.toml").read_text(encoding="utf-8")
PROGRAM = (FILES / "hill_climbing.py").read_text(encoding="utf-8")
SWALLOWING = """try:
            found = objective(trial)
        except BaseException:
            found = math.inf"""
"""A call of the objective that hides what it raises."""


@pytest.fixture
def install(tmp_path: Path):
    """A function that installs a package with one optimizer for this test."""

    def installed(name: str = "climber", package: str = "climbing", entry: str | None = ENTRY, program: str = PROGRAM):
        files = {f"{name}.py": program} | ({} if entry is None else {f"{name}.toml": entry})
        write_package(tmp_path, OPTIMIZER, name, files, package)

    with present(tmp_path):
        yield installed


def test_an_installed_optimizer_is_found_with_its_entry_and_program(install):
    install()
    found = plugins()["climber"]
    assert found.optimizer == Optimizer(
        name="climber",
        title="Hill climbing with restarts",
        family="local search",
        library="numpy",
        grid={"STEP": (0.1, 0.02)},
        cost_us=8.0,
    )
    assert rendering.program_text("climber", {"STEP": 0.02}) == PROGRAM.replace("STEP = 0.1", "STEP = 0.02")


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (None, "has no file climber.toml"),
        ("title = ", "is no TOML"),
        ('title = "T"\nfamily = "local search"\n', "library: field required"),
        (ENTRY.replace("cost_us", "cost_ms"), "cost_ms: unknown; an entry has title, family, library, grid"),
        (ENTRY.replace("cost_us = 8.0", 'cost_us = "8"'), "cost_us: input should be a valid number"),
        (ENTRY.replace("cost_us = 8.0", "takes_constraints = 1"), "takes_constraints: input should be a valid boolean"),
        (ENTRY.replace("local search", "greedy"), "family: input should be 'genetic algorithm'"),
        (ENTRY.replace("[0.1, 0.02]", "0.1"), "grid.STEP: input should be a valid (array|tuple)"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_and_nothing_else_fails(install, entry, line):
    install(entry=entry)
    assert "climber" not in plugins()
    with pytest.raises(LlamocoError, match=line):
        plugin("climber")


@pytest.mark.parametrize("page", ["plug-ins.md", "add-an-optimizer.md"])
def test_files_of_the_example_stand_on_the_pages_as_they_are(page: str):
    shown = [block for block in blocks((ROOT / "docs" / page).read_text(encoding="utf-8")) if block.mark == "file"]
    there = {
        file.name: file.read_text(encoding="utf-8") for file in EXAMPLE.rglob("*") if file.suffix in (".py", ".toml")
    }
    of_the_example = [block for block in shown if block.argument in there]
    assert len(of_the_example) >= (8 if page == "plug-ins.md" else 1)
    for block in of_the_example:
        assert f"{block.text}\n" == there[block.argument], block.argument


def test_an_optimizer_with_the_name_of_one_of_the_package_is_refused(install):
    install(name="de")
    with pytest.raises(LlamocoError, match="with a name that this program has: de; rename it there"):
        list(check_plugin("de"))


def test_an_optimizer_that_nobody_or_two_packages_bring_is_refused(install):
    with pytest.raises(LlamocoError, match=r"no installed package brings an optimizer 'climber'.*there are: none"):
        plugin("climber")
    install(package="one")
    install(package="two")
    with pytest.raises(LlamocoError, match="is brought by several packages, one and two"):
        plugin("climber")
    assert "climber" not in plugins()


def test_the_example_keeps_every_rule(install):
    install()
    assert [checked for checked in check_program(plugins()["climber"].optimizer) if checked.complaint] == []


def test_programs_of_the_portfolio_keep_every_rule():
    for name in ("slsqp", "lshade_bobyqa", "epsilon_de_slsqp"):
        assert [checked for checked in check_program(OPTIMIZER_BY_NAME[name]) if checked.complaint] == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "complaint"),
    [
        ("np.clip(x + width", "(x + width", "stays in the box", ""),
        (
            "range(max_evaluations)",
            "range(max_evaluations + 1)",
            "stays in the box",
            "asked for 601 evaluations of 600",
        ),
        ("range(max_evaluations)", "range(max_evaluations // 2)", "stays in the box", "spent 300 of 600 evaluations"),
        ("return best_x", "return lower", "stays in the box", "returned a point that it never asked for"),
        ("default_rng(seed)", "default_rng()", "its seed decides everything", "different points"),
        (
            "found = found if math.isfinite(found) else math.inf",
            "assert math.isfinite(found)",
            "survives values",
            "Asse",
        ),
        ("found = objective(trial)", SWALLOWING, "passes on what", "swallowed what the objective raised"),
        ("import math\n", "import math\n\nimport pandas\n", "imports what every reader has", "it imports pandas"),
        ('"""Hill climbing', '# """Hill', "reads like", ""),
        ("    rng = np.random", "    rng == np.random", "stays in the box", "NameError"),
        ("PATIENCE = 100", "patience = 100\nPATIENCE = patience", "reads like", "line 9 sets something other than a"),
        ("STEP = 0.1 ", "STRIDE = 0.1 ", "its grid names constants", "has no setting 'STEP'; its settings are: STRIDE"),
        (
            "best_x, best_value = trial",
            "best_x, best_value = trial if best_x is None else best_x",
            "stays in the box",
            "another point than the best",
        ),
    ],
)
def test_a_program_that_breaks_a_rule_is_told_which(install, old: str, new: str, rule: str, complaint: str):
    assert PROGRAM.count(old) == 1, old
    install(program=PROGRAM.replace(old, new))
    told = next(each for each in check_program(plugins()["climber"].optimizer) if rule in each.rule)
    assert told.complaint
    assert complaint in told.complaint
