"""`llamoco-data add` as a person uses it: what it prints, what it refuses in one line, and what comes afterwards."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from llamoco_data import own_problem, recipes
from llamoco_data.campaign import CampaignSpec
from llamoco_data.cli.commands import main
from tests.campaigns import SMALL
from tests.own_problems import BOWL, FREE
from tests.pages import ROOT, blocks

pytestmark = pytest.mark.integration


def small() -> CampaignSpec:
    return SMALL.model_copy(update={"recipe": "demo", "time_limit_s": 60.0})


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(recipes.RECIPES, "demo", small)
    monkeypatch.chdir(tmp_path)
    Path("bowl.py").write_text(BOWL)
    Path("free one.py").write_text(FREE)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def succeed(ended: tuple[int, str, str]) -> str:
    assert ended[0] == 0, ended[2]
    return ended[1]


def test_page_shows_what_the_command_prints(capsys: pytest.CaptureFixture[str], monkeypatch, tmp_path: Path):
    """All but the time of an evaluation and of the race, which are those of a machine."""
    page = blocks((ROOT / "docs" / "your-own-problems.md").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    Path("welded_beam.py").write_text(next(each.text for each in page if each.argument == "welded_beam.py"))
    shown = next(each for each in page if any(line.startswith("llamoco-data add beams") for line in each.commands))
    with pytest.raises(SystemExit):
        main(shown.commands[0].split()[1:])

    def lasting(printed: str) -> list[str]:
        lines = [line.rstrip() for line in printed.splitlines() if line.startswith("  ")]
        return [re.sub(r"about [\d.]+ µs|runs, .* of one core", "", line) for line in lines]

    assert lasting(capsys.readouterr().out) == lasting(shown.text)


def test_command_begins_a_campaign_of_own_problems_alone_and_it_grows(command):
    out = succeed(command("add", "c", "bowl.py", "free one.py", "--recipe", "demo"))
    assert f"bowl.py is now problem {own_problem(BOWL, 'bowl').problem_id} of c" in out
    assert "free one.py is now problem " in out
    for expected in (
        r"variables +2 *\n",
        r"constraints +1 g <= 0 *\n",
        r"constraints +none *\n",
        r"budget +120 evaluations of about [\d.]+ µs *\n",
        r"finite +all of 1,000 random points *\n",
        r"feasible +(49|5\d) % of them *\n",
        r"its race +about 14 runs, under a second of one core *\n",
        r"next: .* run c\n",
    ):
        assert re.search(expected, out), out
    assert out.count("feasible") == 1
    assert re.search(r"free one\.py is now .*\n +name +free_one *\n +variables", out), out
    assert not re.search(r"name +bowl", out)
    assert "is in c already, as problem " in succeed(command("add", "c", "bowl.py"))
    assert "all 2 problems are complete" in succeed(command("run", "c", "--address", "inline", "--quiet"))
    assert "2 complete of 2, 2 of them users' own" in succeed(command("status", "c"))
    for name in ("free_one", "free one", "free one.py", "elsewhere/free one.py"):
        assert "def objective(x):" in succeed(command("show", "c", name))
    shown = succeed(command("show", "c", own_problem(BOWL, "bowl").problem_id[:8]))
    assert "a user's own, bowl; D = 2, 120 evaluations, 1 inequality" in shown
    assert BOWL in shown
    assert "as LaTeX" not in shown
    grown_out = succeed(command("run", "c", "--recipe", "demo", "--problems", "1", "--address", "inline", "--quiet"))
    assert "all 3 problems are complete" in grown_out
    assert "all is well" in succeed(command("verify", "c", "--sample", "2"))
    assert "--problems" in succeed(command("export", "c", "out"))


def refused(ended: tuple[int, str, str]) -> str:
    code, out, err = ended
    assert (code, out) == (2, "")
    *progress, line = err.splitlines()
    assert set(progress) <= {"evaluating the problems at random points ..."}
    return line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bowl.py"], "c holds no campaign yet; name a recipe for it: demo"),
        (["bowl.py", "none.py", "--recipe", "demo"], "none.py cannot be read: No such file or directory; give"),
        ([".", "--recipe", "demo"], ". cannot be read: Is a directory"),
        (["latin.py", "--recipe", "demo"], "latin.py is not text in UTF-8"),
        (["bowl.py", "broken.py", "--recipe", "demo"], "broken.py: lower is a list; make it an array"),
        (["--recipe", "demo"], "--help"),
    ],
)
def test_command_that_is_refused_writes_nothing(command, arguments: Sequence[str], says: str):
    Path("broken.py").write_text(BOWL.replace("lower = np.array(", "lower = list("))
    Path("latin.py").write_bytes(BOWL.encode() + "# größer".encode("latin-1"))
    assert says in refused(command("add", "c", *arguments))
    assert not Path("c").exists()


def test_command_says_how_many_evaluations_would_be_few_enough(command):
    slow = BOWL.replace("import numpy", "import time\nimport numpy").replace("    g =", "    time.sleep(0.02)\n    g =")
    Path("slow.py").write_text(slow.replace("= 120", "= 30_000"))
    line = refused(command("add", "c", "slow.py", "--recipe", "demo"))
    assert not Path("c").exists()
    assert line.startswith("llamoco-data: slow.py: a run takes about ")
    most = re.search(r"is stopped after 60 s; make max_evaluations ([\d,]+) or less", line)
    assert most is not None, line
    assert 100 <= int(most[1].replace(",", "")) <= 1500


def test_command_on_the_campaign_of_another_recipe_is_refused(command):
    succeed(command("add", "c", "bowl.py", "--recipe", "demo"))
    assert "holds a campaign of recipe 'demo', not 'paper'" in refused(
        command("add", "c", "free one.py", "--recipe", "paper")
    )


def test_help_says_that_the_code_runs_as_the_user(command):
    assert "Their code runs as you, here and on every worker" in succeed(command("add", "--help"))
