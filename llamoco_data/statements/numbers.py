"""Writes the numbers of statements: short, in several styles, and always so that they read back to the same float64."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

MAX_POWER_DIGITS = 4
"""Most significant digits of a large number that is written with a power of ten."""


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """One writer's style of numbers."""

    whole: Literal["2", "2.0", "2."] = "2"
    """Form of whole numbers."""
    leading_zero: bool = True
    """Whether Python has 0.5 rather than .5."""
    powers: bool = True
    """Whether 1000000.0 is written 1e6, from five zeros on."""
    separator: Literal[", ", ","] = ", "
    vectors: Literal["array", "asarray", "split", "integers"] = "array"
    """Form of vectors in Python.

    It is np.array([0.5, 2]), np.asarray([0.5, 2]), np.array("0.5 2".split(), float) or np.array([5, 20]) / 10.
    """


def python_number(value: float, style: NumberStyle) -> str:
    """A Python literal, with its sign."""
    if style.powers and (parts := _power_of_ten(value)):
        mantissa, exponent = parts
        return f"{mantissa}e{exponent}"
    text = _plain(value)
    if "." not in text:
        return text + style.whole[1:]
    return text if style.leading_zero else text.replace("0.", ".", 1) if abs(value) < 1 else text


def latex_number(value: float, style: NumberStyle) -> str:
    r"""A decimal number, or `1.5 \cdot 10^{6}` where that product, computed in float64, is the same number."""
    if style.powers and (parts := _power_of_ten(value)):
        mantissa, exponent = parts
        if float(mantissa) * 10.0**exponent == value:
            power = f"10^{{{exponent}}}"
            return {"1": power, "-1": f"-{power}"}.get(mantissa, rf"{mantissa} \cdot {power}")
    text = _plain(value)
    return text + ".0" if style.whole == "2.0" and "." not in text else text


def python_vector(values: Sequence[float], style: NumberStyle, floats: bool = False) -> str:
    """A NumPy expression of a vector; one repeated value becomes np.zeros, np.ones or np.full.

    Args:
        floats: whether a vector of whole numbers must still be one of floats.
    """
    first = values[0]
    if len(values) > 2 and all(value == first for value in values):
        filled = {0.0: f"np.zeros({len(values)})", 1.0: f"np.ones({len(values)})"}
        return filled.get(first, f"np.full({len(values)}, {_with_point(first)})")
    whole = all(float(value).is_integer() for value in values)
    if style.vectors == "integers" and not whole and (scaled := _scaled_integers(values)):
        numbers, divisor = scaled
        return f"np.array([{style.separator.join(numbers)}]) / {divisor}"
    if style.vectors == "split" and len(values) > 3:
        return f'np.array("{" ".join(map(_plain, values))}".split(), float)'
    texts = [python_number(value, style) for value in values]
    call = "np.asarray" if style.vectors == "asarray" else "np.array"
    if floats and all(text.lstrip("-").isdigit() for text in texts):
        return f"{call}([{style.separator.join(texts)}], float)"
    return f"{call}([{style.separator.join(texts)}])"


def latex_numbers(values: Sequence[float], style: NumberStyle) -> str:
    """The numbers of a vector, without its brackets."""
    return style.separator.join(latex_number(value, style) for value in values)


def _plain(value: float) -> str:
    """Shortest decimal without an exponent that reads back exactly; whole numbers have no point."""
    text = repr(float(value))
    if "e" in text:
        text = format(Decimal(text), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _with_point(value: float) -> str:
    text = _plain(value)
    return text if "." in text else text + ".0"


def _power_of_ten(value: float) -> tuple[str, int] | None:
    """Mantissa and exponent where they read better than the decimal: for 1e6 and 2.5e-5, but not for 1234567."""
    if value == 0 or 1e-4 <= abs(value) < 1e5:
        return None
    number = Decimal(repr(float(value))).normalize()
    sign, digits, _ = number.as_tuple()
    if abs(value) > 1 and len(digits) > MAX_POWER_DIGITS:
        return None
    exponent = number.adjusted()
    first, *rest = map(str, digits)
    mantissa = "-" * sign + first + ("." + "".join(rest) if rest else "")
    return mantissa, exponent


def _scaled_integers(values: Sequence[float]) -> tuple[list[str], int] | None:
    """Integers and the power of ten that divides them exactly into the values, or None."""
    for divisor in (10, 100, 1000):
        integers = [round(value * divisor) for value in values]
        if all(integer / divisor == value for integer, value in zip(integers, values, strict=True)):
            return [str(integer) for integer in integers], divisor
    return None
