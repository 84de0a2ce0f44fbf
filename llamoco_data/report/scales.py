"""Places of values on an axis, as shares of its length from 0 to 1, and the ticks that get a label."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

_SLACK = 1e-9
"""Relative tolerance within which a tick at the end of an axis is on it."""


@dataclass(frozen=True, slots=True)
class LogScale:
    """A logarithmic axis between two positive values."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Share of the way from low to high; values beyond an end are placed at that end."""
        width = math.log(self.high / self.low)
        return min(1.0, max(0.0, math.log(max(value, self.low) / self.low) / width))

    def ticks(self, most: int) -> list[tuple[int, int]]:
        """At most `most` round values between the ends, as digit and power of ten.

        They are 1, 2 and 5 times the powers, or if these are too many, powers alone at even distances.
        """
        first, last = math.floor(math.log10(self.low)), math.floor(math.log10(self.high) + _SLACK)
        powers = range(first, last + 1)
        fine = self._within((digit, power) for power in powers for digit in (1, 2, 5))
        if len(fine) <= most:
            return fine
        step = max(1, -(-len(powers) // most))
        return self._within((1, power) for power in powers if power % step == 0)

    def _within(self, values: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        low, high = self.low * (1 - _SLACK), self.high * (1 + _SLACK)
        return [(digit, power) for digit, power in values if low <= digit * 10.0**power <= high]


def whole_decades(values: Iterable[float]) -> LogScale | None:
    """An axis over the positive values that begins and ends at powers of ten; None if no value is positive."""
    scale = log_scale(values)
    if scale is None:
        return None
    return LogScale(10.0 ** math.floor(math.log10(scale.low)), 10.0 ** math.ceil(math.log10(scale.high)))


def log_scale(values: Iterable[float]) -> LogScale | None:
    """An axis over the positive values, at least a decade wide; None if no value is positive."""
    positive = [value for value in values if value > 0]
    if not positive:
        return None
    low, high = min(positive), max(positive)
    if high < 10 * low:
        middle = math.sqrt(low * high)
        low, high = middle / math.sqrt(10), middle * math.sqrt(10)
    return LogScale(low, high)
