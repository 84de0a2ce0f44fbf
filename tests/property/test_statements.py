"""A statement says what is measured: its Python, executed, is the evaluator's problem, and its numbers are exact."""

import ast
import contextlib
import io
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llamoco_data.identity import LlamocoError
from llamoco_data.problems.evaluation import Problem, build
from llamoco_data.problems.functions import FUNCTIONS
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements import FORMS, NUM_WORDINGS, python_source, statement
from llamoco_data.statements.wording import WORDINGS
from tests.odd_problems import odd_problem
from tests.problem_mixtures import sampled

pytestmark = pytest.mark.property

NUM_SAMPLED = 300
NUM_ODD = 300
PUBLIC = {"objective", "lower", "upper", "max_evaluations", "constraints"}
INTERFACE = "minimize(objective, lower, upper, max_evaluations, seed, constraints=None)"
BUDGET = re.compile(r"(\d[\d,]*) (?:function |objective )?evaluations")
MACRO = re.compile(r"\\(?:[A-Za-z]+|[^A-Za-z\s])")


def block_of(prompt: str) -> str:
    blocks = re.findall(r"```python\n(.*?)```", prompt, re.DOTALL)
    assert len(blocks) == 1
    return blocks[0]


def execute(source: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(compile(source, "problem.py", "exec"), namespace)
    return namespace


def close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def points_of(problem: Problem, seed: int) -> list[np.ndarray]:
    """Random points of the box, the minima of the components, and the feasible point."""
    random, spec = np.random.default_rng(seed), problem.spec
    assert isinstance(spec, ProblemSpec)
    points = [*random.uniform(problem.lower, problem.upper, (3, spec.dimension))]
    points += [np.array(shift) for shift in spec.shifts]
    return [*points, np.array(spec.feasible_point)] if spec.constraints else points


def disagreement(source: str, spec: ProblemSpec, seed: int = 0) -> str:
    """Where the program and the evaluator differ; empty where they agree."""
    stated, problem = execute(source), build(spec)
    for name in ("lower", "upper"):
        bound = stated[name]
        if bound.dtype != np.float64 or not np.array_equal(bound, getattr(problem, name)):
            return f"{name}: {bound} is not {getattr(problem, name)}"
    if not isinstance(stated["max_evaluations"], int) or stated["max_evaluations"] != spec.max_evaluations:
        return f"max_evaluations: {stated['max_evaluations']} is not {spec.max_evaluations}"
    if ("constraints" in stated) != bool(spec.constraints):
        return "constraints: defined without need, or missing"
    for x in points_of(problem, seed):
        value, expected = stated["objective"](x), problem.objective(x)
        if not close(value, expected):
            return f"objective({x}): {value} is not {expected}"
        if spec.constraints:
            both = zip(stated["constraints"](x), problem.constraints(x), strict=True)
            for values, expected_values in both:
                if np.shape(values) != expected_values.shape or not all(map(close, values, expected_values)):
                    return f"constraints({x}): {values} are not {expected_values}"
    return ""


@pytest.mark.parametrize(
    ("problem_of", "count"), [(sampled, NUM_SAMPLED), (odd_problem, NUM_ODD)], ids=["sampled", "odd"]
)
def test_python_statement_executed_agrees_with_evaluator(problem_of: Callable[[int], ProblemSpec], count: int) -> None:
    for index in range(count):
        spec = problem_of(index)
        for wording in (index, 1000 + 7 * index):
            source = block_of(statement(spec, "python", wording))
            assert not disagreement(source, spec, index), (index, wording, source)


def test_python_source_executed_agrees_with_evaluator() -> None:
    for spec in chain(map(sampled, range(150)), map(odd_problem, range(150))):
        assert not disagreement(python_source(spec), spec), python_source(spec)


def test_python_statements_of_every_function_agree_with_evaluator() -> None:
    base = sampled(0)
    for function in FUNCTIONS:
        component = base.components[0].model_copy(update={"function": function.name, "variables": ()})
        fields = {"dimension": 3, "units": (), "shifts": ((0.5, -0.25, 0.1),), "reflections": ((1, 2, 0),)}
        alone = {"kind": "single", "constraints": (), "feasible_point": (), "feasible_share": 1.0}
        component = component.model_copy(update={"reflections": (0,), "shift": 0})
        spec = ProblemSpec.model_validate(
            base.model_dump() | fields | alone | {"components": (component.model_dump(),)}
        )
        for wording in range(12):
            source = block_of(statement(spec, "python", wording))
            assert not disagreement(source, spec), source


def with_component(spec: ProblemSpec, **changes: Any) -> ProblemSpec:
    first, *others = spec.components
    return spec.model_copy(update={"components": (first.model_copy(update=changes), *others)})


def heavier(spec: ProblemSpec) -> ProblemSpec:
    return with_component(spec, weight=spec.components[0].weight * 1.001)


def stretched(spec: ProblemSpec) -> ProblemSpec:
    return with_component(spec, scale=spec.components[0].scale * 1.001)


def reordered(spec: ProblemSpec) -> ProblemSpec:
    variables = spec.components[0].variables or tuple(range(spec.dimension))
    return with_component(spec, variables=variables[::-1])


def moved(spec: ProblemSpec) -> ProblemSpec:
    (x, *rest), *shifts = spec.shifts
    return spec.model_copy(update={"shifts": ((x + 0.01 * (spec.box[1] - spec.box[0]), *rest), *shifts)})


def tightened(spec: ProblemSpec) -> ProblemSpec:
    constraints = [c.model_copy(update={"bound": c.bound + 1e-6 * max(1, abs(c.bound))}) for c in spec.constraints]
    return spec.model_copy(update={"constraints": tuple(constraints)})


@pytest.mark.parametrize("change", [heavier, stretched, reordered, moved, tightened])
def test_statement_of_another_problem_disagrees(change: Callable[[ProblemSpec], ProblemSpec]) -> None:
    # Where the first function is smooth and treats its variables differently, every change is one of values.
    uneven = {"levy", "rosenbrock", "griewank", "different_powers", "ellipsoid", "zakharov", "discus", "bent_cigar"}
    specs = [spec for spec in map(sampled, range(NUM_SAMPLED)) if spec.functions[0] in uneven]
    specs = [spec for spec in specs if spec.constraints] if change is tightened else specs
    assert len(specs) >= 5
    for spec in specs:
        other = change(spec)
        assert disagreement(block_of(statement(spec, "python", 0)), other)
        assert statement(spec, "latex", 0) != statement(other, "latex", 0)


def test_statement_of_same_problem_is_same_in_every_process() -> None:
    script = (
        "import hashlib, sys\n"
        "from llamoco_data.problems.spec import ProblemSpec\n"
        "from llamoco_data.statements import FORMS, statement\n"
        "specs = [ProblemSpec.from_json(line) for line in sys.stdin]\n"
        "texts = [statement(s, form, w) for s in specs for form in FORMS for w in (0, 7, 40)]\n"
        "print([hashlib.sha256(text.encode()).hexdigest() for text in texts])\n"
    )
    lines = "\n".join(spec.to_json() for spec in [*map(sampled, range(20)), *map(odd_problem, range(20))])
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            input=lines,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_wordings_of_one_problem_differ() -> None:
    for spec in map(sampled, range(12)):
        for form in FORMS:
            texts = [statement(spec, form, wording) for wording in range(3 * NUM_WORDINGS)]
            assert len(set(texts)) == len(texts)


def test_requests_name_interface_and_budget() -> None:
    assert NUM_WORDINGS >= 12
    openings: dict[int, set[str]] = {}
    for spec in map(sampled, range(20)):
        for wording in range(NUM_WORDINGS):
            for form in FORMS:
                prompt = statement(spec, form, wording)
                request = re.split(r"\n\n(?:```python|\\\[|\$\$|\\begin)", prompt)[0]
                assert len(request) < len(prompt)
                assert INTERFACE in request
                assert [int(number.replace(",", "")) for number in BUDGET.findall(request)] == [spec.max_evaluations]
                assert ("|h| <= 1e-4" in request and "g <= 0" in request) == bool(spec.constraints)
                assert not set(request) & set("$\\{}[]")
                openings.setdefault(wording, set()).add(request[:12])
    assert all(not a & b for a, b in pairwise(openings.values()))


def test_python_blocks_pass_pyflakes(tmp_path: Path) -> None:
    for index in range(150):
        for name, spec in (("sampled", sampled(index)), ("odd", odd_problem(index))):
            source = block_of(statement(spec, "python", 3 * index))
            (tmp_path / f"{name}_{index}.py").write_text(source)
            (tmp_path / f"{name}_{index}_canonical.py").write_text(python_source(spec))
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "F", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_python_blocks_define_nothing_unused() -> None:
    for spec in chain(map(sampled, range(100)), map(odd_problem, range(100))):
        for source in (python_source(spec), block_of(statement(spec, "python", 5))):
            tree = ast.parse(source)
            names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
            used = {node.id for node in names if isinstance(node.ctx, ast.Load)} | PUBLIC | {"_"}
            defined = {node.id for node in names if isinstance(node.ctx, ast.Store)}
            defined |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert defined <= used, (defined - used, source)


def test_latex_holds_every_number_of_the_data_exactly() -> None:
    for index in range(200):
        spec = (sampled if index % 2 else odd_problem)(index)
        text = statement(spec, "latex", index)
        used = {component.shift for component in spec.components}
        vectors = {spec.shifts[position] for position in used} | ({spec.units} if spec.units else set())
        stated = {tuple(map(read_number, listed.split(","))) for listed in number_lists(text)}
        assert vectors <= stated, text


def number_lists(text: str) -> list[str]:
    """The contents of tuples of numbers."""
    return re.findall(r"= [(\[]([-\d., {}^\\cdot]+?)[)\]]\^\\top", text)


def read_number(text: str) -> float:
    mantissa, _, power = text.strip().partition(r" \cdot ")
    factors = [part for part in (mantissa, power) if part]
    values = [
        math.copysign(10.0 ** int(p[2]), -1 if p[1] else 1) if (p := power_of(part)) else float(part)
        for part in factors
    ]
    return math.prod(values)


def power_of(text: str) -> re.Match[str] | None:
    return re.fullmatch(r"(-?)10\^\{(-?\d+)\}", text)


def test_latex_macros_are_those_of_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "statements.md").read_text()
    documented = set(MACRO.findall(page.split("### Macros")[1].split("## Length")[0]))
    used: set[str] = set()
    for index in range(300):
        for spec in (sampled(index), odd_problem(index)):
            text = statement(spec, "latex", index)
            assert text.count("{") == text.count("}")
            assert len(re.findall(r"\\left(?![a-z])", text)) == len(re.findall(r"\\right(?![a-z])", text))
            used |= set(MACRO.findall(text))
    assert used == documented


def test_statement_of_unknown_form_is_refused() -> None:
    with pytest.raises(LlamocoError, match="form: expected 'python' or 'latex', got 'prose'"):
        statement(sampled(0), "prose")  # pyright: ignore[reportArgumentType]


def test_statement_of_negative_wording_is_refused() -> None:
    with pytest.raises(LlamocoError, match="wording: expected a number from 0 on, got -1"):
        statement(sampled(0), wording=-1)


def test_documentation_page_runs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "statements.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert blocks
    for source in blocks:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(source, {"__name__": "__main__"})
        assert out.getvalue().count(INTERFACE) == source.count("print(statement(")
    assert INTERFACE in page
    assert "(" + ", ".join(f"`{wording.name}`" for wording in WORDINGS) + ")" in " ".join(page.split())
