"""`llamoco-tune ask` and `calibrate` as a person meets them: files, standard input, servers, other models, errors."""

import io
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

import llamoco_tune
from llamoco_tune.asking.llama import CONFIG_FILE
from llamoco_tune.asking.program_files import marked, write_program
from llamoco_tune.asking.small import is_small
from llamoco_tune.cli import main
from llamoco_tune.folders import content_of
from llamoco_tune.guide import Guide, guide_of_package, read_guide, write_guide
from llamoco_tune.identity import content_digest
from llamoco_tune.named import READY, place_of
from llamoco_tune.openings import OPENINGS_FILE
from llamoco_tune.pretrained import pretrained_tokenizer
from llamoco_tune.records import TuningError
from llamoco_tune.tokens import Template
from tests.chat_server import Request, Response, chat_server, completion, failure
from tests.full_disk import full_disk
from tests.tiny_models import write_tiny
from tests.tuning_data import write_tiny_base

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
RELEASE = ROOT / "docs" / "releases" / "standard" / "data"
MOST_CPU_S = 3.0
BOWL = """import numpy as np

lower = np.full(5, -10.0)
upper = np.full(5, 10.0)
max_evaluations = 1500


def objective(x):
    z = 0.1 * (x - np.array([3, -2, 5, 1, -4]))
    return np.sum(z**2 - 10 * np.cos(2 * np.pi * z) + 10)
"""
PROGRAM = "def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):\n    return lower\n"
OTHER_PROGRAM = PROGRAM.replace("lower\n", "upper\n")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a problem, which is the current one; no hub."""
    torch.set_num_threads(1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "bowl.py").write_text(BOWL)
    return tmp_path


def ended(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(each) for each in arguments])
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert ended(*arguments) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("llamoco-tune: ")
    assert len(err.splitlines()) == 1
    return err


def test_it_answers_at_once_without_torch_or_a_network():
    """Measured as processor time, which other work on the machine lengthens less than a wait."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    check = "import sys, atexit; atexit.register(lambda: print('torch' in sys.modules, 'pyarrow' in sys.modules))"
    code = f"{check}; from llamoco_tune.cli import main; main(['ask', 'bowl.py', '--out', 'program.py'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "False False\n"
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < MOST_CPU_S
    assert (
        "def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):"
        in Path("program.py").read_text()
    )


def test_it_prints_the_program_and_tells_what_was_considered(capsys):
    assert ended("ask", "bowl.py") == 0
    out, err = capsys.readouterr()
    compile(out, "program", "exec")
    lines = err.splitlines()
    assert lines[0] == "problem     5 variables, bounds alone, 1,500 evaluations (python)"
    assert lines[1].startswith("considered  ")
    assert any(line.startswith("worth ") and "scored within 0.02 of the best" in line for line in lines)
    assert lines[-1] == (
        "next        llamoco-tune ask bowl.py --out program.py, then llamoco-data try bowl.py program.py"
    )
    assert "warning" not in err


def test_its_answer_names_every_optimizer_with_its_probability():
    answer = llamoco_tune.ask("bowl.py")
    assert answer.optimizer == answer.alternatives[0].optimizer
    assert answer.programs == (answer.program,)
    likely = [each.probability or 0 for each in answer.alternatives]
    assert sum(likely) == pytest.approx(1)
    assert likely == sorted(likely, reverse=True)


def test_model_may_be_a_path():
    answer = llamoco_tune.ask("bowl.py", model=Path(place_of(READY)))
    assert answer.model == place_of(READY)
    with pytest.raises(TuningError, match=r"^there is no folder \./ready$"):
        llamoco_tune.ask("bowl.py", model=Path("ready"))


def test_it_takes_standard_input_and_gives_several_programs(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BOWL.encode())))
    assert ended("ask", "-", "--top", 2, "--out", "answer.py") == 0
    written = [Path(f"answer-{number}.py").read_text() for number in (1, 2)]
    assert len(set(written)) == 2
    assert "next        llamoco-data try problem.py answer-1.py" in capsys.readouterr().err
    assert ended("ask", "bowl.py", "--top", 2) == 0
    first, second = capsys.readouterr().out.split("\n\n\n# 2 of 2: ")
    assert marked(first.split("\n", 1)[1] + "\n") == written[0]
    assert marked(second.split("\n", 1)[1]) == written[1]


def test_what_is_unlike_the_training_is_said(capsys):
    odd = BOWL.replace("1500", "1_000_000").replace("-10.0", "-1.0").replace("5", "300")
    assert any("300 variables" in each and "1,000,000 evaluations" in each for each in llamoco_tune.ask(odd).warnings)
    remarked = BOWL + "".join(f"# Zähigkeit & Würze, §{i}\n" for i in range(12))
    assert "a style of its own (novelty" in llamoco_tune.ask(remarked).warnings[0]


def test_doubtful_program_is_to_be_run_beside_the_usual_choice(capsys):
    Path("odd.py").write_text(BOWL.replace("1500", "1_000_000"))
    assert ended("ask", "odd.py", "--out", "p.py") == 0
    assert capsys.readouterr().err.endswith("next        llamoco-data try odd.py p.py --against slsqp\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("absent.py",), "absent.py cannot be read: No such file or directory"),
        (("notes.txt",), "is neither .py nor .tex"),
        (("bowl.py", "--out", "bowl.py"), "bowl.py exists and is not as `ask` wrote it; give --out another name"),
        (("bowl.py", "--out", "."), "exists and is not as `ask` wrote it"),
        (("bowl.py", "--out", "absent/p.py"), "absent/p.py cannot be written: there is no folder absent"),
        (("bowl.py", "--top", "0"), "--top"),
        (("bowl.py", "--model", "nothing-here/at-all/x"), "nothing-here/at-all/x"),
        (("bowl.py", "--model", str(ROOT / "docs" / "releases" / "standard")), "is an export, not a language model"),
        (("bowl.py", "--model", "empty"), "empty holds no model: it has no config.json"),
        (("bowl.py", "--endpoint", "http://127.0.0.1:9"), "--endpoint needs --model"),
        (("bowl.py", "--endpoint", "http://127.0.0.1:9", "--model", "m"), "no server answers"),
        (("long.py",), "tokens, and ready sees 8,192 at once"),
    ],
)
def test_mistakes_are_one_line(capsys, arguments, said):
    Path("long.py").write_text(BOWL + "".join(f"# {n * 7919}\n" for n in range(9_000)))
    Path("empty").mkdir()
    assert said in refused(capsys, "ask", *arguments)


def answered_by(answer: str, *arguments: object) -> int:
    """How `ask` ends where a server gives this answer, which takes no model."""
    with chat_server(lambda *_: completion(f"```python\n{answer}```\n")) as server:
        return ended("ask", "bowl.py", "--endpoint", server.url, "--model", "m", *arguments)


def test_an_earlier_program_is_replaced_and_that_is_said(capsys):
    assert answered_by(PROGRAM, "--out", "program.py") == 0
    assert "program     program.py\n" in capsys.readouterr().err
    assert answered_by(OTHER_PROGRAM, "--out", "program.py") == 0
    assert "program     program.py, replaced\n" in capsys.readouterr().err
    assert Path("program.py").read_text() == marked(OTHER_PROGRAM)


@pytest.mark.parametrize(
    "text",
    [PROGRAM, f"Write\n\n    {PROGRAM}", f'"""A walk of my own."""\n\n\n{PROGRAM}', "", marked(PROGRAM) + "# mine\n"],
)
def test_what_ask_did_not_write_stays_as_it_is(capsys, text):
    Path("kept").write_text(text)
    Path("link.py").symlink_to("kept")
    Path("dangling.py").symlink_to("absent")
    for name, said in (
        ("kept", "exists and is not as `ask` wrote it"),
        ("link.py", "a link"),
        ("dangling.py", "a link"),
    ):
        assert said in refused(capsys, "ask", "bowl.py", "--out", name)
    assert Path("kept").read_text() == text
    assert not Path("absent").exists()


def test_program_that_was_changed_after_it_was_written_stays_as_it_is(capsys):
    changed = marked(PROGRAM).replace("return lower", "return upper")
    Path("program.py").write_text(changed)
    assert "program.py exists and is not as `ask` wrote it" in refused(capsys, "ask", "bowl.py", "--out", "program.py")
    assert Path("program.py").read_text() == changed


def test_full_disk_leaves_the_earlier_program(capsys):
    write_program(Path("program.py"), PROGRAM)
    with pytest.raises(TuningError, match=r"^program\.py cannot be written: File too large; give"), full_disk(10):
        write_program(Path("program.py"), OTHER_PROGRAM)
    assert Path("program.py").read_text() == marked(PROGRAM)
    assert sorted(file.name for file in Path().iterdir()) == ["bowl.py", "program.py"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "def constraint(x): ...\n",
            "constraint is not used: constraints count only as constraints(x), and there is none",
        ),
        ("bounds = (lower, upper)\n", "bounds is not used: the bounds are lower and upper alone"),
        ("def constraint(x): ...\n\n\ndef constraints(x): return constraint(x)\n", ""),
        ("constants = (1, 2)\n", ""),
    ],
)
def test_misspelt_constraints_are_warned_of(capsys, more, said):
    Path("bowl.py").write_text(BOWL + more)
    assert answered_by(PROGRAM) == 0
    warned = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    assert warned == ([f"warning     {said}"] if said else [])


def test_out_of_a_dash_is_standard_output(capsys):
    assert answered_by(PROGRAM, "--out", "-") == 0
    assert capsys.readouterr().out == PROGRAM
    assert not Path("-").exists()


def test_damaged_model_is_told(capsys):
    copy = ready_in(Path("copy"))
    for name, said in (("model.safetensors", "is damaged"), ("tokenizer.json", "is damaged")):
        content = (copy / name).read_bytes()
        (copy / name).write_bytes(content[: len(content) // 2])
        assert said in refused(capsys, "ask", "bowl.py", "--model", "copy")
        (copy / name).write_bytes(content)


def test_a_model_without_openings_writes_and_tells_no_choice(monkeypatch):
    write_tiny_base(Path("base"))
    with pytest.raises(TuningError, match=r"^base wrote no program that could run: .*it is not Python"):
        llamoco_tune.ask("bowl.py", model="base")


def test_a_server_answers_each_request_until_there_are_programs_enough(capsys):
    answers = ["no idea", f"```python\n{PROGRAM}```\n", f"Take this:\n```python\n# other\n{PROGRAM}```\n"]
    prompts: list[str] = []

    def behaviour(request, before):
        prompts.append(request.prompt)
        return completion(answers[len(prompts) - 1])

    with chat_server(behaviour) as server:
        assert ended("ask", "bowl.py", "--endpoint", server.url, "--model", "m", "--top", 2, "--out", "p.py") == 0
    assert Path("p-1.py").read_text() == marked(PROGRAM)
    assert Path("p-2.py").read_text() == marked(f"# other\n{PROGRAM}")
    assert len(set(prompts)) == 3
    assert all(BOWL in prompt for prompt in prompts)
    err = capsys.readouterr().err
    assert "considered" not in err
    assert "worth" not in err
    assert "warning     the program that it wrote has a slip and was passed over: it is not Python" in err


def test_a_server_whose_model_has_one_temperature_and_another_name_of_the_limit_answers():
    """As newer models of OpenAI do, which refuse one parameter after the other."""

    def behaviour(request: Request, before: int) -> Response:
        if "max_tokens" in request.body:
            return failure(400, "use max_completion_tokens instead of max_tokens")
        if request.body["temperature"] != 1:
            return failure(400, "temperature does not support 0, only the default (1) value is supported")
        return completion(f"```python\n{PROGRAM}```\n")

    with chat_server(behaviour) as server:
        assert ended("ask", "bowl.py", "--endpoint", server.url, "--model", "m", "--out", "p.py") == 0
    assert Path("p.py").read_text() == marked(PROGRAM)


def test_what_needs_torch_says_so_where_only_the_package_is_installed():
    write_tiny_base(Path("base"))
    code = "import sys; sys.modules['torch'] = None; from llamoco_tune.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "ask", "bowl.py", "--model"]
    config = Path("base/config.json")
    config.write_text(config.read_text().replace('"silu"', '"gelu"'))
    ready, other = (
        subprocess.run([*command, name], capture_output=True, text=True, check=False) for name in ("ready", "base")
    )
    assert ready.returncode == 0, ready.stderr
    assert other.returncode == 2
    assert other.stderr == (
        "llamoco-tune: base needs the package torch; "
        "install what tuning needs, in the checkout: pip install '.[tune]'\n"
    )


def ready_in(folder: Path) -> Path:
    """A copy of the model of the package, without its guide."""
    folder.mkdir()
    for file in Path(place_of(READY)).iterdir():
        if file.name != "guide.json":
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_calibrate_makes_the_guide_that_ask_uses(capsys):
    copy = ready_in(Path("copy"))
    assert llamoco_tune.ask("bowl.py", model="copy").worth is None
    for split, count in (("train", 240), ("validation", 96)):
        (file,) = RELEASE.glob(f"{split}-*.parquet")
        data = Path("part") / "data" / file.name
        data.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pq.read_table(file).slice(0, count), data)
    assert ended("calibrate", "copy", "--data", "part", "--wordings", 1) == 0
    out = capsys.readouterr().out
    guide = read_guide("copy")
    assert guide is not None
    assert sum(each.num_choices for each in guide.worth) == 2 * 16
    assert f"{guide.worth[-1].share:.0%} of {guide.worth[-1].num_choices} are close to the best" in out
    assert guide.wordings == 1
    answer = llamoco_tune.ask("bowl.py", model="copy")
    assert answer.worth is None
    answer = llamoco_tune.ask("bowl.py", model="copy", wordings=1)
    assert answer.worth in guide.worth
    assert json.loads(Path("copy/guide.json").read_text())["model"] == guide.model
    write_guide(copy, guide.model_copy(update={"dimensions": (2, 3)}))
    assert "5 variables (taught: 2 to 3)" in llamoco_tune.ask("bowl.py", model="copy").warnings[0]


@pytest.mark.parametrize(
    ("is_constrained", "said"),
    [(True, "constraints (taught: problems without)"), (False, "no constraints (taught: problems with constraints)")],
)
@pytest.mark.parametrize("by_torch", [False, True])
def test_model_answers_about_a_problem_of_a_kind_that_it_was_not_taught_and_says_so(
    capsys, is_constrained, said, by_torch
):
    copy = ready_in(Path("copy"))
    if by_torch:
        # The formulas do not depend on it.
        config = json.loads((copy / CONFIG_FILE).read_text()) | {"pretraining_tp": 2}
        (copy / CONFIG_FILE).write_text(json.dumps(config))
    assert is_small(copy) != by_torch
    guide = guide_of_package()
    taught = tuple(each for each in guide.requests if each.is_constrained != is_constrained)
    write_guide(copy, guide.model_copy(update={"requests": taught, "model": content_digest(str(copy))}))
    constraints = "\n\ndef constraints(x):\n    return np.array([0.5 - x[0]]), np.zeros(0)\n"
    Path("asked.py").write_text(BOWL + constraints * is_constrained)
    assert ended("ask", "asked.py", "--model", "copy", "--out", "p.py") == 0
    assert f"unlike what the model was taught: {said};" in capsys.readouterr().err
    Path("asked.py").write_text(BOWL + constraints * (not is_constrained))
    assert ended("ask", "asked.py", "--model", "copy", "--out", "p.py") == 0
    assert "unlike" not in capsys.readouterr().err


def test_calibrate_measures_no_problem_whose_prompt_leaves_no_room_for_openings(capsys):
    ready = place_of(READY)
    for split in ("train", "validation"):
        (file,) = RELEASE.glob(f"{split}-*.parquet")
        data = Path("part") / "data" / file.name
        data.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pq.read_table(file).slice(0, 24), data)
    (file,) = Path("part/data").glob("validation-*")
    template = Template.of(pretrained_tokenizer(ready))
    lengths = sorted(map(len, template.prompts_ids(pq.read_table(file)["prompt"].to_pylist())))
    measured: dict[str, int] = {}
    for name, context in (("some", lengths[len(lengths) // 2]), ("none", 16)):
        folder = write_tiny(Path(name), "codegen", template.tokenizer, n_positions=context)
        shutil.copy(Path(ready) / OPENINGS_FILE, folder)
        assert ended("calibrate", name, "--data", "part", "--wordings", 1) == 0
        guide = read_guide(name)
        assert guide is not None
        measured[name] = sum(each.num_choices for each in guide.worth)
    assert 0 < measured["some"] < 2 * 4
    assert measured["none"] == 0
    assert "whose prompts leave no room for a program are left out" in capsys.readouterr().out


def test_calibrate_says_in_one_line_and_before_its_work_that_the_folder_cannot_be_written(capsys):
    copy = ready_in(Path("copy"))
    files = sorted(file.name for file in copy.iterdir())
    with full_disk():
        line = refused(capsys, "calibrate", "copy", "--data", "no export")
    assert "copy/guide.json cannot be written: File too large; calibrate a copy of the model, in a folder" in line
    assert sorted(file.name for file in copy.iterdir()) == files
    with pytest.raises(TuningError, match=r"guide\.json cannot be written"), full_disk(100):
        write_guide(copy, guide_of_package())
    assert sorted(file.name for file in copy.iterdir()) == files


def test_calibrate_replaces_a_guide_only_where_it_is_told_to(capsys, monkeypatch):
    copy = ready_in(Path("copy"))
    write_guide(copy, guide_of_package())
    before = (copy / "guide.json").read_bytes()
    assert "copy/guide.json is there already; say --replace" in refused(
        capsys, "calibrate", "copy", "--data", RELEASE.parent
    )
    assert (copy / "guide.json").read_bytes() == before

    def made(*_: object, **__: object) -> Guide:
        return guide_of_package().model_copy(update={"dimensions": (2, 3)})

    monkeypatch.setattr("llamoco_tune.asking.calibration.calibrate", made)
    assert ended("calibrate", "copy", "--data", RELEASE.parent, "--replace") == 0
    guide = read_guide("copy")
    assert guide is not None
    assert guide.dimensions == (2, 3)


@pytest.mark.parametrize("name", ["ready", "absolute", "./linked"])
def test_calibrate_leaves_the_guide_of_the_package_as_it_is(capsys, monkeypatch, name):
    """Its folder is another one here, so that a fault does not damage the package."""
    packaged = ready_in(Path("packaged"))
    monkeypatch.setattr("llamoco_tune.guide.place_of", lambda model: str(packaged) if model == READY else model)
    Path("linked").symlink_to(packaged)
    spelt = str(packaged.absolute()) if name == "absolute" else name
    line = refused(capsys, "calibrate", spelt, "--data", RELEASE.parent)
    assert f"{spelt} is the model of the package, whose guide `ask` uses; calibrate a copy" in line


def test_calibrate_refuses_what_it_cannot_measure(capsys):
    assert "there is no folder nowhere" in refused(capsys, "calibrate", "nowhere", "--data", RELEASE.parent)
    assert content_of(RELEASE.parent) is not None
    ready_in(Path("copy"))
    assert "empty is no export" in refused(capsys, "calibrate", "copy", "--data", "empty")
