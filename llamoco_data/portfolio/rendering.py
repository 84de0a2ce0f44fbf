"""Turns a program file and settings into a program text: the file's text with other values for its constants."""

import ast
import functools
from collections.abc import Mapping
from importlib import resources

from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio.plugins import plugins
from llamoco_data.portfolio.settings import Setting


def program_text(optimizer: str, settings: Mapping[str, Setting]) -> str:
    """The text of an optimizer's program with the given values for its named constants.

    Raises:
        LlamocoError: there is no such program, or it does not define one of the constants at its top level.
    """
    return program_with(program_template(optimizer), optimizer, settings)


def program_with(text: str, name: str, settings: Mapping[str, Setting]) -> str:
    """A program text with the given values for its named constants.

    Raises:
        LlamocoError: it does not define one of them at its top level.
    """
    return _rendered(text, name, tuple(sorted(settings.items())))


@functools.cache
def _rendered(text: str, optimizer: str, settings: tuple[tuple[str, Setting], ...]) -> str:
    lines = text.splitlines()
    values = _constants(text, optimizer)
    for name, value in settings:
        if name not in values:
            known = ", ".join(values) or "none"
            raise LlamocoError(f"the program {optimizer}.py has no setting {name!r}; its settings are: {known}")
        node = values[name]
        row, line = node.lineno - 1, lines[node.lineno - 1]
        lines[row] = line[: node.col_offset] + _literal(value) + line[node.end_col_offset :]
    return "\n".join(lines) + "\n"


@functools.cache
def program_template(optimizer: str) -> str:
    """The text of an optimizer's program file.

    Raises:
        LlamocoError: there is no such file.
    """
    file = resources.files("llamoco_data.portfolio.programs").joinpath(f"{optimizer}.py")
    if not file.is_file() and optimizer in plugins():
        file = plugins()[optimizer].program
    if not file.is_file():
        raise LlamocoError(f"the portfolio has no program {optimizer}.py")
    return file.read_text(encoding="utf-8")


def _constants(text: str, optimizer: str) -> dict[str, ast.expr]:
    """Name -> literal of each constant that the program assigns on one line at its top level.

    Raises:
        LlamocoError: the text does not compile.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise LlamocoError(
            f"the program {optimizer}.py does not compile: {error.msg} at line {error.lineno}; mend it or remove it"
        ) from None
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() | ast.UnaryOp(operand=ast.Constant())):
                found[name] = node.value
            case _:
                pass
    return found


def _literal(value: Setting) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
