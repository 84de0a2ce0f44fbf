"""The type of options that are floats: a range of finite numbers."""

import math

import click
from typing_extensions import override


class FiniteRange(click.FloatRange):
    """A range without infinity, which an open end contains, and NaN, which lies beyond no bound."""

    @override
    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{number} is no finite number.", param, ctx)
        return number
