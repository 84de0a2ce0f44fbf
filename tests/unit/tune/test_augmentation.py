"""Prompts in other words mean the same, prompts that lose words keep the rest, and a row's fate is its own."""

import dataclasses
import itertools
import re
from typing import Any

import numpy as np
import pytest

from llamoco_data import sample_problem, statement
from llamoco_tune.augmentation import augmented, noisy
from llamoco_tune.instructions import Example
from llamoco_tune.restyling import restyled
from tests.tuning_rows import encoded

pytestmark = pytest.mark.unit

BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
PROMPT = """Please minimize this.

```python
import numpy as np

lower = np.zeros(3)
upper = np.ones(3)
max_evaluations = 100


def sphere(z):
    \"\"\"A bowl.\"\"\"
    return np.sum(z**2) + (z[0] - 1) ** 2  # all of it


def objective(x):
    total = 0.0
    total += 2.5 * sphere(x - 0.5)
    return total
```
"""


@pytest.mark.parametrize("index", range(24))
def test_restyled_statement_is_the_same_problem(index: int) -> None:
    prompt = statement(sample_problem("standard", seed=3, index=index), form="python", wording=index)
    there, here = _executed(prompt), _executed(restyled(prompt, np.random.default_rng(index)))
    rng = np.random.default_rng(index)
    for name in ("lower", "upper", "max_evaluations"):
        np.testing.assert_array_equal(here[name], there[name])
    for _ in range(3):
        x = there["lower"] + (there["upper"] - there["lower"]) * rng.random(len(there["lower"]))
        np.testing.assert_allclose(here["objective"](x), there["objective"](x), rtol=1e-7)
        if "constraints" in there:
            for mine, theirs in zip(here["constraints"](x), there["constraints"](x), strict=True):
                np.testing.assert_allclose(mine, theirs, rtol=1e-7)


def test_restyled_prompts_differ_from_each_other_and_keep_the_request_and_the_names_it_speaks_of() -> None:
    texts = [restyled(PROMPT, np.random.default_rng(seed)) for seed in range(40)]
    assert len(set(texts)) > 35
    for text in texts:
        assert text.startswith("Please minimize this.\n\n```python\n")
        assert text.endswith("```\n")
        assert {"objective", "lower", "upper", "max_evaluations"} <= set(_executed(text))
    sources = "\n".join(texts)
    for phrase in (
        "np.add.reduce",
        "np.square",
        "z * z",
        "-0.5 + x",
        "sphere(x - 0.5) * 2.5",
        "total = total +",
        "import numpy\n",
    ):
        assert phrase in sources, phrase
    assert any("sphere" not in text for text in texts)
    assert any("A bowl." not in text for text in texts)


@pytest.mark.parametrize(
    "prompt",
    ["no code at all", "```python\nthis is (no Python\n```", r"\[ \min f(x) = x^2 \]", "```python\nx = '\0'\n```"],
)
def test_prompt_without_python_stays_as_it_was(prompt: str) -> None:
    assert restyled(prompt, np.random.default_rng(0)) == prompt


@pytest.mark.parametrize(
    "source",
    [
        "def f(x, scale=1.0):\n    return scale * x\n\n\ndef objective(x):\n    return f(x[0], scale=3.0)\n",
        "import math\n\n\ndef objective(x):\n    return abs(math.sqrt(x[0] ** 4)) + x[0] ** 2 - 2\n",
        "class F:\n    scale = 3\n\n    def at(self, x):\n        return self.scale * x[0]\n\n\nobjective = F().at\n",
        "calls = 0\n\n\ndef objective(x):\n    global calls\n    calls += 1\n    return 3 * x[0] + 0 * calls\n",
    ],
    ids=["keywords", "without NumPy", "attributes", "a global name"],
)
def test_programs_of_other_people_keep_their_values(source: str) -> None:
    for seed in range(40):
        assert _executed(restyled(f"```python\n{source}```", np.random.default_rng(seed)))["objective"]([2.0]) == 6.0


def test_noise_takes_up_to_half_of_the_words_and_leaves_the_others_in_order() -> None:
    prompt = " ".join(f"w{i}" for i in range(400))
    shares: list[float] = []
    for seed in range(60):
        left = [word for word in noisy(prompt, np.random.default_rng(seed)).split() if re.fullmatch(r"w\d{1,3}", word)]
        places = [int(word[1:]) for word in left if int(word[1:]) < 400]
        shares.append(1 - len(places) / 400)
        assert sum(a > b for a, b in itertools.pairwise(places)) <= 2  # words made by chance
    assert min(shares) < 0.08
    assert 0.3 < max(shares) < 0.55


def test_noise_of_nothing_is_nothing() -> None:
    assert noisy("", np.random.default_rng(0)) == ""


def test_shares_of_rows_are_changed_and_a_row_alone_decides_its_fate() -> None:
    rows = [dataclasses.replace(encoded(4, 2, i).example, prompt=PROMPT) for i in range(300)]
    found = augmented(rows, restyled_share=0.5, noisy_share=0.3, seed=1)
    assert [row.instruction_id for row in found] == [row.instruction_id for row in rows]
    assert all(_without_prompt(one) == _without_prompt(other) for one, other in zip(found, rows, strict=True))
    unchanged = sum(row.prompt == PROMPT for row in found) / len(rows)
    assert unchanged == pytest.approx(0.5 * 0.7, abs=0.1)
    assert augmented(rows[50:70], restyled_share=0.5, noisy_share=0.3, seed=1) == found[50:70]
    assert augmented(rows, restyled_share=0.5, noisy_share=0.3, seed=2) != found
    assert augmented(rows, restyled_share=0.0, noisy_share=0.0, seed=1) == rows


def _without_prompt(row: Example) -> tuple[object, ...]:
    return (row.instruction_id, row.problem_id, row.answer, row.optimizer, row.form)


def _executed(prompt: str) -> dict[str, Any]:
    block = BLOCK.search(prompt)
    assert block is not None
    names: dict[str, Any] = {}
    exec(block[1], names)
    return names
