"""States drawn problems in styles of programming that no other statement uses, to tell reading from recognising.

The texts come from the problem's data, one element of style after the other. Nothing is run here.
"""

from llamoco_data.statements.styles.program import styled_block, styled_source
from llamoco_data.statements.styles.style import ELEMENTS, Element, Style, draw_style

__all__ = ["ELEMENTS", "Element", "Style", "draw_style", "styled_block", "styled_source"]
