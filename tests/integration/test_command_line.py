"""The command line as a person uses it: what it prints, what it refuses, and with which exit code."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from llamoco_data import read_instructions, recipes
from llamoco_data.campaign import CampaignSpec, read_candidates, read_problems, run_campaign
from llamoco_data.cli.commands import llamoco_data, main
from llamoco_data.execution import executor
from llamoco_data.export import export
from llamoco_data.portfolio import OPTIMIZERS, rendering
from llamoco_data.racing import Exhaustive
from llamoco_data.scoring.folder import SCORE_FILE
from llamoco_data.verdicts import judge
from llamoco_tune.bases.records import BASE_FILE
from llamoco_tune.cli.commands import main as tune
from llamoco_tune.run_folder import RUN_FILE
from tests.campaigns import OneRunSlices
from tests.forking import DATA, finished
from tests.scores import write_programs, written

pytestmark = pytest.mark.integration

OPTIONS = {
    "plan": {"--recipe", "--problems", "--seed", "--optimizers", "--exclude", "--prior"},
    "recipe": set(),
    "remove": set(),
    "add": {"--recipe", "--suite", "--budgets"},
    "run": {
        *("--recipe", "--problems", "--seed", "--optimizers", "--exclude", "--prior"),
        *("--address", "--workers", "--quiet"),
    },
    "status": set(),
    "verify": {"--sample"},
    "export": {"--budget", "--since", "--processes", "--quiet", "--to"},
    "extend": {"--problems", "--processes", "--quiet", "--real"},
    "compare": {"--out"},
    "push": {"--repo", "--upload", "--private", "--update", "--revision", "--endpoint"},
    "prior": {"--out", "--processes"},
    "report": {"--out", "--processes"},
    "baseline": {"--data", "--out", "--split", "--seed", "--programs", "--quiet"},
    "score": {
        "--data",
        "--out",
        "--address",
        "--workers",
        "--time-limit",
        "--confinement",
        "--trust-programs",
        "--reuse",
        "--quiet",
    },
    "try": {"--seeds", "--against", "--time-limit", "--confinement", "--html", "--lines"},
    "check-plugin": set(),
    "show": {"--program"},
    "portfolio": {"--candidates"},
}


class Result:
    """What a command printed, and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]):
    def run(*arguments: object) -> Result:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Result(int(ended.value.code or 0), out, err)

    return run


def small_demo() -> CampaignSpec:
    """The demo recipe, cut down to seconds: two problems, two optimizers."""
    spec = recipes.standard().model_copy(update={"recipe": "demo", "num_problems": 2, "wordings": 1})
    mixture = spec.mixture.model_copy(update={"max_dimension": 4, "max_evaluations": 150, "constrained_share": 0.0})
    policy = Exhaustive(repeats=5)
    optimizers = ("nelder_mead", "random_search")
    return spec.model_copy(update={"mixture": mixture, "optimizers": optimizers, "policy": policy})


@pytest.fixture
def small_recipes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(recipes.RECIPES, "demo", small_demo)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that a person may take for something else; only read by tests."""
    here = tmp_path_factory.mktemp("all of it")
    run_campaign(here / "campaign", small_demo(), executor("inline"))
    export(here / "campaign", here / "export")
    rows = read_instructions(here / "export").to_pylist()
    write_programs(here / "programs.parquet", [written(row, row["answer"]) for row in rows])
    for folder, mark in (("scores", SCORE_FILE), ("run", RUN_FILE), ("base", BASE_FILE)):
        (here / folder).mkdir()
        (here / folder / mark).write_text("{}")
    (here / "empty").mkdir()
    return here


def test_options_are_those_of_the_documentation():
    """A new option is a decision: it changes this table and docs/command-line.md together."""
    options = {
        name: {o for p in command.params if isinstance(p, click.Option) for o in p.opts}
        for name, command in llamoco_data.commands.items()
    }
    assert options == OPTIONS


def test_campaign_from_plan_to_export(command, small_recipes, tmp_path: Path):
    folder, out = tmp_path / "c", tmp_path / "set"
    planned = command("plan", folder, "--recipe", "demo")
    assert planned.code == 0
    assert "2 of 2 problems lack runs" in planned.out
    assert not folder.exists()

    ran = command("run", folder, "--recipe", "demo", "--address", "inline")
    assert ran.code == 0
    assert "40 runs" in ran.out
    assert "all 2 problems are complete" in ran.out
    assert re.search(r"2/2 problems, 40/40 runs, [\d.]+ runs/s", ran.err)

    again = command("run", folder, "--address", "inline")
    assert again.code == 0
    assert "nothing was missing" in again.out

    assert "nothing is missing" in command("plan", folder).out
    status = command("status", folder)
    assert "2 complete of 2" in status.out
    assert "40 completed" in status.out

    exported = command("export", folder, out)
    assert exported.code == 0
    for expected in ("one instruction", "def minimize(", "train", "near-ties", "README.md", "try next"):
        assert expected in exported.out

    row_id = re.search(r" show \S+ ([0-9a-f]{20})", exported.out)
    assert row_id is not None
    shown = command("show", out, row_id.group(1))
    assert "def minimize(" in shown.out
    assert "winner" in shown.out

    problem = command("show", folder, 1)
    assert "def objective(x)" in problem.out
    assert r"\min" in problem.out


def test_show_without_an_id_lists_what_there_is(command, places: Path):
    listed = command("show", places / "export").out
    ids = read_instructions(places / "export")["instruction_id"].to_pylist()
    assert [line.split()[0] for line in listed.splitlines()[1:-1]] == ids
    problems = command("show", places / "campaign").out
    assert [line.split()[0] for line in problems.splitlines()[1:-1]] == ["0", "1"]
    assert [line.split()[-1] for line in problems.splitlines()[1:-1]] == ["20", "20"]
    assert problems.splitlines()[-1].endswith(f"show '{places / 'campaign'}' ID")


def test_show_of_a_problem_has_the_race_in_the_order_of_the_verdict(command, places: Path):
    shown = command("show", places / "campaign", 0).out
    runs = next(read_problems(places / "campaign")).records
    verdict = judge(runs)
    candidates = {candidate.candidate_id: candidate for candidate in read_candidates(places / "campaign")}
    rivals = list(dict.fromkeys(candidates[standing.candidate_id].optimizer for standing in verdict.standings))
    race = shown.partition(f"its race: {len(runs)} runs")[2].splitlines()
    assert [line.split()[0] for line in race if line.split()[0] in rivals] == rivals
    assert re.search(rf"{rivals[0]} .* 5 .* winner", shown)
    assert candidates[verdict.winner].program in shown


def test_show_of_an_instruction_lists_rivals_in_the_order_of_the_verdict_with_their_runs(command, places: Path):
    row = read_instructions(places / "export").to_pylist()[0]
    shown = command("show", places / "export", row["instruction_id"]).out
    rivals = [(result["optimizer"], str(result["runs"])) for result in row["optimizer_scores"]]
    assert rivals[0] == (row["optimizer"], "5")
    table = shown.partition("how it was measured")[2].splitlines()[2 : 2 + len(rivals)]
    found = [re.fullmatch(r"(\w+) .* (\d+) +\d\.\d{3} +\d+%.*", line) for line in table]
    assert [match and match.groups() for match in found] == rivals


def test_show_saves_the_program_that_won(command, places: Path, tmp_path: Path):
    row = read_instructions(places / "export").to_pylist()[0]
    for folder, identifier in (("export", row["instruction_id"]), ("campaign", row["base_problem_id"])):
        file = tmp_path / folder / "won.py"
        saved = command("show", places / folder, identifier, "--program", file)
        assert file.read_text() == row["answer"]
        assert f"{file}: {row['optimizer']}" in saved.out
        assert len(saved.out.splitlines()) == 1
        assert command("show", places / folder, identifier, "--program", file).code == 0, "the same is there"
        file.write_text("mine")
        assert "must not replace" in refusal(command("show", places / folder, identifier, "--program", file))
        assert file.read_text() == "mine"
    assert "--program needs an ID" in refusal(command("show", places / "export", "--program", tmp_path / "p.py"))


def test_show_of_a_race_that_is_not_finished_says_so(command, small_recipes, tmp_path: Path):
    left = iter([False, True])
    spec = small_demo()
    run_campaign(tmp_path / "c", spec, OneRunSlices(executor("inline")), stop=lambda: next(left, True))
    shown = command("show", tmp_path / "c", 0).out
    assert "so far" in shown
    assert f"the race is not finished; go on with: llamoco-data run {tmp_path / 'c'}" in shown
    assert "1 more is not begun" in command("show", tmp_path / "c").out


WHAT = {
    "campaign": "a campaign",
    "export": "an export",
    "scores": "a folder of scores",
    "run": "a tuning run",
    "base": "a base model",
    "programs.parquet": "a file of programs",
}
FITS = {
    "status": {"campaign"},
    "verify": {"campaign", "export"},
    "plan": {"campaign"},
    "run": {"campaign"},
    "report": {"campaign", "scores"},
    "show": {"campaign", "export"},
    "export": {"campaign"},
}


@pytest.mark.parametrize("name", FITS)
def test_folder_of_another_kind_is_named_with_a_command_that_fits_it(command, places: Path, tmp_path: Path, name: str):
    more = {"export": [tmp_path / "out"], "run": ["--address", "inline"]}.get(name, [])
    for place, what in WHAT.items():
        if place not in FITS[name]:
            line = refusal(command(name, places / place, *more))
            assert f"{place} is {what}, not a" in line
            assert shlex.quote(str(places / place)) in line.partition(", not a")[2]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["status", "report", "verify", "show"])
def test_folder_without_anything_is_said_to_hold_nothing(command, places: Path, name: str):
    assert "holds no campaign" in refusal(command(name, places / "empty"))
    assert "holds no campaign" in refusal(command(name, places / "missing"))
    assert not (places / "missing").exists()


def test_score_names_what_it_is_given_in_the_place_of_something_else(command, places: Path, tmp_path: Path):
    file, out = places / "programs.parquet", tmp_path / "out"
    given = [
        ((places / "export", "--data", places / "export"), "export is an export, not a file of programs"),
        ((file, "--data", places / "campaign"), "campaign is a campaign, not an export"),
        ((file, "--data", places / "run"), "run is a tuning run, not an export"),
    ]
    for arguments, says in given:
        assert says in refusal(command("score", *arguments, "--out", out, "--address", "inline"))
    wrong = refusal(command("score", file, "--data", places / "export", "--out", places / "campaign"))
    assert "campaign is a campaign; choose a new or empty folder" in wrong
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("teach", "--data", "campaign", "--base", "base", "--out", "o"), "campaign is a campaign, not an export"),
        (
            ("contrast", "--data", "scores", "--base", "base", "--out", "o"),
            "scores is a folder of scores, not an export",
        ),
        (("teach", "--data", "export", "--base", "campaign", "--out", "o"), "is a campaign, not a language model"),
        (("generate", "--data", "export", "--model", "export", "--out", "o"), "is an export, not a language model"),
        (("generate", "--data", "base", "--model", "base", "--out", "o"), "base is a base model, not an export"),
    ],
)
def test_tuning_names_what_it_is_given_in_the_place_of_something_else(
    places: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says
):
    monkeypatch.chdir(places)
    with pytest.raises(SystemExit) as ended:
        tune(arguments)
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err.count("\n")) == (2, "", 1)
    assert says in err
    assert not (places / "o").exists()


@pytest.mark.parametrize("program", [main, tune])
def test_program_without_a_command_prints_its_help(program, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        program([])
    out, err = capsys.readouterr()
    assert (ended.value.code, err) == (0, "")
    assert out.startswith("Usage: ")
    assert "Commands:\n" in out
    assert "..." not in out.partition("Commands:")[2], "every command is said whole at 80 columns"


def test_next_command_can_be_pasted_where_folders_have_blanks(command, small_recipes, tmp_path: Path):
    folder = tmp_path / "my first campaign"
    ran = command("run", folder, "--recipe", "demo", "--problems", 1, "--address", "inline", "--quiet")
    words = shlex.split(ran.out.partition("next: ")[2])
    assert words == ["llamoco-data", "export", str(folder), "OUT"]
    assert shlex.split(refusal(command("status", tmp_path / "a b")).partition("with: ")[2])[2] == str(tmp_path / "a b")


def test_share_of_the_budget_that_adds_nothing_is_refused(command, places: Path, tmp_path: Path):
    refused = refusal(command("export", places / "campaign", tmp_path / "set", "--budget", 0.00001))
    assert "a budget share of 1e-05 adds nothing" in refused
    assert list(tmp_path.iterdir()) == []


def test_score_where_no_ray_answers_leaves_no_folder(places: Path, tmp_path: Path):
    file, out = str(places / "programs.parquet"), tmp_path / "scores"
    arguments = ["score", file, "--data", str(places / "export"), "--out", str(out), "--address", "127.0.0.1:1"]
    # In a process of its own, since this one may be connected to a Ray.
    done = finished(DATA, ["-m", "llamoco_data", *arguments])
    assert done.returncode == 2
    assert "no Ray answers" in done.stderr
    assert not out.exists()


def test_run_grows_and_does_only_what_is_missing(command, small_recipes, tmp_path: Path):
    folder = tmp_path / "c"
    command("run", folder, "--recipe", "demo", "--address", "inline", "--quiet")
    grown = command("run", folder, "--problems", 3, "--address", "inline", "--quiet")
    assert "20 runs" in grown.out
    assert grown.err == ""


def test_second_export_says_what_has_changed(command, small_recipes, tmp_path: Path):
    folder, out = tmp_path / "c", tmp_path / "set"
    command("run", folder, "--recipe", "demo", "--address", "inline", "--quiet")
    assert "since snapshot" not in command("export", folder, out).out
    assert "1, which the folder held already" in command("export", folder, out).out
    command("run", folder, "--problems", 6, "--address", "inline", "--quiet")
    second = command("export", folder, out, "--since", 1)
    assert re.search(
        r"since snapshot 1: [1-9]\d* new rows?, \d+ changed \(0 with another answer\), 0 withd", second.out
    )
    assert "new problem" in second.out
    assert f"written to {out}/changes/0001-0002" in second.out
    assert "has no snapshot 9; it has 1, 2" in refusal(command("export", folder, out, "--since", 9))


def test_run_without_a_number_keeps_the_folder_s_own(command, small_recipes, tmp_path: Path):
    """The demo asks for two problems, the folder was begun with one: going on with it must not grow it."""
    command("run", tmp_path / "c", "--recipe", "demo", "--problems", 1, "--address", "inline", "--quiet")
    assert "nothing was missing: the one problem" in command("run", tmp_path / "c", "--address", "inline").out


def test_portfolio_lists_every_optimizer_and_candidate(command):
    listed = command("portfolio")
    assert all(optimizer.name in listed.out for optimizer in OPTIMIZERS)
    assert len(command("portfolio", "--candidates").out.splitlines()) > len(OPTIMIZERS)
    assert len(listed.out.splitlines()) <= 60, "two screens of 80 columns"


def refusal(result: Result) -> str:
    """The one line of a refused command."""
    assert result.code == 2
    assert result.out == ""
    lines = result.err.splitlines()
    assert len(lines) == 1, result.err
    assert lines[0].startswith("llamoco-data: ")
    return lines[0]


def test_unknown_recipe_is_refused_with_the_names(command, tmp_path: Path):
    assert "demo, standard, paper" in refusal(command("run", tmp_path / "c", "--recipe", "dmo"))
    assert not (tmp_path / "c").exists()


def test_new_folder_without_recipe_is_refused(command, tmp_path: Path):
    assert "name a recipe" in refusal(command("run", tmp_path / "c"))


@pytest.mark.parametrize("option", ["--optimizers", "--exclude"])
@pytest.mark.parametrize("given", ["", " , "])
def test_empty_list_of_optimizers_is_refused(command, tmp_path: Path, option: str, given: str):
    """An empty variable of a shell must not mean all of them."""
    assert f"{option} names no optimizer" in refusal(command("plan", tmp_path / "c", "--recipe", "demo", option, given))


@pytest.mark.parametrize("arguments", [("--problems", "0"), ("--problems", "many"), ("--workers", "0"), ("--colour",)])
def test_senseless_options_are_refused(command, tmp_path: Path, arguments: tuple[str, ...]):
    assert "--help" in refusal(command("run", tmp_path / "c", "--recipe", "demo", *arguments))


def test_unknown_command_is_refused(command):
    assert "No such command" in refusal(command("rum"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "no campaign file"),
        ("[1]", "no campaign file"),
        ('{"schema_version": 99}', "schema version 99"),
        ('{"schema_version": 1, "recipe": "demo"}', "malformed"),
    ],
)
@pytest.mark.parametrize("name", ["plan", "run", "status", "verify", "export", "report", "show"])
def test_damaged_campaign_file_is_refused(command, tmp_path: Path, content: str, says: str, name: str):
    file = tmp_path / "campaign.json"
    file.write_text(content)
    more = {"export": [tmp_path / "out"], "show": ["0"]}.get(name, [])
    assert says in refusal(command(name, tmp_path, *more))
    assert file.read_text() == content
    assert [file.name for file in tmp_path.iterdir()] == ["campaign.json"]


def test_folder_of_another_campaign_is_refused_and_untouched(command, small_recipes, tmp_path: Path):
    command("run", tmp_path / "c", "--recipe", "demo", "--address", "inline", "--quiet")
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "c").rglob("*")}
    assert "recipe 'demo', not 'paper'" in refusal(command("run", tmp_path / "c", "--recipe", "paper"))
    assert "only grows" in refusal(command("run", tmp_path / "c", "--problems", 1, "--address", "inline"))
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "c").rglob("*")} == before


def test_folder_that_holds_something_else_is_refused(command, tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("mine")
    assert "choose a new or an empty folder" in refusal(command("run", tmp_path, "--recipe", "demo"))
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_place_that_cannot_hold_a_folder_is_refused(command, tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    refusal(command("run", tmp_path / "file", "--recipe", "demo", "--address", "inline"))
    refusal(command("run", tmp_path / "file" / "c", "--recipe", "demo", "--address", "inline"))
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("arguments", [("plan",), ("run", "--address", "inline")])
def test_address_that_is_not_s3_is_refused_as_a_folder(
    command, tmp_path: Path, monkeypatch, arguments: tuple[str, ...]
):
    monkeypatch.chdir(tmp_path)
    assert "gs:// is no place for this" in refusal(command(*arguments, "gs://bucket/c", "--recipe", "demo"))
    assert list(tmp_path.iterdir()) == []


def test_campaign_of_an_optimizer_that_is_gone_is_not_called_damaged(command, small_recipes, tmp_path: Path):
    command("run", tmp_path / "c", "--recipe", "demo", "--address", "inline", "--quiet")
    file = tmp_path / "c" / "campaign.json"
    file.write_text(file.read_text().replace('"nelder_mead"', '"gone"'))
    refused = refusal(command("run", tmp_path / "c", "--address", "inline"))
    assert "with gone, which no portfolio known to this program has; install the plug-in or go on" in refused
    assert command("status", tmp_path / "c").code == 0


def test_address_without_ray_is_refused_quickly(command, tmp_path: Path):
    refused = refusal(command("run", tmp_path / "c", "--recipe", "demo", "--address", "127.0.0.1:1", "--quiet"))
    assert "127.0.0.1:1" in refused
    assert not (tmp_path / "c").exists()


def test_growth_where_no_ray_answers_changes_nothing(command, small_recipes, tmp_path: Path):
    command("run", tmp_path / "c", "--recipe", "demo", "--problems", 1, "--address", "inline", "--quiet")
    refusal(command("run", tmp_path / "c", "--problems", 5, "--address", "127.0.0.1:1", "--quiet"))
    assert "nothing was missing: the one problem" in command("run", tmp_path / "c", "--address", "inline").out


def test_program_with_a_syntax_error_is_refused(command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A contributor's half-written program file is named, with its line, before anything runs."""
    template = rendering.program_template

    def broken(optimizer: str) -> str:
        return template(optimizer) + "def oops(:\n" if optimizer == "pso" else template(optimizer)

    monkeypatch.setattr(rendering, "program_template", broken)
    refused = refusal(command("run", tmp_path / "c", "--recipe", "demo", "--address", "inline"))
    assert "pso.py" in refused
    assert "line" in refused
    assert not (tmp_path / "c").exists()


def test_show_of_an_unknown_id_is_refused(command, small_recipes, tmp_path: Path):
    command("run", tmp_path / "c", "--recipe", "demo", "--address", "inline", "--quiet")
    assert "no id begins with 'zzz'" in refusal(command("show", tmp_path / "c", "zzz"))


def test_command_line_starts_without_the_libraries_of_single_commands():
    slow = {"boto3", "pandas", "ray", "scipy.sparse", "scipy.stats", "sklearn", "torch"}
    code = f"import sys, llamoco_data.cli.commands; print(*({slow} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


TALKATIVE = """
import runpy
from llamoco_data.cli import progress
progress.PLAIN_EVERY_S = 0.5
runpy.run_module("llamoco_data", run_name="__main__", alter_sys=True)
"""
"""The command `python -m llamoco_data`, with a line of progress twice a second."""
SAID = r"starting workers|\d+/24 problems, |stopping"


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGINT, id="SIGINT", marks=pytest.mark.slow), pytest.param(signal.SIGTERM, id="SIGTERM")],
)
def test_interrupt_drains_and_says_how_to_go_on(tmp_path: Path, number: signal.Signals):
    """A signal to a real process on real Ray: what was evaluated is kept, and the next run goes on from there.

    It has no home, where Ray would keep a secret: that lives as long as the process. It is as one started by a process
    that runs Ray, too, which leaves `RAY_AUTH_MODE` in the environment. And Ray says nothing.
    """
    arguments = [sys.executable, "-c", TALKATIVE, "run", str(tmp_path / "c"), "--recipe", "demo"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment |= {"HOME": "/dev/null", "RAY_AUTH_MODE": "token"}
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    said = list[str]()
    for line in process.stderr:
        said.append(line)
        if re.match(r"\d+/24 problems, [1-9]", line):
            break
    process.send_signal(number)
    assert process.wait(timeout=120) == 130, said
    said += process.stderr.readlines()
    out, _ = process.communicate(timeout=120)
    assert all(re.match(SAID, line) for line in said), said
    assert f"go on with: {sys.executable} -m llamoco_data run {tmp_path / 'c'}" in out
    match = re.search(r"([\d,]+) runs", out)
    assert match is not None
    made = int(match.group(1).replace(",", ""))
    status = finished(DATA, ["-m", "llamoco_data", "status", str(tmp_path / "c")])
    assert status.returncode == 0
    assert made > 0
    assert f"{made:,} completed" in status.stdout
