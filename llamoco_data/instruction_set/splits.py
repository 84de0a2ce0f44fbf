"""Which split a problem is in: drawn by its function, so that all statements and budgets of a function share it."""

from collections.abc import Collection, Sequence

from llamoco_data.identity import digest
from llamoco_data.instruction_set.columns import REAL, Split
from llamoco_data.problems.own_spec import AnySpec, OwnProblemSpec, function_of
from llamoco_data.problems.plugin_functions import function_named
from llamoco_data.problems.suites import is_of_suite

VALIDATION_SHARE = 0.1
TEST_SHARE = 0.1


def split_of(spec: AnySpec, held_out_families: Sequence[str], real_titles: Collection[str] = ()) -> Split:
    """The split of a problem, which all its statements are in; files that differ in their budget alone share theirs.

    Args:
        real_titles: first lines of the problems of plug-ins' suites.
    """
    if isinstance(spec, OwnProblemSpec) and is_of_suite(spec.source, real_titles):
        return REAL
    if any(function_named(name).family in held_out_families for name in spec.functions):
        return "test_families"
    draw = int(digest(["split", function_of(spec)])[:8], 16) / 16**8
    if draw < TEST_SHARE:
        return "test"
    return "validation" if draw < TEST_SHARE + VALIDATION_SHARE else "train"
