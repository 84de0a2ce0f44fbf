"""Mends a program by four fixed rules: code fences, indentation, missing imports, signature. Nothing is executed.

A program without a defect that a rule knows is left as it is; whether a mended one runs is for the runner to say.
"""

import ast
import builtins
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from llamoco_data.scoring.marks import defines_minimize, parsed
from llamoco_data.texts import readable

Rule = Literal["fences", "indentation", "imports", "signature"]

PARAMETERS = ("objective", "lower", "upper", "max_evaluations", "seed", "constraints")
"""Parameters that `minimize` is called with; the last one by its name."""

_MOST_LINES = 20
"""Most lines whose indentation is corrected one by one."""
_FENCE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,})[^\n`]*$", re.MULTILINE)
_TOKEN = re.compile(r"\n[ \t]*|\w+|[^\w\s]")
"""A word, a sign, or a line break with the indentation behind it."""
_IMPORTS: Mapping[str, str] = MappingProxyType(
    {
        "np": "import numpy as np",
        "stats": "from scipy import stats",
        "optimize": "from scipy import optimize",
        "partial": "from functools import partial",
        "dataclass": "from dataclasses import dataclass",
        "deque": "from collections import deque",
        **{name: f"import {name}" for name in ("numpy", "math", "random", "time", "itertools", "functools", "heapq")},
        **{name: f"import {name}" for name in ("scipy", "cma", "nlopt", "pymoo", "minionpy")},
        **{name: f"from scipy.optimize import {name}" for name in ("differential_evolution", "dual_annealing")},
        **{name: f"from scipy.optimize import {name}" for name in ("basinhopping", "direct", "shgo", "brute")},
        **{
            name: f"from scipy.optimize import {name}" for name in ("Bounds", "LinearConstraint", "NonlinearConstraint")
        },
    }
)
"""The import that defines each name that programs commonly forget to import."""
_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("objective", "objective_function", "func", "fun", "fn", "f", "function"), "objective"),
        **dict.fromkeys(("lower", "lb", "low", "lower_bound", "lower_bounds", "xmin"), "lower"),
        **dict.fromkeys(("upper", "ub", "high", "upper_bound", "upper_bounds", "xmax"), "upper"),
        **dict.fromkeys(("max_evaluations", "max_evals", "max_nfev", "maxfev", "budget"), "max_evaluations"),
        **dict.fromkeys(("seed", "random_state", "random_seed"), "seed"),
        **dict.fromkeys(("constraints", "constraint", "cons"), "constraints"),
        "bounds": "list(zip(lower, upper))",
    }
)
"""The argument that a parameter of another name gets."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A program after the rules, and what they changed."""

    program: str
    rules: tuple[Rule, ...]
    """The rules that changed the text, in the order of their use."""
    edited_tokens: int
    """Least number of tokens inserted, deleted or replaced between the two texts."""


def mended(program: str) -> Mended | None:
    """A program after the four rules; None if they leave it as it is, or it still defines no `minimize`."""
    text = readable(program)
    used: list[Rule] = []
    for name, rule in _RULES.items():
        after = rule(text)
        if after != text:
            used.append(name)
            text = after
    if not used or not defines_minimize(text):
        return None
    return Mended(text, tuple(used), token_distance(program, text))


def without_fences(text: str) -> str:
    """The last fenced block that names `minimize`, or else the text without the lines of fences."""
    if parsed(text) is not None or not _FENCE.search(text):
        return text
    blocks = _FENCE.split(text)
    inside = [block for block in blocks if "def " in block]
    naming = [block for block in inside if "minimize" in block]
    return (naming or inside or ["".join(blocks)])[-1].strip("\n") + "\n"


def indented(text: str) -> str:
    """The text without a common margin and tabs; then lines that Python refuses get their neighbour's margin."""
    if parsed(text) is not None:
        return text
    lines = textwrap.dedent(text.expandtabs(4)).splitlines()
    for _ in range(_MOST_LINES):
        number = _misplaced(lines)
        if number is None:
            break
        before = next((line for line in reversed(lines[:number]) if line.strip()), "")
        deeper = 4 if before.rstrip().endswith(":") else 0
        margin = len(before) - len(before.lstrip()) + deeper
        lines[number] = " " * margin + lines[number].lstrip()
    mended_text = "\n".join(lines) + "\n"
    return mended_text if parsed(mended_text) is not None else text


def _misplaced(lines: list[str]) -> int | None:
    """Position of the line whose indentation Python refuses; None if there is none."""
    try:
        ast.parse("\n".join(lines))
    except IndentationError as error:
        return (error.lineno or 1) - 1 if (error.lineno or 1) <= len(lines) else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return None


def with_imports(text: str) -> str:
    """The text with imports of the well-known names that it uses and never binds."""
    tree = parsed(text)
    if tree is None:
        return text
    bound, used = set(_bound(tree)), {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    missing = sorted({_IMPORTS[name] for name in used - bound - set(dir(builtins)) if name in _IMPORTS})
    if not missing or "*" in bound:
        return text
    lines = text.splitlines()
    first = next((node for node in tree.body if not _stays_first(node)), None)
    # A decorator is above the line of its function, which the tree names.
    at = len(lines) if first is None else min([first.lineno, *(d.lineno for d in _decorators(first))]) - 1
    return "\n".join([*lines[:at], *missing, *lines[at:]]) + "\n"


def _bound(tree: ast.Module) -> Iterator[str]:
    """Every name that is bound anywhere in a program, whatever its scope."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name.partition(".")[0]
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.ExceptHandler(name=str(name)):
                yield name
            case _:
                pass


def _stays_first(node: ast.stmt) -> bool:
    """Whether imports go behind a statement: the docstring, and imports from the future."""
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def _decorators(node: ast.stmt) -> list[ast.expr]:
    return node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []


def with_signature(text: str) -> str:
    """The text with a `minimize` of the asked signature, which calls the function that the program has instead.

    That is its `minimize` with other parameters, or, without one, the last function of the module that takes an
    objective first.
    """
    tree = parsed(text)
    if tree is None:
        return text
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    named = [node for node in functions if node.name == "minimize"]
    if (named and _takes(named[-1])) or (not named and defines_minimize(text)):
        return text
    candidates = named or [node for node in functions if _first(node) == "objective" and len(node.args.args) > 1]
    if not candidates:
        return text
    arguments = _arguments(candidates[-1])
    if arguments is None:
        return text
    kept = f"_{candidates[-1].name}"
    head = ", ".join(PARAMETERS[:-1])
    call = f"\n\n{kept} = {candidates[-1].name}\n\n\ndef minimize({head}, constraints=None):\n"
    return text.rstrip("\n") + f"{call}    return {kept}({', '.join(arguments)})\n"


def _takes(function: ast.FunctionDef) -> bool:
    """Whether a function can be called as `minimize` is: five arguments by position, the constraints by name."""
    arguments = function.args
    names = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
    needed = len(names) - len(arguments.defaults)
    last = "constraints" in names[5:] or "constraints" in {a.arg for a in arguments.kwonlyargs}
    enough = len(names) >= 5 or arguments.vararg is not None
    return enough and (last or arguments.kwarg is not None) and needed <= 5 + ("constraints" in names[5:6])


def _first(function: ast.FunctionDef) -> str | None:
    names = [argument.arg for argument in function.args.args]
    return _ALIASES.get(names[0]) if names else None


def _arguments(function: ast.FunctionDef) -> list[str] | None:
    """The arguments of a call that gives each known parameter its value; None if a required one is unknown."""
    arguments = function.args
    required = len(arguments.args) - len(arguments.defaults)
    given: list[str] = []
    for position, argument in enumerate(arguments.args):
        value = _ALIASES.get(argument.arg.lower())
        if value is not None:
            given.append(f"{argument.arg}={value}")
        elif position < required:
            return None
    needed = [a.arg for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    return None if needed or arguments.posonlyargs else given


_RULES: Mapping[Rule, Callable[[str], str]] = MappingProxyType(
    {"fences": without_fences, "indentation": indented, "imports": with_imports, "signature": with_signature}
)


def token_distance(one: str, other: str) -> int:
    """Levenshtein's distance (1966) of two texts in tokens: words, signs, and line breaks with their indentation."""
    first, second = _TOKEN.findall(one), _TOKEN.findall(other)
    while first and second and first[-1] == second[-1]:
        del first[-1], second[-1]
    begin = next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
    first, second = first[begin:], second[begin:]
    row = list(range(len(second) + 1))
    for number, token in enumerate(first, start=1):
        diagonal, row[0] = row[0], number
        for position, against in enumerate(second, start=1):
            step = diagonal + (token != against)
            diagonal = row[position]
            row[position] = min(step, row[position] + 1, row[position - 1] + 1)
    return row[-1]
