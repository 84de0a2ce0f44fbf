"""The four rules that mend programs: each makes a program run that did not, and leaves a sound one alone."""

import itertools

import pytest

from llamoco_data import portfolio, run_program, sample_problem
from llamoco_data.portfolio import program_text
from llamoco_data.scoring.mending import mended, token_distance

pytestmark = pytest.mark.unit

SPEC = sample_problem("demo", seed=7, index=1)
SOUND = '''"""Best of some random points."""

import numpy as np


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    rng = np.random.default_rng(seed)
    best = lower
    for _ in range(max_evaluations):
        x = rng.uniform(lower, upper)
        if objective(x) < 1e9:
            best = x
    return best
'''
LINES = SOUND.splitlines(keepends=True)


def without(line: str) -> str:
    return SOUND.replace(line, "")


BROKEN = {
    "fenced": ("```python\n" + SOUND + "```\n", ("fences",), 9),
    "spoken": ("Here is it:\n\n~~~py\n" + SOUND + "~~~\nIt draws points.\n", ("fences",), None),
    "margin": ("".join(f"    {line}" for line in LINES), ("indentation",), None),
    "one line": (SOUND.replace("    best = lower\n", "     best = lower\n"), ("indentation",), 1),
    "tabs": (
        SOUND.replace("        x = rng", "\tx = rng", 1).replace("        if", "\t    if"),
        ("indentation",),
        None,
    ),
    "import": (without("import numpy as np\n"), ("imports",), 5),
    "name": (SOUND.replace("def minimize", "def optimize"), ("signature",), None),
    "parameters": (
        SOUND.replace("(objective, lower, upper, max_evaluations, seed, constraints=None)", "(f, lb, ub, budget)")
        .replace("objective(x)", "f(x)")
        .replace("lower", "lb")
        .replace("upper", "ub")
        .replace("max_evaluations", "budget")
        .replace("(seed)", "(0)"),
        ("signature",),
        None,
    ),
    "bounds": (
        SOUND.replace("lower, upper, max_evaluations, seed, constraints=None", "bounds, max_evaluations")
        .replace("    best = lower", "    lower, upper = np.array(bounds).T\n    best = lower")
        .replace("(seed)", "(0)"),
        ("signature",),
        None,
    ),
    "several": ("```\n" + without("import numpy as np\n") + "```", ("fences", "imports"), None),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_program_runs_once_it_is_mended(case: str):
    text, rules, edits = BROKEN[case]
    assert run_program(text, SPEC, 1).status in ("invalid_program", "raised", "bad_return")
    mend = mended(text)
    assert mend is not None
    assert mend.rules == rules
    assert run_program(mend.program, SPEC, 1).status == "completed"
    assert mend.edited_tokens == edits or (edits is None and 0 < mend.edited_tokens < 100)


def test_sound_programs_are_left_alone():
    for candidate in portfolio():
        assert mended(program_text(candidate.optimizer, candidate.settings)) is None
    assert mended(SOUND) is None
    assert mended("minimize = len\n") is None


def test_program_that_no_rule_knows_how_to_mend_is_left_alone():
    for text in (
        *("", "def minimize(", "I cannot.", "x = 1\n", "(" * 10_000),
        SOUND.replace("import numpy as np", "import nothing_there as np"),
        SOUND.replace("max_evaluations, seed, constraints=None", "temperature"),
        without("    return best\n"),
    ):
        assert mended(text) is None, text[:80]


def test_imports_go_behind_the_docstring_and_the_future():
    future = SOUND.replace("import numpy as np\n", "from __future__ import annotations\n")
    mend = mended(future)
    assert mend is not None
    assert mend.program.index("__future__") < mend.program.index("import numpy") < mend.program.index("def ")
    decorated = without("import numpy as np\n").replace("def minimize", "@functools.cache\ndef minimize")
    mend = mended(decorated)
    assert mend is not None
    assert "import functools\nimport numpy as np\n@functools.cache" in mend.program


def edit_distance(one: str, other: str) -> int:
    """Levenshtein's distance of short texts, by its recursion."""
    if not one or not other:
        return len(one) + len(other)
    kept = edit_distance(one[1:], other[1:]) + (one[0] != other[0])
    return min(kept, edit_distance(one[1:], other) + 1, edit_distance(one, other[1:]) + 1)


def test_token_distance_is_levenshtein_s():
    texts = ["", "a", "ab", "ba", "abca", "acba", "bbca"]
    for one, other in itertools.product(texts, texts):
        assert token_distance(" ".join(one), " ".join(other)) == edit_distance(one, other)
    assert token_distance("if x:\n    y", "if x:\n  y") == 1
