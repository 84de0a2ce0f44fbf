"""Steps that make one vector of another, in the arithmetic of a style: with loops, comprehensions or NumPy."""

from collections.abc import Sequence

from llamoco_data.statements.styles.style import Style


def moved(target: str, source: str, shift: str | None, units: str | None, style: Style) -> list[str]:
    """Statements that assign (source - shift) / units to the target.

    Args:
        shift: None where nothing is subtracted.
        units: None where nothing is divided.
    """
    i = style.names["index"]
    if style.arithmetic == "vectors":
        return [f"{target} = {_quotient(source, shift, units)}"]
    entry = _quotient(f"{source}[{i}]", shift and f"{shift}[{i}]", units and f"{units}[{i}]")
    return _collected(target, entry, f"range(len({source}))", style)


def reflection(style: Style) -> list[str]:
    """The definition of the function that reflects a point."""
    name, z, v, i = (style.names[role] for role in ("reflected", "part", "vector", "index"))
    hint = "np.ndarray" if style.arithmetic == "vectors" else "list[float]"
    typed = style.has("hints")
    head = f"def {name}({z}: {hint}, {v}: {hint}) -> {hint}:" if typed else f"def {name}({z}, {v}):"
    if style.arithmetic == "vectors":
        return [head, f"    return {z} - 2 * np.dot({v}, {z}) / np.dot({v}, {v}) * {v}"]
    factor = style.names["left"]
    if style.arithmetic == "comprehensions":
        along = f"sum({v}[{i}] * {z}[{i}] for {i} in range(len({z})))"
        return [
            head,
            f"    {factor} = 2 * {along} / sum({v}[{i}] ** 2 for {i} in range(len({v})))",
            f"    return [{z}[{i}] - {factor} * {v}[{i}] for {i} in range(len({z}))]",
        ]
    along, length, result = ("along_normal", "squared_length", "mirrored") if style.has("long names") else "abr"
    return [
        head,
        f"    {along} = 0.0",
        f"    {length} = 0.0",
        f"    for {i} in range(len({z})):",
        f"        {along} += {v}[{i}] * {z}[{i}]",
        f"        {length} += {v}[{i}] * {v}[{i}]",
        f"    {result} = []",
        f"    for {i} in range(len({z})):",
        f"        {result}.append({z}[{i}] - 2 * {along} / {length} * {v}[{i}])",
        f"    return {result}",
    ]


def selected(source: str, factor: str, variables: Sequence[int], style: Style) -> tuple[list[str], str]:
    """Statements, and the expression of some entries of a vector times a factor after them.

    Args:
        factor: an expression; empty for 1.
        variables: indices; none for all.
    """
    if not factor and not variables:
        return [], source
    before = f"{factor} * " if factor else ""
    if style.arithmetic == "vectors":
        return [], f"{before}{source}[{list(variables)}]" if variables else f"{before}{source}"
    i, target = style.names["index"], style.names["part"]
    over = str(list(variables)) if variables else f"range(len({source}))"
    if style.arithmetic == "comprehensions":
        return [], f"[{before}{source}[{i}] for {i} in {over}]"
    return _collected(target, f"{before}{source}[{i}]", over, style), target


def _collected(target: str, entry: str, over: str, style: Style) -> list[str]:
    i = style.names["index"]
    if style.arithmetic == "comprehensions":
        return [f"{target} = [{entry} for {i} in {over}]"]
    return [f"{target} = []", f"for {i} in {over}:", f"    {target}.append({entry})"]


def _quotient(source: str, shift: str | None, units: str | None) -> str:
    difference = f"{source} - {shift}" if shift else source
    if not units:
        return difference
    return f"({difference}) / {units}" if shift else f"{difference} / {units}"
