"""Reading the problem that is asked about, making its prompts, looking for slips, and what a choice is worth."""

import ast
import time
from pathlib import Path

import numpy as np
import pytest

from llamoco_tune.asking import answering, conditions, latex
from llamoco_tune.asking.calibration import Case, worth_of_choices
from llamoco_tune.asking.lengths import Lengths
from llamoco_tune.asking.problem import Stated, read_problem, stated, trying
from llamoco_tune.asking.prompts import Prompted, prompts_of, requests_of
from llamoco_tune.asking.reading import Reading
from llamoco_tune.guide import Guide, Request, Seen, Worth, guide_of_package, read_guide
from llamoco_tune.records import TuningError
from llamoco_tune.sound import slip_in

pytestmark = pytest.mark.unit

PYTHON = """import numpy as np
lower, upper = np.zeros(3), np.ones(3)
max_evaluations = 400
def objective(x): return x @ x
"""
SOUND = "def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):\n    return lower\n"
LATEX = r"""\documentclass{article}
\begin{document}  % max_evaluations = 2_500
\[
\min_{x \in \mathbb{R}^{4}} \; f(x) \quad \text{s.t.} \quad x_1 + x_2 \le 3, \quad
-5 \le x_i \le 5, \quad i = 1, \dots, 4
\]
\end{document}
"""


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("lower = [1, 2, 3]", 3),
        ("lower = np.full(7, -5.0)", 7),
        ("D = 6\nlower = -5 * np.ones(D)", 6),
        ("lower = np.array([0.0] * 7 + [1, 2])", 9),
        ("lower = np.array([1.0, 2.0, 3.0]) + [-1.0, -1.0, -1.0]", 3),
        ("centre = np.full(4, 2.0)\nlower = centre - 1 + [0, 0, 0, 0]", 4),
        ("few = [1.0, 2.0]\nlower = np.array(few + [3.0])", 3),
        ("few = [1.0, 2.0]\nlower = few * 2 + [0.0] * len(few)", 6),
        ("lower = np.array([2.0]) * [1, 2, 3]", 3),
        ("u = np.array('1 10 100'.split(), float)\nlower = -50 * u", 3),
        ("bounds = np.array([(0, 1), (0, 2)])\nlower = bounds[:, 0]", 2),
        ("lower, upper = np.zeros((4,)), np.ones(4)", 4),
        ("lower = np.repeat([1.0, 2.0], 3)", 6),
        ("a = [1, 2]\nlower = np.concatenate([a, np.zeros(3)])", 5),
        ("lower = [0.0 for _ in range(5)]", 5),
        ("lower = np.linspace(0, 1, 8)", 8),
        ("lower = read()", None),
        ("lower = [1, *more]", None),
        ("lower = [1]\nlower = [1, 2]", None),
        ("lower = lower", None),
    ],
)
def test_length_of_a_vector_is_read_from_the_text(text, length):
    assert Lengths.of(ast.parse(text)).length("lower") == length


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("n = 200", 200),
        ("n = 20_000", 20_000),
        ("lower = np.zeros(5)\nn = 100 * len(lower)", 500),
        ("lower = np.zeros(5)\nn = 100 * lower.size", 500),
        ("n = int(1e4)", 10_000),
        ("n = 9 ** 9 ** 9", None),
        ("n = 1000000 ** 64", None),
        ("n = 1e400", None),
        ("n = int(1e400)", None),
        ("n = round(1e400)", None),
        ("n = 1e400 - 1e400", None),
        (f"n = 0x{'F' * 300}", None),
        ("a0 = 10\n" + "".join(f"a{i + 1} = a{i} * a{i}\n" for i in range(60)) + "n = a60", None),
        ("n = 1 / 0", None),
        ("n = read()", None),
    ],
)
def test_number_is_read_from_the_text(text, number):
    assert Lengths.of(ast.parse(text)).number("n") == number


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("lower = [0.0] * " + " * ".join("1" * 28), 1),
        ("lower = [0.0] * " + " * ".join("1" * 2_000), None),
        ("lower = " + " + ".join(["[0.0]"] * 2_000), None),
        (
            "a0 = 2\n"
            + "".join(f"a{i + 1} = max({','.join([f'a{i}'] * 9)})\n" for i in range(30))
            + "lower = [0] * a30",
            2,
        ),
        ("a0 = [0]\n" + "".join(f"a{i + 1} = np.hstack([a{i}, a{i}])\n" for i in range(30)) + "lower = a30", 2**30),
        ("".join(f"a{i} = 1\n" for i in range(8_000)) + "lower = [1, 2]", 2),
    ],
    ids=["product", "long product", "long sum", "names of names", "vectors of vectors", "many names"],
)
def test_no_text_keeps_the_reader_busy(text, length):
    tree = ast.parse(text)
    began = time.process_time()
    assert Lengths.of(tree).length("lower") == length
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("text", "dimension", "budget", "is_constrained"),
    [
        (LATEX, 4, 2_500, True),
        (
            r"\min f(x), x_1^2 + x_{12} subject to $0 \le x_i \le 1$. At most 2{,}000 function evaluations.",
            12,
            2_000,
            False,
        ),
        (r"\min f \quad \text{s.t.} \quad g_1(\mathbf{x}) \le 0 \\ & \mathbf{x} \in [-5, 5]^{3}", 3, None, True),
        (r"\min f \text{ subject to } 0 \le x_1 \le 2, \quad x_2 \ge 1, \quad i = 1, \dots, 7", 7, None, False),
        (r"\min f \text{ s.t. } 1 \le x_1 + x_2 \le 2", 2, None, True),
        (r"\min f", None, None, False),
        (r"\min_{x,y, \theta} \; x^2 + e^{y} + \theta", 3, None, False),
        (r"\min_{x} \; f(x)", None, None, False),
        (r"\min_{a, \dots, c} \; f(a)", None, None, False),
    ],
)
def test_latex_tells_variables_budget_and_constraints(text, dimension, budget, is_constrained):
    body = latex.without_preamble(text)
    assert (latex.dimension(body), latex.budget(text), conditions.is_constrained(body)) == (
        dimension,
        budget,
        is_constrained,
    )


@pytest.mark.parametrize(
    ("written", "budget"),
    [
        ("% max_evaluations = 2e3", 2_000),
        ("% max_evaluations=2.5E+3  ", 2_500),
        ("% max_evaluations = 2000.", 2_000),
        ("% max_evaluations = 20{,}000", 20_000),
        (r"% max_evaluations~=~20\,000", 20_000),
        ("% max_evaluations = 1,200,000", 1_200_000),
        ("at most 2e3 evaluations", 2_000),
        (r"$x \in \mathbb{R}^8$, 2\,000~function evaluations", 2_000),
        ("with $D = 8$\n200 evaluations", 200),
    ],
)
def test_budget_in_latex_is_read_as_it_is_written(written: str, budget: int):
    assert latex.budget(f"\\min f\n{written}\n") == budget


@pytest.mark.parametrize(
    "written",
    [
        "2 000", "2~000", "2000 % or so", "2000, or more", "2,5", "2.5", "2.000", "1_", "10**4", "many", "", "0",
        "1e400", pytest.param("9" * 5_000, id="long"),
    ],
)  # fmt: skip
def test_comment_in_latex_that_names_no_whole_number_is_refused_in_one_line(written: str):
    check_refused(f"\\min f\n% max_evaluations = {written}\n")


@pytest.mark.parametrize("written", ["12 500", "12~500", "10^4", "2.000", "1,5", "500-1000", "0"])
def test_words_in_latex_that_name_no_whole_number_are_refused_in_one_line(written: str):
    check_refused(f"\\min f with at most {written} evaluations\n")


def check_refused(text: str) -> None:
    """Checks that a problem is refused for its budget, in a line that a terminal can show."""
    with pytest.raises(TuningError, match=r"^-: the budget .* cannot be read as a whole number from 1 on; ") as refused:
        stated(text, "-")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_number_of_variables_in_latex_that_is_beyond_reason_is_not_known():
    for text in (r"x \in \mathbb{R}^{%s}", r"i = 1, \dots, %s", "x_{%s}"):
        assert latex.dimension(text % ("1" * 5_000)) is None


BOX = r"-5 \le x_i \le 5, \quad i = 1, \dots, 4"
TO_R4 = r"\min_{\mathbf{x} \in \mathbb{R}^{4}} f(\mathbf{x})"


@pytest.mark.parametrize(
    "text",
    [
        rf"$$ {TO_R4} $$ subject to $$ x_1 + x_2 \le 1, \qquad {BOX} $$",
        rf"\[ {TO_R4} \] subject to \[ {BOX}, \quad x_1 + x_2 \le 1 \]",
        rf"\[ {TO_R4} \] subject to \[ {BOX} \] and \[ x_1 + x_2 \le 1 \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} \] \[ x_1 + x_2 \le 1, {BOX} \]",
        rf"\[ {TO_R4} \] s.t. ${BOX}$ and $x_1 x_2 \le 3$.",
        rf"\begin{{align}} {TO_R4} \end{{align}} subject to \begin{{align}} g(x) &\le 0 \\ {BOX} \end{{align}}",
        rf"\begin{{equation}}\begin{{aligned}} {TO_R4} \\ \text{{s.t.}} & {BOX} \\ & h(x) = 3 \end{{aligned}}",
        rf"\[ {TO_R4} \quad \mathrm{{subject\ to}} \quad x_1 + x_2 \le 1, \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \operatorname{{subject\,to}} \quad x_1 + x_2 \le 1, \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \text{{subject~to}} \quad x_1 + x_2 \le 1, \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} {BOX}, \begin{{pmatrix}}1\\2\end{{pmatrix}}^\top x \ge 3 \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} \quad A x \preceq b, \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} \quad x_1 x_2 \leqq 3, \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} \quad x_1 x_2 ≤ 3, \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} \quad \|x\|_2 \le 1, \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} \quad x_1^2 \le 1, \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} \quad x_1 + x_2 \in [0, 1], \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} \quad |x_i| \ge 1, \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} \quad |x_1 - x_2| \le 1, \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} \quad |x_1| + |x_2| \le 1, \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} \quad \vert x_1 \vert + \vert x_2 \vert \le 1, \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} \quad 1 \le |x_i| \le 5, \quad {BOX} \]",
        rf"\[ {TO_R4} \quad \text{{s.t.}} \quad \|x\| \le 1, \quad {BOX} \]",
        r"\[ \min_x f(x) \text{ s.t. } \begin{cases} x_1 + x_2 \le 1 \\ 0 \le x \le 1 \end{cases} \]",
        r"\[ \min_{x \in [0, 1]^2, x_1 + x_2 \le 1} f(x) \]",
        r"\[ \min_{a, b} f(a, b) \text{ s.t. } a \le b, \quad 0 \le a, b \le 1 \]",
        r"\[ \min_{a, b} f(a, b) \text{ s.t. } 0 \le a b \le 1, \quad 0 \le a, b \le 1 \]",
        r"\[ \min_{a, b} f(a, b) \text{ s.t. } 0 \le a + b \le 1, \quad 0 \le a, b \le 1 \]",
    ],
)
def test_constraints_in_latex_are_seen_however_they_are_written(text: str):
    assert conditions.is_constrained(text)
    assert list(conditions.doubts(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        r"\min_{a, b} (a-1)^2 + 100 (b-a^2)^2 \quad \text{s.t.} \quad -2 \le a \le 2, \quad -1 \le b \le 3",
        r"\[ \min_{w, h} w h \quad \text{s.t.} \quad 0.1 \le w \le 2 \text{ and } 1 \le h \le 3 \]",
        r"\[ \min_{(x, y) \in \mathbb{R}^2} x y \text{ s.t. } -1 \le x, y \le 1 \]",
        r"\[ \min f(\theta) \text{ s.t. } -1 \le \theta_i \le 1 \]",
        r"\[ \min f(x) \text{ s.t. } -5 \le \bm{x} \le 5 \]",
        r"\[ \min_{\mathbf x} f(\mathbf x) \text{ s.t. } \mathbf 0 \le \mathbf x \le \mathbf 1 \]",
        r"\[ \min_{\mathbf x} f(\mathbf x) \text{ s.t. } \mathbf{l} \le \mathbf{x} \le \mathbf{u} \]",
        r"\[ \min_x f(x) \text{ s.t. } x_{\min} \le x \le x_{\text{max}} \]",
        r"\[ \min_x f(x) \text{ s.t. } x_i^{L} \le x_i \le x_i^{U} \]",
        r"\[ \min f(x) \text{ s.t. } 0 \le x_1, x_2 \le 1 \]",
        r"\[ \min f(x) \text{ s.t. } x \ge 0, \quad x \le 10 \]",
        r"\[ \min f(x) \text{ s.t. } -\frac{\pi}{2} \le x_1 \le 1, x_2 \ge 0, x_2 \le 2\pi \]",
        r"\[ \min f(x) \text{ s.t. } x_1 \in [0, 1], \ x_2 \in [0, 2] \]",
        r"\[ \min f(x) \text{ s.t. } 0 \le x_i \le 1 \text{ for } i = 1, 2, \ldots, n \]",
        r"\[ \min f(x) \] subject to \[ -5 \le x_i \le 5 \] where \[ f(x) = \sum_i x_i^2 \]",
        r"Minimize $f(x) = x^2 - a$ subject to $-1 \le x \le 1$, where $a = 3$.",
        r"\[ \min_{-5 \le x_i \le 5} f(x) \]",
        r"\[ \min_{x \in [0,1]^{10}} f(x) \]",
        r"\[ \min f(x) \text{ s.t. } |x_i| \le 5 \text{ for all } i \]",
        r"\[ \min f(x) \text{ s.t. } \left| x_i \right| < 5,\ i=1,\dots,4 \]",
        r"\[ \min f(x) \text{ s.t. } 5 \ge \lvert x_1 \rvert, |x_2| \le 3 \]",
        r"\[ \min_{\mathbf x} f(\mathbf x) \text{ s.t. } \|\mathbf{x}\|_\infty \le 2 \]",
        r"\[ \min f(x) \text{ s.t. } 2 \geq \lVert x \rVert_{\infty} \]",
        r"\[ \min_{x\in\mathbb{R}^2} f(x) \text{ s.t. } l\le x\le u, \; l=(-5,-5)^\top, \; u=(5, 5)^{\top} \]",
        r"\[ \min_x f(x) \text{ s.t. } -1\le x\le 1, \; b=[1,2]^T \]",
        r"\[ \min_x f(x) \text{ s.t. } -1\le x\le 1 \text{ where } A=\begin{pmatrix}2 & 1\\1 & 3\end{pmatrix} \]",
        r"\[ \min_x f(x) \text{ s.t. } -1\le x\le 1 \] and \[ c = \begin{bmatrix} 1 \\ 2 \end{bmatrix} \]",
        r"\[ \min_x f(x) \text{ s.t. } -1\le x\le 1 \] The minimum is $f(x^*) = 0$ at $x^* = 0$.",
    ],
)
def test_box_in_latex_is_no_constraint(text: str):
    assert not conditions.is_constrained(text)
    assert list(conditions.doubts(text)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (rf"\[ {TO_R4}, \quad {BOX}, \quad x_1 + x_2 \le 3 \]", "relations that were not read as constraints"),
        (rf"\[ {TO_R4} \text{{ s.t. }} {BOX} \] Besides, $x_1 x_2 \le 3$.", "relations that were not read"),
        (rf"\[ {TO_R4} \text{{ s.t. }} {BOX} \] The variables must satisfy \[ x_1 + x_2 = 1 \]", "relations that were"),
        (rf"\[ {TO_R4} \text{{ s.t. }} g(x) \le 0 \]", "no bounds were found"),
        (rf"\[ {TO_R4} \]", "no bounds were found"),
    ],
)
def test_conditions_in_latex_that_may_be_overlooked_are_told(text: str, said: str):
    (warning,) = stated(f"% max_evaluations = 200\n{text}", "-").warnings
    assert said in warning


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        (r"x_i, \quad i=0,\ldots,9", 10),
        (r"x_0, \dots, x_9", 10),
        (r"i = 1, 2, \dots, 12", 12),
        (r"A \in \mathbb{R}^{2\times 3}", None),
        (r"\min_{X \in \mathbb{R}^{2\times 3}} f(X)", 6),
        (r"A \in \mathbb{R}^{3\times 5}, x \in \mathbb{R}^5", 5),
        (r"x \in \mathbb{R}^{0}", None),
        (r"x \in \left[-5,5\right]^{10}", 10),
        (r"[x_1, x_2]^{10}", 2),
        (r"x \in \mathbf{R}^4", 4),
        (r"\mathbf{R}^2 \mathbf{x}", None),
        (r"\mathbb {R} ^ {7}", 7),
        (r"\operatorname*{arg\,min}_{x \in \mathbb{R}^{6}} f(x)", 6),
        (r"\min f(x) \text{ s.t. } g_j(x) \le 0, j=1,\dots,2, \; 0 \le x_i \le 1, i=1,\dots,7", 7),
        (r"\min f(x) \text{ s.t. } g_i(x) \le 0,\ i=1,\dots,12, \quad 0\le x_i\le 1,\quad i=1,\dots,7", 7),
        (r"\min f(x) \text{ s.t. } a_j^\top x\le 1, j=1,\dots,3, -5\le x_i\le 5, i=1,\dots,10", 10),
        (r"\min f(x) \text{ s.t. } -5\le x_i\le 5, i=1,\dots,10, \; x_i x_{i+1} \le 1, i = 1, \dots, 9", 10),
        (r"Let $A\in\mathbb{R}^{3\times4}$, $b\in\mathbb{R}^3$. \[ \min_x f(x) \] with $x\in\mathbb{R}^4$", 4),
        (r"\min_{a,b,c} \sum_i (a t_i^2 + b t_i + c - y_i)^2, \quad i=1,\dots,20", 3),
        (r"\min_{a,b} f(a, b), \text{ with data } x_1, x_2, x_3", 2),
        (r"\min_{u,v} f(u, v), \quad 0 \le u_i, v_i \le 1, \quad i = 1, \dots, 5", 10),
        (r"\min_{u,v} f(u, v), \quad u \in \mathbb{R}^3, v \in \mathbb{R}^2", 5),
        (r"\min_{x,y} f(x, y), \quad x, y \in [0, 1]^3", 6),
        (r"\min_{(x, y) \in \mathbb{R}^2} x y", 2),
        (r"\min_{a,b,c} \|a t + b - c y\|, \quad y \in \mathbb{R}^{20}", 3),
        (r"\min f(z), \quad z \in \mathbb{R}^{5}", 5),
        (r"\min_{x,y} f(x, y), \quad x \in \mathbb{R}^3, \quad y \in \mathcal{Y}", None),
        (r"\min_x f(x), \quad x\in[0,1]^2\times[-1,1]^4", 6),
        (r"\min_x f(x), \quad x\in[0,1]^2\times\mathcal{B}", None),
        (r"\min_{\theta} f(\theta), \quad A \in \mathbb{R}^{3}, \quad \boldsymbol{\theta} \in \mathbb{R}^{8}", 8),
        (r"\min_x f(x), \quad f: \mathbb{R}^{9} \to \mathbb{R}", 9),
    ],
)
def test_number_of_variables_in_latex_is_read_as_it_is_written(text: str, dimension: int | None):
    assert latex.dimension(text) == dimension


@pytest.mark.parametrize(
    "minimum", [r"\operatorname*{arg\,min}_x", r"\argmin_x", r"\arg\min_x", r"\mathop{\mathrm{arg~min}}_x"]
)
def test_argmin_is_a_minimization_in_latex(minimum: str):
    problem = stated(f"% max_evaluations = 20\n\\[ {minimum} f(x) \\]\n", "-")
    assert (problem.form, problem.max_evaluations) == ("latex", 20)


def test_two_budgets_in_sentences_are_refused_unless_a_comment_names_one():
    text = "\\[ \\min f \\] The 3 evaluations that I made gave nothing. Use at most 2000 evaluations."
    with pytest.raises(TuningError, match=r"^-: the budget is named as 3 and as 2,000; write [^\n]* once, [^\n]*$"):
        stated(text, "-")
    assert stated(f"% max_evaluations = 500\n{text}", "-").max_evaluations == 500


@pytest.mark.parametrize(
    "text",
    [
        r"\[ \max_{x} \min(x_1, x_2) \]",
        r"\[ \max_{\mathbf{x} \in \mathbb{R}^2} f(\mathbf{x}) \]",
        "Maximize the profit $x_1 x_2$; note that we minimize nothing.",
    ],
)
def test_maximization_in_latex_is_refused_in_one_line(text: str):
    with pytest.raises(TuningError, match=r"^-: states no minimization|^- states no minimization[^\n]*$"):
        stated(f"% max_evaluations = 20\n{text}\n", "-", "latex")


def test_maximum_of_what_is_minimized_is_no_maximization():
    text = r"Let $p(x) = \max(0, x_1)$ and $q(x) = \max_i |x_i|$. \[ \min_x \max_{y \in Y} f(x, y) + p(x) + q(x) \]"
    assert stated(f"% max_evaluations = 20\n{text}\n", "-").form == "latex"


def test_two_budgets_in_latex_are_refused_in_one_line():
    text = "% max_evaluations = 2000\n\\min f\n% max_evaluations = {}\n"
    assert stated(text.format("2e3"), "-").max_evaluations == 2_000
    with pytest.raises(TuningError, match=r"^-: the budget is named as 300 and as 2,000; write [^\n]* once, [^\n]*$"):
        stated(text.format("300"), "-")


@pytest.mark.parametrize(
    "mark",
    [
        "{",
        "\\mathbb",
        "s.t.",
        "$",
        "\\[",
        "\\min_",
        "(",
        "x_{",
        "i = ",
        ",",
        "x ",
        "\\begin{a}",
        "$s.t.$ ",
        "\\[ 1 < x \\] and ",
        "|",
        "\\vert ",
        "1 \\ge |",
    ],
)
def test_no_latex_keeps_the_reader_busy(mark: str):
    began = time.process_time()
    for text in (mark + " " * 20_000, mark * (20_000 // len(mark))):
        stated(f"% max_evaluations = 20\n\\min f {text} 1 \\le 2", "-")
    assert time.process_time() - began < 2


REFUSED = {
    "[0.01] * 3": "lower is a list, not an array",
    "(0.0, 0.0, 0.0)": "lower is a tuple, not an array",
    "-5.0": "lower is a number, not an array",
    "np.full(3, -np.inf)": "lower has a number that is not finite",
    "np.array([0.0, 0.0, float('-inf')])": "lower has a number that is not finite",
    "np.full(3, -5)": "lower is an array of whole numbers, not of floats",
    "np.zeros(1)": "lower has 1 number, and a problem has two variables or more",
    "np.zeros(4)": "lower has 4 numbers, and upper 3",
}


@pytest.mark.parametrize("lower", REFUSED)
def test_bounds_that_a_trial_refuses_are_told(lower: str):
    check_told(PYTHON.replace("np.zeros(3)", lower), REFUSED[lower])


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("max_evaluations = 1e3", "max_evaluations is no whole number"),
        ("max_evaluations = True", "max_evaluations is no whole number"),
        ("max_evaluations = 10**10", "max_evaluations is above 1,000,000,000"),
        ("max_evaluations, n = 400, 3", "max_evaluations needs one line of its own, and no other use"),
        ("max_evaluations = 400\nn = max_evaluations", "max_evaluations needs one line of its own, and no other use"),
        ("import pandas\nmax_evaluations = 400", "it imports pandas"),
    ],
)
def test_budget_and_imports_that_a_trial_refuses_are_told(written: str, said: str):
    check_told(PYTHON.replace("max_evaluations = 400", written), said)


def check_told(text: str, said: str) -> None:
    """Checks that a problem is read, with a warning that `try` will refuse it."""
    (warning,) = stated(text, "-").warnings
    assert "try` will refuse this problem: " in warning
    assert said in warning


@pytest.mark.parametrize(
    "lower",
    [
        "-5 * np.ones(3)",
        "np.array([0, 0.5, 0])",
        "np.array([0] * 3, float)",
        "np.array([[0.0, 0.0, 0.0]])[0]",
        "np.array([(0.0, 1.0)] * 3)[:, 0]",
        "[0.0] * 3\nlower = np.array(lower)",
        "np.full(3, -np.inf)\nlower[:] = 0",
        "read()",
    ],
)
def test_bounds_that_a_trial_may_take_are_passed_in_silence(lower: str):
    text = PYTHON.replace("lower, upper = np.zeros(3), np.ones(3)", f"upper = np.ones(3)\nlower = {lower}")
    assert stated(text, "-").warnings == ()


def test_ending_of_a_problem_is_compared_without_regard_to_case():
    assert trying(stated(PYTHON, "BOWL.PY", "python"), "p.py").endswith("try BOWL.PY p.py")


def test_problem_is_read_as_its_prompt_holds_it(tmp_path: Path):
    file = tmp_path / "bowl.py"
    file.write_bytes(b"\xef\xbb\xbf" + PYTHON.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    found = read_problem(file)
    assert found == Stated(str(file), "python", PYTHON, 3, 400, is_constrained=False)
    assert found.block == f"```python\n{PYTHON}```\n"
    assert "%" not in stated(LATEX, "-").block
    assert "documentclass" not in stated(LATEX, "-").block


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.py", b"", "is empty"),
        ("a.py", b" \n\n", "is empty"),
        ("a.py", b"\x80\x81\x00", "is not text in UTF-8"),
        ("a.py", b"x = 1\0", "is not text in UTF-8"),
        ("a.py", b"x = (1,\n", "is not Python: '(' was never closed at line 1"),
        ("a.py", b"lower = [1, 2]\n", "defines no objective(x)"),
        ("a.py", PYTHON.replace("max_evaluations = 400", "").encode(), "defines no max_evaluations"),
        ("a.py", PYTHON.replace("400", "read()").encode(), "max_evaluations cannot be read"),
        ("a.py", PYTHON.replace("400", "0.5").encode(), "max_evaluations cannot be read"),
        ("a.py", PYTHON.replace("400", "1e400").encode(), "max_evaluations cannot be read"),
        ("a.py", b"x" * 200_000, "has 200,000 bytes"),
        ("a.txt", PYTHON.encode(), "is neither .py nor .tex"),
        ("a.tex", rb"\[ \min_{x \in \mathbb{R}^2} x_1 \]", "names no budget"),
        ("a.tex", rb"\[ \max x \]", "states no minimization"),
    ],
)
def test_what_is_no_problem_is_refused_in_one_line(tmp_path: Path, name, content, said):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(TuningError, match=rf"^{file}") as refused:
        read_problem(file)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "is_constrained"),
    [
        ("def helper(x):\n    constraints = [x]\n    return constraints\n", False),
        ("class Beam:\n    def constraints(self, x): return x\n", False),
        ("sums = [constraints for constraints in range(3)]\nhelper = lambda x: (constraints := x)\n", False),
        ("constraints = None\n", False),
        ("if True:\n    def constraints(x): return x, x\n", True),
        ("try:\n    from elsewhere import constraints\nexcept ImportError:\n    pass\n", True),
        ("with open('x') as file:\n    for constraints in file: pass\n", True),
    ],
)
def test_names_of_the_top_level_alone_state_the_problem(text: str, is_constrained: bool):
    assert stated(PYTHON + text, "-").is_constrained == is_constrained


def test_bound_that_only_a_function_has_is_missing():
    text = PYTHON.replace("lower, upper = np.zeros(3), np.ones(3)", "lower = np.zeros(3)")
    with pytest.raises(TuningError, match="defines no upper"):
        stated(f"{text}def box():\n    upper = np.ones(3)\n    return upper\n", "-")


def test_missing_file_and_folder_are_refused(tmp_path: Path):
    (tmp_path / "folder.py").mkdir()
    for name in ("absent.py", "folder.py"):
        with pytest.raises(TuningError, match="cannot be read"):
            read_problem(tmp_path / name)


def row(text: str, *, wording: int = 0, dimension: int = 4, budget: int = 1_500, constrained: bool = False) -> Prompted:
    return Prompted(f"{text}\n\n```python\nx = {dimension}\n```\n", wording, dimension, budget, constrained)


def test_requests_are_found_in_the_training_rows():
    rows = [
        row("Hi,\n\n4 variables, 1,500 evaluations, |h| <= 1e-4."),
        row("Hi,\n\n5 variables, 2,500 evaluations, |h| <= 1e-4.", dimension=5, budget=2_500),
        row("Hello,\n\n5 variables, 900 evaluations, |h| <= 1e-4.", dimension=5, budget=900),
        row("{x}: 7 evaluations", wording=1, budget=7, constrained=True),
    ]
    assert requests_of(rows) == (
        Request(text="Hi,\n\n{dimension} variables, {budget:,} evaluations, |h| <= 1e-4.", is_constrained=False),
        Request(text="{{x}}: {budget} evaluations", is_constrained=True),
    )


GUIDE = Guide(
    model="m",
    requests=tuple(
        Request(text=text, is_constrained=constrained)
        for text, constrained in [("{dimension} of {budget}", False), ("{budget:,}", False), ("c {budget}", True)]
    ),
    seen={"python": Seen(tokens_per_character=0.3, most_tokens=400)},
    dimensions=(2, 30),
    budgets=(100, 10_000),
    wordings=4,
    worth=(
        Worth(least_probability=0.2, share=0.4, num_choices=50),
        Worth(least_probability=0.6, share=0.9, num_choices=10),
    ),
)


def test_prompts_have_the_requests_that_fit():
    problem = Stated("-", "python", "pass\n", 3, 2_000, is_constrained=False)
    block = "\n\n```python\npass\n```\n"
    assert prompts_of(problem, GUIDE, 9) == [f"3 of 2000{block}", f"2,000{block}"]
    assert prompts_of(problem, GUIDE, 1) == [f"3 of 2000{block}"]
    unknown = Stated("-", "python", "pass\n", None, 2_000, is_constrained=False)
    assert prompts_of(unknown, GUIDE, 9) == [f"2,000{block}"]
    assert prompts_of(Stated("-", "python", "pass\n", 3, 2_000, True), GUIDE, 9) == [f"c 2000{block}"]


@pytest.mark.parametrize("is_constrained", [True, False])
@pytest.mark.parametrize("dimension", [3, None])
def test_prompts_have_the_requests_of_the_package_where_none_of_the_model_fit(
    dimension: int | None, is_constrained: bool
):
    of_other_kind = (Request(text="{dimension} of {budget}", is_constrained=not is_constrained),)
    problem = Stated("-", "python", "pass\n", dimension, 2_000, is_constrained=is_constrained)
    prompts = prompts_of(problem, GUIDE.model_copy(update={"requests": of_other_kind}), 2)
    assert prompts == prompts_of(problem, guide_of_package(), 2)
    assert len(prompts) == 2


@pytest.mark.parametrize(("probability", "share"), [(0.1, 0.4), (0.2, 0.4), (0.59, 0.4), (0.6, 0.9), (1.0, 0.9)])
def test_worth_is_that_of_choices_as_likely(probability, share):
    worth = GUIDE.worth_of(probability)
    assert worth is not None
    assert worth.share == share


def test_guide_of_other_weights_tells_nothing_of_the_choice_and_a_line_says_so(tmp_path, monkeypatch):
    reading = Reading(("slsqp",), np.log([1.0]), iter([("slsqp", SOUND)]), 10)
    monkeypatch.setattr(answering, "_reading", lambda *_, **__: reading)
    monkeypatch.setattr(answering, "read_guide", lambda _: GUIDE)
    answer = answering.asked(stated(PYTHON, "the text"), model=str(tmp_path), endpoint=None, top=1, wordings=4)
    assert answer.worth is None
    (warning,) = answer.warnings
    assert warning.startswith("its guide.json was made for other weights; make it again: ")


def test_programs_that_are_fewer_than_asked_for_are_told(monkeypatch):
    twice_and_another = iter([("", SOUND), ("", SOUND), ("", f"{SOUND}# another\n")])
    monkeypatch.setattr(answering, "_reading", lambda *_, **__: Reading((), np.zeros(0), twice_and_another, None))
    answer = answering.asked(stated(PYTHON, "the text"), model="m", endpoint="http://s", top=3, wordings=4)
    assert answer.programs == (SOUND, f"{SOUND}# another\n")
    assert answer.warnings == ("it wrote 2 of the 3 programs that were asked for: no other ones",)


@pytest.mark.parametrize(
    ("first", "wordings", "share", "optimizer"),
    [(SOUND, 4, 0.9, "direct"), (SOUND, 1, None, "direct"), ("def minimize(:\n", 4, None, "slsqp")],
)
def test_worth_is_said_of_first_choices_alone(first, wordings, share, optimizer, monkeypatch):
    written = [("direct", first), ("slsqp", SOUND)]
    reading = Reading(("slsqp", "direct"), np.log([0.3, 0.7]), iter(written), 10)
    monkeypatch.setattr(answering, "_reading", lambda *_, **__: reading)
    monkeypatch.setattr(answering, "read_guide", lambda _: GUIDE)
    monkeypatch.setattr(answering, "_is_of", lambda *_: True)
    answer = answering.asked(stated(PYTHON, "the text"), model="m", endpoint=None, top=1, wordings=wordings)
    assert answer.optimizer == optimizer
    assert (answer.worth.share if answer.worth else None) == share


@pytest.mark.parametrize(("num_tokens", "is_told"), [(3_014, False), (3_016, True)])
def test_novelty_is_told_where_its_digits_say_so(num_tokens: int, is_told: bool, monkeypatch: pytest.MonkeyPatch):
    text = f"{PYTHON}#{'-' * 10_000}"[:9_999] + "\n"
    reading = Reading(("slsqp",), np.log([1.0]), iter([("slsqp", SOUND)]), num_tokens)
    monkeypatch.setattr(answering, "_reading", lambda *_, **__: reading)
    monkeypatch.setattr(answering, "read_guide", lambda _: GUIDE)
    monkeypatch.setattr(answering, "_is_of", lambda *_: True)
    answer = answering.asked(stated(text, "the text"), model="m", endpoint=None, top=1, wordings=4)
    assert [each for each in answer.warnings if "novelty 1.00" in each] == []
    assert any("novelty 1.01" in each for each in answer.warnings) == is_told


def test_worth_never_falls_with_the_probability_and_counts_every_choice():
    rng = np.random.default_rng(0)
    problem = Stated("-", "python", "", 2, 100, is_constrained=False)
    # An optimizer that the race left out counts as the mean, 0.5, which is not close to the best.
    cases = [Case(problem, {"a": 1.0, "b": 0.0}) for _ in range(400)]
    chosen = rng.choice(3, 400, p=[0.6, 0.2, 0.2])
    log_NK = np.log(np.full((400, 3), 0.05))
    log_NK[np.arange(400), chosen] = np.log(rng.uniform(0.2, 0.9, 400))
    worth = worth_of_choices(cases, ("a", "b", "c"), log_NK)
    shares = [each.share for each in worth]
    assert shares == sorted(shares)
    assert sum(each.num_choices for each in worth) == 400
    counted = sum(each.share * each.num_choices for each in worth)
    assert counted == pytest.approx((chosen == 0).sum(), abs=0.1)


def test_worth_names_the_smallest_probability_of_the_choices_that_it_counts():
    problem = Stated("-", "python", "", 2, 100, is_constrained=False)
    chances = np.array([0.9, 0.52, 0.8, 0.56, 0.85, 0.5, 0.7, 0.58, 0.95, 0.54, 0.75, 0.6])
    # The first choice is always a, which is best where it is likelier than 0.65.
    cases = [Case(problem, {"a": float(chance > 0.65), "b": 0.5}) for chance in chances]
    assert worth_of_choices(cases, ("a", "b"), np.log(np.stack([chances, 1 - chances], axis=1))) == (
        Worth(least_probability=0.5, share=0.0, num_choices=6),
        Worth(least_probability=0.7, share=1.0, num_choices=6),
    )


@pytest.mark.parametrize(
    ("program", "slip"),
    [
        ("def minimize(f): return [x for x in f]\n", ""),
        ("import math\ndef minimize(f, *a):\n    try: return math.e\n    except ValueError as e: raise e\n", ""),
        ("def minimize(f):\n    return SHARE * f\n", "it uses SHARE, which it does not define"),
        ("def minimize(f:\n", "it is not Python"),
        ("def maximize(f): return f\n", "it does not define minimize"),
        ("", "it is not Python"),
        (
            "def minimize(f):\n    def g():\n        nonlocal best\n        best = f\n    return g()\n",
            "it does not compile: no binding for nonlocal 'best' found",
        ),
        ("def minimize(f): return f\nreturn 1\n", "it does not compile: 'return' outside function"),
        ("def minimize(f):\n    def g():\n        return f\n    g()\n", "its minimize returns nothing"),
        ("def minimize(f):\n    return\n", "its minimize returns nothing"),
        ("def minimize(f):\n    class A:\n        def g(self): return 1\n", "its minimize returns nothing"),
        ("def minimize(f):\n    while True:\n        try: f()\n        finally: return f\n", ""),
        ("def kept(f): return lambda *a: f.best\n@kept\ndef minimize(f): f.best = 1\n", ""),
        ("minimize = lambda f: f\n", ""),
        ("def minimize(f): return f is 1\n", ""),
    ],
)  # fmt: skip
def test_slips_are_found_without_running(program, slip):
    assert slip_in(program) == slip


def test_damaged_guide_is_refused(tmp_path: Path):
    assert read_guide(str(tmp_path)) is None
    (tmp_path / "guide.json").write_text("{}")
    with pytest.raises(TuningError, match="damaged"):
        read_guide(str(tmp_path))
