"""Lines of Python that several parts of a program are made of: assignments of vectors, products, returned sums."""

from llamoco_data.statements.code_style import MAX_LINE, CodeStyle
from llamoco_data.statements.numbers import python_number


def broken(line: str, style: CodeStyle) -> str:
    """An assignment of a vector, in several lines where it is long and the style breaks lines."""
    opened = line.find("[") + 1
    if not style.wrapped or len(line) <= MAX_LINE or not opened or ", " not in line:
        return line
    closed = line.rfind("]")
    rows = [""]
    for item in line[opened:closed].split(", "):
        if len(rows[-1]) + len(item) > MAX_LINE - 8:
            rows.append("")
        rows[-1] += f"{item}, "
    return "\n".join([line[:opened], *(f"    {row.rstrip()}" for row in rows), line[closed:]])


def returned(summands: list[str]) -> list[str]:
    """A return statement of a sum, in brackets and lines of its own where it is long."""
    line = " + ".join(summands).replace("+ -", "- ")
    if len(line) + len("    return ") <= MAX_LINE:
        return [f"return {line}"]
    first, *others = summands
    rows = [first, *(f"- {other[1:]}" if other.startswith("-") else f"+ {other}" for other in others)]
    return ["return (", *(f"    {row}" for row in rows), ")"] if others else [f"return {line}"]


def product(factor: float, value: str, style: CodeStyle) -> str:
    return value if factor == 1 else f"{python_number(factor, style.numbers)} * {value}"


def is_range(variables: tuple[int, ...]) -> bool:
    """Whether the variables are neighbours in their own order, as in a slice."""
    return variables == tuple(range(variables[0], variables[0] + len(variables)))


def as_slice(variables: tuple[int, ...]) -> str:
    """A range of variables as a slice with its brackets."""
    return f"[{variables[0] or ''}:{variables[-1] + 1}]"
