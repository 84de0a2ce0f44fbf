"""The catalogue of basic functions, in a fixed order; adding one means one entry here and one line in `dispatch`."""

from collections.abc import Mapping
from types import MappingProxyType

from llamoco_data.problems.functions.bowls import BOWLS
from llamoco_data.problems.functions.deceptive import DECEPTIVE
from llamoco_data.problems.functions.definition import BasicFunction, FunctionFamily
from llamoco_data.problems.functions.plateaus import PLATEAUS
from llamoco_data.problems.functions.rugged import RUGGED
from llamoco_data.problems.functions.valleys_and_ridges import VALLEYS_AND_RIDGES
from llamoco_data.problems.functions.waves import WAVES

FUNCTIONS: tuple[BasicFunction, ...] = (*BOWLS, *VALLEYS_AND_RIDGES, *PLATEAUS, *WAVES, *DECEPTIVE, *RUGGED)
FUNCTION_BY_NAME: Mapping[str, BasicFunction] = MappingProxyType({f.name: f for f in FUNCTIONS})
FUNCTION_CODE: Mapping[str, int] = MappingProxyType({f.name: code for code, f in enumerate(FUNCTIONS)})
"""Position in the catalogue: the number by which the compiled evaluator knows a function."""

__all__ = ["FUNCTIONS", "FUNCTION_BY_NAME", "FUNCTION_CODE", "BasicFunction", "FunctionFamily"]
