"""Puts remarks before the steps of a program."""

from collections.abc import Sequence

from llamoco_data.statements.styles.style import Style


def remarked(lines: Sequence[str], step: str, style: Style) -> list[str]:
    """The lines of a step after its remark, where the style has remarks."""
    remark = style.remarks.get(step)
    return [f"# {remark}", *lines] if remark else [*lines]
