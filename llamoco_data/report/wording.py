"""Numbers and names as text for the page."""

import math
import re
from collections.abc import Mapping

from markupsafe import Markup, escape

_NO_BREAK = "\N{NO-BREAK SPACE}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(value: int) -> str:
    """A whole number with a comma at every thousand."""
    return f"{value:,}"


def share(part: float, whole: float = 1.0) -> str:
    """A share in percent; only the whole reads as 100 %, and only zero as 0 %."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 1:
        return f"<1{_NO_BREAK}%"
    if 99 < percent < 100:
        return f">99{_NO_BREAK}%"
    return f"{percent:.0f}{_NO_BREAK}%"


def large(value: int) -> str:
    """A large number in few digits: `812`, `98,800`, `1.2 million`."""
    for size, name in ((10**9, "billion"), (10**6, "million")):
        if value >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:,}"


def score(value: float) -> str:
    """A score with two decimals."""
    return f"{value:.2f}"


def fine_score(value: float) -> str:
    """A score with three decimals; zero has no sign."""
    return f"{value + 0.0:.3f}" if abs(value) >= 0.0005 else "0.000"


def measured(value: float) -> str:
    """A positive number with two or three digits, without an exponent where it is short."""
    if value == 0:
        return "0"
    if 0.01 <= value < 100_000:
        digits = max(0, 1 - math.floor(math.log10(value)))
        return f"{value:,.{digits}f}"
    return f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e").replace(".0e", "e")


def plain(value: float) -> str:
    """A number of at least 0 like `measured`, but never with an exponent."""
    if 0 < value < 0.01:
        return "<0.01"
    return measured(value) if value < 100_000 else f"{value:,.0f}"


def core_time(hours: float) -> str:
    """Processor time in the unit that suits it: `38 ms`, `42 s`, `12 min`, `3.4 h`."""
    seconds = 3600 * hours
    for unit, least, size in (("h", 3600, 3600), ("min", 60, 60), ("s", 0.1, 1)):
        if seconds >= least:
            return f"{plain(seconds / size)}{_NO_BREAK}{unit}"
    return f"{plain(1e3 * seconds)}{_NO_BREAK}ms" if seconds else f"0{_NO_BREAK}s"


def tick(digit: int, power: int) -> str:
    """A digit times a power of ten as an axis shows it: 0.05, 1, 1,000, 10⁻⁸, 2·10⁴."""
    if -3 < power < 4:
        return f"{digit * 10.0**power:,g}"
    return f"{f'{digit}·' if digit > 1 else ''}10{str(power).translate(_SUPERSCRIPTS)}"


def settings(values: Mapping[str, object]) -> str:
    """The settings of a candidate in one line."""
    return ", ".join(f"{name}={value}" for name, value in values.items()) or "no settings"


def breakable(name: str) -> Markup:
    """A name that can break after its underscores in a narrow column."""
    return Markup(escape(name).replace("_", Markup("_<wbr>")))


def slug(name: str) -> str:
    """The name of a family, a role or a fate as a class of the style sheet."""
    return re.sub("[^a-z]+", "-", name)
