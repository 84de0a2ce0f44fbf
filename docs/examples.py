"""Writes the worked examples of docs/ask.md and README.md: problems of docs/examples asked about, answered and tried.

    python docs/examples.py [--check]

What the model answers depends on its weights, so each page names the model that answered. With `--check` nothing is
written, and the exit code is 1 if a page shows another text of a problem, or answers of another model than `ready`.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from llamoco_tune.guide import guide_of_package

ROOT = Path(__file__).resolve().parents[1]
PAGE, README = ROOT / "docs" / "ask.md", ROOT / "README.md"
PROBLEMS = ROOT / "docs" / "examples"
EXAMPLES = ("cantilever.py", "ripples.py", "reactor.py", "cooling.py", "valley.tex", "vessel.py")
RIVAL = "slsqp"
"""Optimizer that is shown beside random search: the best choice for problems of which nothing is known."""
NUM_LINES = 16
"""Lines of an answer that are shown."""
PART = re.compile(r"(<!-- begin (example|first): ([a-z.]+) -->\n)(.*?)(?=<!-- end \2: \3 -->)", re.DOTALL)
MODEL = re.compile(r"<!-- answered by the model [0-9a-f]+ -->")
TESTED = "tests/contract/test_examples.py asks about every example and runs the answer"
LANGUAGES = {".py": "python", ".tex": "latex"}


def main() -> int:
    """Writes the page, or says that it is out of date; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the page is out of date")
    check: bool = parser.parse_args().check
    page, readme = (file.read_text(encoding="utf-8") for file in (PAGE, README))
    if check:
        stale = [name for name in EXAMPLES if shown(name) not in page]
        if stale or named() not in page or named() not in readme:
            print(f"examples are out of date ({', '.join(stale) or 'another model'}): run python docs/examples.py")
            return 1
        return 0
    with tempfile.TemporaryDirectory() as folder:
        made = {name: worked(name, Path(folder)) for name in EXAMPLES}
    for file, text in ((PAGE, page), (README, readme)):
        new = PART.sub(lambda part: f"{part[1]}\n{chosen(part[2], part[3], made)}\n\n", text)
        file.write_text(MODEL.sub(named(), new), encoding="utf-8")
    return 0


def chosen(kind: str, name: str, made: Mapping[str, Sequence[str]]) -> str:
    """All blocks of an example, or for the first look without the problem and the answer."""
    problem, asked, answer, tried = made[name]
    return "\n\n".join([problem, asked, answer, tried] if kind == "example" else [asked, tried])


def named() -> str:
    """The line that names the model."""
    return f"<!-- answered by the model {guide_of_package().model} -->"


def shown(name: str) -> str:
    """The text of a problem as the page shows it."""
    file = PROBLEMS / name
    return f"<!-- file: {name} -->\n```{LANGUAGES[file.suffix]}\n{file.read_text(encoding='utf-8')}```"


def worked(name: str, folder: Path) -> tuple[str, str, str, str]:
    """Blocks of an example: the problem, what the model considers, how its answer begins, and what that gives."""
    (folder / name).write_bytes((PROBLEMS / name).read_bytes())
    program = f"{Path(name).stem}_program.py"
    asking = f"llamoco-tune ask {name} --out {program}"
    asked = run(asking, folder)
    text = (folder / program).read_text(encoding="utf-8")
    runnable = f"{Path(name).stem}.py"
    (folder / runnable).write_bytes((PROBLEMS / runnable).read_bytes())
    trying = f"llamoco-data try {runnable} {program} --seeds 3 --against {RIVAL}"
    tried = run(trying, folder)
    # What comes before is progress.
    tried = tried[tried.index("\nproblem    ") :]
    lines = text.splitlines()[:-1]  # without the mark of `ask`
    more = f"# ... {len(lines) - NUM_LINES} more lines" if len(lines) > NUM_LINES else ""
    begin = "\n".join([*lines[:NUM_LINES], more]).strip()
    return (
        shown(name),
        f"<!-- not run: {TESTED} -->\n```console\n$ {asking}\n{asked.strip()}\n```",
        f"<!-- not run: the beginning of the answer -->\n```python\n{begin}\n```",
        f"<!-- not run: {TESTED} -->\n```console\n$ {trying}\n{tried.strip()}\n```",
    )


def run(command: str, folder: Path) -> str:
    """What a command prints, in 100 columns."""
    bin_folder = str(Path(sys.executable).parent)
    environment = os.environ | {"COLUMNS": "100", "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command.split(), cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command}\n{done.stdout}{done.stderr}")
    return "\n".join(line.rstrip() for line in (done.stderr + done.stdout).splitlines())


if __name__ == "__main__":
    sys.exit(main())
