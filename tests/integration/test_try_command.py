"""`llamoco-data try` as a person uses it: what it prints, its page, and what it refuses in one line."""

import ast
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from typing_extensions import override

from llamoco_data import build, own_problem
from llamoco_data.cli.commands import main
from tests.browser import chromium, chromium_path
from tests.campaigns import HEAD
from tests.full_disk import full_disk
from tests.own_problems import BOWL, FREE

pytestmark = pytest.mark.integration

WALK = f"""\
import numpy as np


{HEAD}    rng = np.random.default_rng(seed + 1)
    for _ in range(100):
        objective(rng.uniform(lower, upper))
    return lower
"""
HOSTILE = f"""\
{HEAD}    objective(upper)
    print("\\x1b]0;title\\x07<b>bold</b>")
    raise ValueError("\\x1b[2J [red]<script>alert(1)</script>")
"""


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    for name, text in {"bowl.py": BOWL, "free.py": FREE, "walk.py": WALK, "hostile.py": HOSTILE}.items():
        Path(name).write_text(text)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["try", *arguments])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def test_program_is_shown_beside_others_and_on_a_page_that_loads_nothing(command):
    code, out, err = command("bowl.py", "walk.py", "--seeds", "3", "--against", "slsqp", "--html", "page.html")
    assert code == 0, err
    for expected in (
        r"problem +2 variables, 1 g <= 0, 120 evaluations",
        r"runs +3 runs, confined: (filtered|isolated)",
        r"result +best \d\.\d+, worst \d\.\d+",
        r"feasible +3 of 3 runs",
        r"place +[23] of 3 programs",
        r"a +slsqp +3/3 +0\.1\d+ +0\.1\d+ +\d+ +\d",
        r"● +walk\.py +3/3 +\d\.\d+ +\d\.\d+ +100 +\d",
        r"○ +random_search +3/3",
        r"median error above 0\.1\d+, the best value that any run found",
    ):
        assert re.search(expected, out), (expected, out)
    assert {"●", "○", "a"} <= set(out.partition("median error")[2])
    point = re.search(r"best point +(\[[^]]+\])", out)
    best = re.search(r"result +best ([^,]+),", out)
    assert point is not None, out
    assert best is not None, out
    value = build(own_problem(BOWL)).objective(np.array(ast.literal_eval(point[1])))
    assert f"{value:.6g}" == best[1], "the point that is printed is the one that has this value"
    assert all(len(number) > 10 for number in point[1].split(", ")), "with all of its digits"
    path = chromium_path()
    if path is None:
        pytest.skip("there is no chromium, chromium-browser or google-chrome on this machine to open the page with")
    with chromium(path) as browser:
        page = browser.new_page(viewport={"width": 420, "height": 900})
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: said.append(request.url))
        page.goto(Path("page.html").resolve().as_uri())
        assert [url for url in said if not url.startswith("data:")] == [Path("page.html").resolve().as_uri()]
        assert page.locator("path.curve").count() == 3
        assert page.evaluate("document.documentElement.scrollWidth") <= 420
        assert page.locator("pre").last.inner_text().strip() == BOWL.strip()


def test_failure_is_told_with_its_output_and_commands_no_terminal_or_page(command):
    code, out, err = command("free.py", "hostile.py", "--seeds", "2", "--html", "page.html")
    assert code == 0, err
    assert "\x1b" not in out
    assert re.search(r"result +none", out)
    assert re.search(r"failed +2 runs raised: ValueError: \\x1b\[2J \[red\]<script>alert\(1\)</script>", out), out
    assert "it printed:\n  \\x1b]0;title\\x07<b>bold</b>" in out
    assert re.search(r"● +hostile\.py +0/2 +- +- ", out), out
    page = Path("page.html").read_text()
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_page_that_cannot_be_written_is_refused_before_any_run(command):
    Path("ran.py").write_text(f"from pathlib import Path\nPath({str(Path.cwd() / 'ran')!r}).touch()\n{BOWL}")
    with full_disk():
        code, out, err = command("ran.py", "walk.py", "--html", "page.html")
    assert (code, out) == (2, "")
    assert err == "llamoco-data: page.html cannot be written: File too large; name another file with --html\n"
    assert not Path("ran").exists()
    assert not Path("page.html").exists()


class Spoiling(io.StringIO):
    """Output whose reader puts something else in the place of the page as soon as the result is shown."""

    @override
    def write(self, text: str) -> int:
        Path("page.html").write_text("mine")
        return super().write(text)


def test_result_is_shown_though_its_page_cannot_be_written_any_more(command, monkeypatch: pytest.MonkeyPatch):
    shown = Spoiling()
    monkeypatch.setattr("sys.stdout", shown)
    code, _, err = command("bowl.py", "walk.py", "--seeds", "1", "--html", "page.html")
    assert code == 2
    assert "page.html is no page of `try`, and is not replaced by one" in err
    assert re.search(r"place +[12] of 2 programs", shown.getvalue())
    assert "the same as a page" not in shown.getvalue()
    assert Path("page.html").read_text() == "mine"


def test_page_is_written_though_the_result_cannot_be_shown(command, monkeypatch: pytest.MonkeyPatch):
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        code, _, err = command("bowl.py", "walk.py", "--seeds", "1", "--html", "page.html")
    assert code == 2
    assert "llamoco-data: standard output cannot be written: no space left on device" in err
    assert "walk.py" in Path("page.html").read_text()


def test_others_may_be_named_in_one_option_and_in_capitals(command):
    code, out, err = command("bowl.py", "walk.py", "--seeds", "1", "--against", "SLSQP, cobyla", "--against", "cobyla")
    assert code == 0, err
    assert re.search(r"place +[1-4] of 4 programs", out)
    assert re.search(r"slsqp +1/1", out)
    assert re.search(r"cobyla +1/1", out)


def test_output_in_another_encoding_has_question_marks_for_what_it_lacks(command, monkeypatch: pytest.MonkeyPatch):
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, "latin-1"))
    code, _, err = command("bowl.py", "walk.py", "--seeds", "1")
    assert code == 0, err
    assert re.search(r"\? +walk\.py +1/1", written.getvalue().decode("latin-1"))


def test_violated_constraint_is_named(command):
    Path("upper.py").write_text(f"{HEAD}    objective(upper)\n    return upper\n")
    _, out, _ = command("bowl.py", "upper.py", "--seeds", "1")
    assert re.search(r"result +no feasible point; objective 54\.625 at the point that violates least", out), out
    assert re.search(r"violated +g\[0\] = 4, to be at most 0", out), out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("bowl.py", "walk.py", "--against", "slspq"), "there is no optimizer slspq; the nearest names: slsqp"),
        (
            ("bowl.py", "walk.py", "--against", "slsqp,cobila"),
            "there is no optimizer cobila; the nearest names: cobyla",
        ),
        (
            ("bowl.py", "walk.py", "--against", "NGOpt"),
            "ngopt cannot run beside a program; of the names of `baseline`, these can: scipy-minimize, scipy-de, pycma",
        ),
        (("bowl.py", "walk.py", "--against", "forest"), "forest cannot run beside a program; of the names of"),
        (("bowl.py", "walk.py", "--against", "nelder_mead"), "nelder_mead does not take this problem"),
        (("bowl.py", "missing.py"), "missing.py cannot be read"),
        (("walk.py", "walk.py"), "walk.py: "),
        (("bowl.tex", "walk.py"), "bowl.tex is LaTeX, and only Python can be run; state the problem in Python"),
        (("bowl.py", "walk.py", "--html", "bowl.py"), "bowl.py is no page of `try`, and is not replaced by one"),
        (("bowl.py", "walk.py", "--html", "no/page.html"), "there is no folder no for the page"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_one_line(command, arguments: tuple[str, ...], complaint: str):
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1 + err.count(" ...\n")


def test_lines_tell_every_run_as_it_happens(capfd: pytest.CaptureFixture[str], tmp_path: Path):
    for name, text in {"bowl.py": BOWL, "walk.py": WALK}.items():
        (tmp_path / name).write_text(text)
    arguments = ("--lines", "--seeds", "2", "--against", "scipy-minimize")
    with pytest.raises(SystemExit) as ended:
        main(["try", str(tmp_path / "bowl.py"), str(tmp_path / "walk.py"), *arguments])
    out, err = capfd.readouterr()
    assert (ended.value.code, err) == (0, "")
    first, *runs, last = [json.loads(line) for line in out.splitlines()]
    names = ["walk.py", "random_search", "scipy-minimize"]
    assert first == {
        "line": "problem",
        "dimension": 2,
        "num_inequality": 1,
        "num_equality": 0,
        "max_evaluations": 120,
        "programs": names,
        "seeds": 2,
        "remarks": [],
    }
    finished = [run for run in runs if run["status"] is not None]
    assert [(run["repeat"], run["program"]) for run in finished] == [(r, name) for r in (0, 1) for name in names]
    assert {run["line"] for run in runs} == {"run"}
    assert [run for run in runs if run["status"] is None and run["evaluations"] < 100], "a run that is under way"
    for run in runs:
        counts, _, violations = zip(*run["trace"], strict=True)
        assert list(counts) == sorted(set(counts))
        assert counts[-1] <= run["evaluations"]
        assert list(violations) == sorted(violations, reverse=True)
    best = {name: min(run["trace"][-1][1] for run in finished if run["program"] == name) for name in names}
    assert {each["program"]: each["best"] for each in last["programs"]} == best
    assert last["best_known"] == min(best.values())
    assert (last["line"], len(last["x"]), last["f"], last["violated"]) == ("result", 2, best["walk.py"], [])


def test_lines_of_a_program_that_fails_hold_what_it_printed(capfd: pytest.CaptureFixture[str], tmp_path: Path):
    for name, text in {"free.py": FREE, "hostile.py": HOSTILE}.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(SystemExit):
        main(["try", str(tmp_path / "free.py"), str(tmp_path / "hostile.py"), "--lines", "--seeds", "1"])
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    failed = next(each for each in lines if each["line"] == "run" and each["status"])
    assert (failed["program"], failed["status"]) == ("hostile.py", "raised")
    assert failed["detail"].startswith("ValueError: \\x1b[2J [red]")
    assert lines[-1]["x"] is None
    assert lines[-1]["said"].startswith("\x1b]0;title")
