"""The program in what a model wrote: between any fences that CommonMark knows, and those that models write."""

import ast

import pytest
from markdown_it import MarkdownIt

from llamoco_tune.extraction import defines_minimize, parsed, program_of

pytestmark = pytest.mark.unit

ANSWER = '"""CMA-ES."""\n\nimport cma\n\n\ndef minimize(objective):\n    return `x`  # ``` no fence\n'

DOCUMENTED = 'def minimize(f):\n    """Runs.\n\n    ```\n    minimize(f)\n    ```\n    """\n    return f\n'
BOUND = "try:\n    import cma\nexcept ImportError:\n    minimize = None\nelse:\n    minimize = cma.fmin\n"
CLOSED = "def minimize(f):\n    return f"


def indented(text: str, columns: int, by: str = " ") -> str:
    """The text with so many columns before each line."""
    return "".join(f"{by:<{columns}}{line}" for line in text.splitlines(keepends=True))


COMPLETIONS = {
    "as taught": (ANSWER, ANSWER),
    "without a last line end": (ANSWER.rstrip(), ANSWER.rstrip()),
    "fenced": (f"Here it is:\n\n```python\n{ANSWER}```\nGood luck.", ANSWER),
    "fenced, CRLF": ("```python\r\nx = 1\r\n```\r\n", "x = 1\r\n"),
    "fenced, not closed": (f"Sure.\n```python\n{ANSWER}", ANSWER),
    "fenced, short name": ("```py\nx = 1\n```", "x = 1\n"),
    "fenced, no name": ("It is\n```\nx = 1\n```", "x = 1\n"),
    "usage after it": (f"```python\n{ANSWER}```\nUse:\n```python\nminimize(f)\n```", ANSWER),
    "corrected": (f"```python\ndef minimize(): wrong\n```\nNo:\n```python\n{ANSWER}```", ANSWER),
    "shell before it": (f"```bash\npip install cma\n```\n```python\n{ANSWER}```", ANSWER),
    "four backticks": (f"````python\n{ANSWER}````\n", ANSWER),
    "four backticks around three": (f"````python\n{DOCUMENTED}````\n", DOCUMENTED),
    "three around an indented three": (f"```python\n{DOCUMENTED}```\n", DOCUMENTED),
    "tildes": (f"~~~python\n{ANSWER}~~~\nThat is it.", ANSWER),
    "tildes around backticks": (f"~~~ py\nx = 1\n```\n\n```\n~~~\n\n```python\n{ANSWER}```", ANSWER),
    "longer closing fence": (f"```python\n{ANSWER}``````  \nEnd", ANSWER),
    "indented by three": (f"   ```python\n{indented(ANSWER, 3)}   ```\n", ANSWER),
    "fence indented alone": (f"  ```python\n{ANSWER}  ```\n", ANSWER),
    "in a list item": (f"1. Do this:\n\n   ```python\n{indented(ANSWER, 3)}   ```\n2. Run it.", ANSWER),
    "as a list item": (f"- ```python\n{indented(ANSWER, 2)}  ```\n", ANSWER),
    "in a list item, code at the margin": (f"1. Do this:\n   ```python\n{ANSWER}   ```\n", ANSWER),
    "deep in lists": (f"- a\n  - b\n    1. c\n       ```python\n{indented(ANSWER, 7)}       ```\n", ANSWER),
    "indented by a tab": ("1.\t```py\n\tx = 1\n\tif x:\n\t\ty = 2\n\t```\n", "x = 1\nif x:\n    y = 2\n"),
    "quoted": (f"> So:\n> ```python\n{indented(ANSWER, 2, '>')}> ```\nEnd", ANSWER),
    "info string": (f"```py title=x\n{ANSWER}```", ANSWER),
    "info string of a file": (f"```python:solver.py\n{ANSWER}```", ANSWER),
    "info string in braces": (f"```{{.python .numberLines}}\n{ANSWER}```", ANSWER),
    "info string with a version": (f"``` Python3.11\n{ANSWER}```", ANSWER),
    "of another language that defines it": (f"```text\n{ANSWER}```", ANSWER),
    "closed on the last line of code": (f"```python\n{CLOSED}```\nDone.", CLOSED + "\n"),
    "closed there, and another block": (f"```python\n{CLOSED}```\nRun:\n```bash\nls\n```", CLOSED + "\n"),
    "closed there, and corrected": (f"```python\nx = 1```\nNo:\n```python\n{ANSWER}```", ANSWER),
    "in a page of its own": (f"```markdown\n# Answer\n~~~python\n{ANSWER}~~~\n```", ANSWER),
    "behind a tag": (f"<think>\n```python\nx = 1\n```\n</think>\n```python\n{ANSWER}```", ANSWER),
    "code between backticks in a line": (f"Use ```x``` here.\n```x = 1```\n\n```python\n{ANSWER}```", ANSWER),
    "bound by a name": (f"```python\n{BOUND}```\n```python\nprint(minimize)\n```", BOUND),
    "byte order mark": (f"\ufeff{ANSWER}", f"\ufeff{ANSWER}"),
    "nothing": ("", ""),
    "blank": (" \n\n", ""),
    "prose": ("I cannot.", "I cannot."),
}


LEGAL = [
    *("four backticks", "four backticks around three", "three around an indented three", "tildes", "in a list item"),
    *("tildes around backticks", "longer closing fence", "indented by three", "as a list item", "deep in lists"),
    *(
        "indented by a tab",
        "quoted",
        "info string",
        "fenced",
        "fenced, not closed",
        "usage after it",
        "bound by a name",
    ),
]


@pytest.mark.parametrize("case", COMPLETIONS)
def test_program_of_a_completion_is_what_is_fenced_or_all_of_it(case: str):
    completion, program = COMPLETIONS[case]
    assert program_of(completion) == program


@pytest.mark.parametrize("case", LEGAL)
def test_program_between_legal_fences_is_a_block_of_an_independent_reader(case: str):
    completion, program = COMPLETIONS[case]
    blocks = [token.content for token in MarkdownIt("commonmark").parse(completion) if token.type == "fence"]
    assert program.expandtabs(4) in [block.expandtabs(4) for block in blocks]


BINDING = [
    "def minimize(): ...",
    "async def minimize(): ...",
    "from solvers import minimize",
    "from solvers import solve as minimize",
    "from solvers import *",
    "try:\n    import cma\nexcept ImportError:\n    minimize = 1\nelse:\n    pass",
    "if x:\n    pass\nelse:\n    minimize = solve",
    "try:\n    pass\nfinally:\n    minimize = solve",
    "minimize: Callable = solve",
    "solve = minimize = 3",
    "(solve, [*_, minimize]) = 1, [2]",
    "for minimize in solvers: pass",
    "with solver() as minimize: pass",
    "match x:\n    case 1:\n        minimize = solve",
    "if (minimize := solve): pass",
]
NOT_BINDING = [
    "",
    "minimize",
    "minimize()",
    "minimize: Callable",
    "def other():\n    minimize = 1",
    "class A:\n    def minimize(self): ...",
    "x = [minimize for minimize in solvers]",
    "f = lambda: (minimize := 1)",
    "a.minimize = solve",
    "a['minimize'] = solve",
    f"x = {'+'.join(['1'] * 2_000)}",
]


@pytest.mark.parametrize("program", [*BINDING, *NOT_BINDING])
def test_name_is_bound_at_the_top_level_in_any_branch(program: str):
    assert defines_minimize(ast.parse(program)) == (program in BINDING)


def test_text_is_parsed_with_a_byte_order_mark_and_not_without_a_statement():
    assert parsed("\ufeffx = 1\n") is not None
    assert parsed("# nothing\n") is None
    assert parsed("x = (\n") is None
