"""The rules of a basic function: one formula in three spellings, smallest at the origin, fit for every statement."""

import ast
import builtins
import inspect
import keyword
import math
from collections.abc import Callable, Iterator

import numpy as np

from llamoco_data.conformance.rules import Checked, Rules, checked, require
from llamoco_data.conformance.statements import close, require_statements, sampled
from llamoco_data.latex_reader import LatexError, Scope, bold, read_definition, read_formula
from llamoco_data.plugins import FUNCTION, brought
from llamoco_data.problems.compiling import compiled
from llamoco_data.problems.functions import FUNCTION_BY_NAME, BasicFunction
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.plugin_functions import function_named
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements.code_style import CodeStyle
from llamoco_data.texts import execute

DIMENSIONS = (2, 3, 10, 50)
SIZES = (0.0, 1e-3, 0.3, 1.0, 1.5)
"""Largest coordinate of the points at which spellings are compared, in half-widths."""
PUBLIC = frozenset({"objective", "constraints", "lower", "upper", "max_evaluations", "np", "x", "z", "g", "h"})
"""Names that statements use for themselves, beside those of their styles."""
ALLOWED = frozenset({"range", "len", "abs", "min", "max", "float", "int"})
"""Built-in functions that a kernel may call, beside those of `math`."""


def check_function(function: BasicFunction) -> Iterator[Checked]:
    """The checks of a basic function, of a plug-in or of this package, one after the other."""
    return checked(_RULES, function)


def name_complaint(name: str) -> str:
    """Why a name cannot be a function's in every statement; empty where it can."""
    if not name.isidentifier() or keyword.iskeyword(name):
        return f"{name!r} is no name that Python can give a function"
    if name in PUBLIC or name in CodeStyle().names.values() or hasattr(builtins, name) or hasattr(math, name):
        return f"{name!r} stands for something else in statements, in Python or in its `math`"
    return ""


def require_kernel(kernel: Callable[..., float], arguments: str) -> None:
    """Checks that a kernel's text can stand in a statement.

    Raises:
        RuleBroken: it needs something that a statement does not have.
    """
    (definition,) = ast.parse(inspect.getsource(kernel)).body
    assert isinstance(definition, ast.FunctionDef)
    taken = ", ".join(argument.arg for argument in definition.args.args)
    require(taken == arguments, f"it takes ({taken}), not ({arguments})")
    require(ast.get_docstring(definition) is None, "its function has a docstring; put it at the top of the file")
    require(not definition.decorator_list, "its function has a decorator")
    require_return(definition.body, "its kernel")
    names = [node for each in definition.body for node in ast.walk(each) if isinstance(node, ast.Name)]
    stored = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    read = {name.id for name in names if isinstance(name.ctx, ast.Load)}
    strange = sorted(name for name in read - stored - set(arguments.split(", ")) - ALLOWED if not hasattr(math, name))
    require(not strange, f"its kernel uses {', '.join(strange)}; a loop, `math` and {', '.join(sorted(ALLOWED))} do")
    mistaken = sorted(name for name in stored if hasattr(math, name))
    require(not mistaken, f"its kernel assigns to {', '.join(mistaken)}, a name of `math`")


def require_return(body: list[ast.stmt], what: str) -> None:
    """Checks that a body ends with its only return statement, in one line, because statements write it in line.

    Raises:
        RuleBroken: it does not.
    """
    returns = [node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Return)]
    last = body[-1]
    alone = len(returns) == 1 and isinstance(last, ast.Return) and last.lineno == last.end_lineno
    require(alone, f"{what} does not end with its only `return`, in one line")


def _has_a_name(function: BasicFunction) -> None:
    complaint = name_complaint(function.name)
    require(not complaint, complaint)


def _can_be_shown(function: BasicFunction) -> None:
    require_kernel(function.kernel, "z")
    require_return(ast.parse(function.numpy).body, "its `numpy`")
    names = [node for node in ast.walk(ast.parse(function.numpy)) if isinstance(node, ast.Name)]
    stored = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    strange = sorted({name.id for name in names} - stored - ALLOWED - {"z", "np"})
    require(not strange, f"its `numpy` uses {', '.join(strange)}, and has only z and np")
    require(len(function.title) <= 60 and "\n" not in function.title, "its title is no short line")


def _text_is_kernel(function: BasicFunction) -> None:
    body = "\n".join(f"    {line}" for line in function.numpy.splitlines())
    executed = execute(f"import numpy as np\n\n\ndef f(z):\n{body}\n", "statement")
    text = executed.names["f"]
    assert callable(text)
    try:
        for z in _points(function):
            before = z.tobytes()
            value, expected = text(z), function.kernel(z)
            require(z.tobytes() == before, "its kernel or its `numpy` changes z")
            require(isinstance(value, float), f"its `numpy` returns a {type(value).__name__}, not a number")
            assert isinstance(value, float)
            require(close(value, expected), f"at {_shown(z)} `numpy` gives {value:.12g}, the kernel {expected:.12g}")
    finally:
        executed.forget()


def _latex_is_kernel(function: BasicFunction) -> None:
    try:
        formula = read_formula(function.latex)
        definitions = {definition.name: definition for definition in map(read_definition, function.where)}
        used: set[str] = set()
        for z in _points(function):
            scope = Scope({bold("z"): z.reshape(-1, 1), "d": len(z)}, definitions, used=used)
            value, expected = formula(scope), function.kernel(z)
            require(close(value, expected), f"at {_shown(z)} `latex` gives {value:.12g}, the kernel {expected:.12g}")
    except LatexError as error:
        require(False, f"its `latex` or `where` cannot be read: {error}")
        return
    unused = sorted(set(definitions) - used)
    require(not unused, f"its `latex` does not use {', '.join(unused)} of its `where`")


def _compiles(function: BasicFunction) -> None:
    kernel = compiled(function.kernel)
    for z in _points(function):
        value, expected = kernel(z.copy()), function.kernel(z)
        require(close(value, expected), f"at {_shown(z)} it gives {value:.12g} compiled, {expected:.12g} as Python")


def _is_least_at_the_origin(function: BasicFunction) -> None:
    for dimension in DIMENSIONS:
        at_origin = function.kernel(np.zeros(dimension))
        require(
            abs(at_origin) <= 1e-11 * dimension, f"it is {at_origin:.12g} at the origin of {dimension} variables, not 0"
        )
        rng = np.random.default_rng(dimension)
        for exponent in np.linspace(-6, 0.5, 200):
            z = rng.normal(size=dimension) * function.half_width * 10**exponent
            value = function.kernel(z)
            require(math.isfinite(value), f"it is {value:.12g} at {_shown(z)}")
            require(value >= at_origin, f"it is {value:.12g} at {_shown(z)}, less than at the origin")


def _varies(function: BasicFunction) -> None:
    rng = np.random.default_rng(0)
    values = [function.kernel(rng.uniform(-1, 1, 5) * function.half_width) for _ in range(50)]
    require(float(np.ptp(values)) > 1e-6, "it is almost the same everywhere within its half-width")


def _is_stated(function: BasicFunction) -> None:
    for spec in sampled():
        require_statements(with_function(spec, function.name))


def with_function(spec: ProblemSpec, name: str) -> ProblemSpec:
    """The problem with a basic function in place of its first one."""
    first, *others = spec.components
    kept = [component for component in others if component.function != name]
    others = kept if len(kept) == len(others) else []
    scale = float(f"{2 * function_named(name).half_width / (spec.box[1] - spec.box[0]):.1e}")
    component = first.model_copy(update={"function": name, "scale": scale})
    if not others:
        component = component.model_copy(update={"variables": ()})
    pinned = () if name in FUNCTION_BY_NAME else (brought(FUNCTION, name).pinned,)
    changed = spec.model_copy(
        update={
            "components": (component, *others),
            "kind": spec.kind if others else "single",
            "plugins": pinned,
        }
    )
    return ProblemSpec.model_validate(changed.model_dump())


def _points(function: BasicFunction) -> Iterator[Vector]:
    for dimension in DIMENSIONS:
        rng = np.random.default_rng(dimension)
        for size in SIZES:
            yield rng.uniform(-1, 1, dimension) * function.half_width * size


def _shown(z: Vector) -> str:
    some = ", ".join(f"{value:.3g}" for value in z[:4])
    return f"z = [{some}{', ...' if len(z) > 4 else ''}]"


_RULES: Rules[BasicFunction] = {
    "its name can be a function's in every statement": _has_a_name,
    "its kernel and its NumPy text can be shown in statements": _can_be_shown,
    "its NumPy text gives what its kernel gives": _text_is_kernel,
    "its LaTeX, read back, gives what its kernel gives": _latex_is_kernel,
    "its kernel compiles, and gives the same": _compiles,
    "it is 0 at the origin, and finite and no less elsewhere": _is_least_at_the_origin,
    "it varies within its half-width": _varies,
    "statements of problems with it say what the evaluator measures": _is_stated,
}
