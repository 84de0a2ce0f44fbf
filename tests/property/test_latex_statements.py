"""What LaTeX asks is what is measured: statements, read back by an independent reader, agree with the evaluator."""

import re
from collections.abc import Iterator

import numpy as np
import pytest

from llamoco_data.latex_reader import LatexError, Statement, read_statement
from llamoco_data.problems.evaluation import Problem, Vector, build
from llamoco_data.problems.spec import Component, Constraint, ProblemSpec
from llamoco_data.statements import statement
from tests.odd_problems import odd_problem
from tests.problem_mixtures import sampled

pytestmark = pytest.mark.property

NUM_SAMPLED = 240
NUM_ODD = 80

HAND_WRITTEN = r"""
Please minimize this within 1,250 function evaluations. A point is feasible where g <= 0 and |h| <= 1e-4.

\begin{align*}
\min_{\mathbf{x} \in \mathbb{R}^{3}} \quad & f(\mathbf{x}) \\
\text{s.t.} \quad & 2 x_1 - x_3 \ge -4 \\
& \sum_{i=1}^{2} a_i y_i^2 = 40 \\
& -10 s_i \le x_i \le 20 s_i, \quad i = 1, \dots, 3
\end{align*}
For an argument of $n$ entries,
\[
f(\mathbf{x}) = 0.5 f_1(\mathbf{z}) + 2 f_2(3 \mathbf{u}^{(1)}) - 1.5
\]
\[
f_1(\mathbf{z}) = \sum_{i=1}^{n} i z_i^2 + t, \quad t = n z_1
\]
\[
f_2(\mathbf{z}) = \max_{i=1}^{n} \left| z_i \right| + t_2, \quad
t_i = \begin{cases} 100 & z_i > 0 \\ z_i & \text{otherwise} \end{cases}
\]
where
\[
\mathbf{z} = 2 \mathbf{H}_1 ((\mathbf{x} - \mathbf{o}) \oslash \mathbf{s}), \quad \mathbf{u}^{(1)} = (z_3, z_1)^\top
\]
\[
\mathbf{H}_k = \mathbf{I} - 2 \frac{\mathbf{v}_k \mathbf{v}_k^\top}{\mathbf{v}_k^\top \mathbf{v}_k}
\]
\[
\mathbf{y} = (x_3, x_1)^\top
\]
with $\mathbf{o} = (1, -2, 3)^\top$, $\mathbf{s} = (1, 10, 0.1)^\top$, $\mathbf{v}_1 = (1, 0, -1)^\top$ and
$\mathbf{a} = [0.5, -7]^\top$.
"""
EDITS = {
    "unknown macro": (r"\oslash", r"\odot"),
    "unknown environment": (r"{cases}", r"{array}"),
    "unknown words": (r"\text{s.t.}", r"\text{or}"),
    "unknown function": ("0.5 f_1", "0.5 f_3"),
    "unknown vector": (r"\mathbf{x} - \mathbf{o}", r"\mathbf{x} - \mathbf{c}"),
    "vector too long": (r"(1, -2, 3)^\top", r"(1, -2, 3, 4)^\top"),
    "row for a column": (r"(1, -2, 3)^\top", "(1, -2, 3)"),
    "entry out of range": ("(z_3, z_1)", "(z_4, z_1)"),
    "unused vector": ("a_i y_i^2", "y_i^2"),
    "unused function": (r" + 2 f_2(3 \mathbf{u}^{(1)})", ""),
    "unused auxiliary": ("z_i^2 + t", "z_i^2"),
    "vector defined twice": (r"$\mathbf{s} = (1, 10, 0.1)^\top$", r"$\mathbf{o} = (1, 10, 0.1)^\top$"),
    "definition by itself": (r"\mathbf{y} = (x_3, x_1)", r"\mathbf{y} = (x_3, y_1)"),
    "auxiliary of no function": (r"(z_3, z_1)^\top", r"(z_3, z_1)^\top, \quad p = z_1"),
    "missing bracket": (r"(z_3, z_1)^\top", r"(z_3, z_1^\top"),
    "missing brace": (r"\frac{\mathbf{v}_k \mathbf{v}_k^\top}", r"\frac{\mathbf{v}_k \mathbf{v}_k^\top"),
    "missing dollar": (r"3)^\top$", r"3)^\top"),
    "missing dimension": (r"\min_{\mathbf{x} \in \mathbb{R}^{3}}", r"\min_{\mathbf{x}}"),
    "missing objective": (r"\quad & f(\mathbf{x}) \\", r"\\"),
    "missing box": (r"& -10 s_i \le x_i \le 20 s_i, \quad i = 1, \dots, 3", ""),
    "box of another length": (r"i = 1, \dots, 3", r"i = 1, \dots, 4"),
    "chain that is no box": (r"2 x_1 - x_3 \ge -4", r"1 \le 2 x_1 - x_3 \le 4"),
    "term without factor": ("- 1.5", "- "),
    "two numbers side by side": ("- 1.5", "- 1.5 2"),
    "sum without limits": (r"\sum_{i=1}^{2}", r"\sum"),
    "words in a formula": ("2 x_1", "twice x_1"),
    "formula in words": ("Please minimize", r"Please \min"),
    "no budget": ("1,250 function evaluations", "a while"),
    "two budgets": ("Please minimize this", "In 1,251 evaluations, minimize this"),
}


def close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def points(problem: Problem, seed: int) -> list[Vector]:
    """Random points in the box, the components' minima, and the feasible point."""
    spec = problem.spec
    assert isinstance(spec, ProblemSpec)
    inside = np.random.default_rng(seed).uniform(problem.lower, problem.upper, (3, spec.dimension))
    known = (*spec.shifts, *((spec.feasible_point,) if spec.constraints else ()))
    return [*inside, *(np.asarray(point) for point in known)]


def differences(read: Statement, problem: Problem, seed: int) -> Iterator[str]:
    """Where a statement differs from the problem, one line for each aspect and point."""
    for name, mine, theirs in (
        ("lower", read.lower, problem.lower),
        ("upper", read.upper, problem.upper),
        ("budget", read.max_evaluations, problem.max_evaluations),
    ):
        if not np.array_equal(mine, theirs):
            yield f"{name}: {mine}, not {theirs}"
    for x in points(problem, seed) if len(read.lower) == problem.spec.dimension else ():
        mine, theirs = read.objective(x), problem.objective(x)
        if not close(mine, theirs):
            yield f"objective at {x}: {mine}, not {theirs}"
        for name, values, expected in zip("gh", read.constraints(x), problem.constraints(x), strict=True):
            if len(values) != len(expected) or not all(map(close, values, expected)):
                yield f"{name} at {x}: {values}, not {expected}"


@pytest.mark.parametrize("index", range(NUM_SAMPLED))
def test_latex_statement_of_sampled_problem_agrees_with_evaluator(index: int) -> None:
    problem = build(sampled(index))
    for wording in (index, index + 16):
        text = statement(problem.spec, form="latex", wording=wording)
        assert list(differences(read_statement(text), problem, index)) == [], text


@pytest.mark.parametrize("seed", range(NUM_ODD))
def test_latex_statement_of_odd_problem_agrees_with_evaluator(seed: int) -> None:
    problem = build(odd_problem(seed))
    text = statement(problem.spec, form="latex", wording=seed)
    assert list(differences(read_statement(text), problem, seed)) == [], text


def test_hand_written_statement_is_read_as_meant() -> None:
    read = read_statement(HAND_WRITTEN)
    assert read.max_evaluations == 1250
    assert read.lower.tolist() == [-10, -100, -1]
    assert read.upper.tolist() == [20, 200, 2]
    # (x - o) / s = (2, 1, -10); the reflection at (1, 0, -1) swaps the first and last entry; z = (-20, 2, 4).
    x = np.array([3.0, 8.0, 2.0])
    f_1 = 1 * 400 + 2 * 4 + 3 * 16 + 3 * -20
    f_2 = 60 + -60  # of 3 (z_3, z_1) = (12, -60)
    assert read.objective(x) == pytest.approx(0.5 * f_1 + 2 * f_2 - 1.5, rel=1e-14)
    g, h = read.constraints(x)
    assert g.tolist() == [-4 - (2 * 3 - 2)]
    assert h.tolist() == [0.5 * 4 - 7 * 9 - 40]


@pytest.mark.parametrize("edit", EDITS)
def test_malformed_statement_is_refused(edit: str) -> None:
    old, new = EDITS[edit]
    assert old in HAND_WRITTEN
    with pytest.raises(LatexError):
        read_statement(HAND_WRITTEN.replace(old, new))


SMOOTH = ProblemSpec(
    kind="composition",
    dimension=3,
    box=(-5.0, 5.5),
    units=(1.0, 10.0, 0.1),
    shifts=((1.5, -12.0, 0.3), (-1.2, 8.0, 0.1)),
    reflections=((1, -2, 3), (2, 1, -1)),
    components=(
        Component(function="zakharov", weight=0.7, scale=1.4, shift=0, reflections=(1, 0)),
        Component(function="rastrigin", weight=1.3, scale=0.9, shift=1, reflections=(0,), variables=(2, 0)),
    ),
    offset=-31.5,
    constraints=(
        Constraint(form="weighted_squares", sense="<=", bound=27.5, variables=(2, 1), coefficients=(2.0, 3.5)),
        Constraint(form="log_sum_exp", sense="<=", bound=7.3, width=0.8),
        Constraint(form="ball", sense="=", bound=4.4, center=0.6, variables=(0, 2)),
    ),
    max_evaluations=1200,
    feasible_point=(1.0, 1.0, 1.0),
)


def with_one_digit_changed(prompt: str) -> Iterator[tuple[str, str]]:
    """Prompts in which one digit of the mathematics is another, and the place."""
    for match in re.finditer(r"\d", prompt):
        at = match.start()
        if at > prompt.index(r"\min"):
            yield prompt[:at] + str((int(prompt[at]) + 1) % 10) + prompt[at + 1 :], prompt[max(0, at - 20) : at + 10]


@pytest.mark.parametrize("wording", range(2))
def test_one_digit_changed_is_noticed(wording: int) -> None:
    problem = build(SMOOTH)
    unnoticed: list[str] = []
    for prompt, place in with_one_digit_changed(statement(SMOOTH, form="latex", wording=wording)):
        try:
            noticed = any(differences(read_statement(prompt), problem, 0))
        except LatexError:
            noticed = True
        if not noticed:
            unnoticed.append(place)
    assert unnoticed == []
