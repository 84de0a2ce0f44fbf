"""The kind of value that a named constant of a program may have."""

Setting = int | float | bool | str
