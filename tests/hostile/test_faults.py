"""What is no program's fault: a machine that confines too little, and a confinement that fails."""

import os
import signal

import pytest

from llamoco_data.box.layers import FILTER, LANDLOCK, NAMESPACES
from llamoco_data.confined import TooOpenError, run_confined, zygote
from tests.campaigns import HEAD
from tests.hostile.test_attacks import FREE, PROBLEM, children, without_time

pytestmark = pytest.mark.hostile

PROGRAM = f"{HEAD}    objective(upper)\n    return lower\n"


def test_program_is_refused_below_the_least_tier_with_the_reason_and_the_way_out():
    without = (NAMESPACES, LANDLOCK, FILTER)
    with pytest.raises(TooOpenError, match="only to the tier 'limited', and 'filtered' is asked for") as refused:
        run_confined(PROGRAM, FREE, 5, problem=PROBLEM, without=without)
    assert "landlock: left out" in str(refused.value)
    assert "--trust-programs" in str(refused.value)


def test_zygote_that_died_is_replaced_and_counted_apart():
    first = run_confined(PROGRAM, FREE, 5, problem=PROBLEM)
    assert (first.record.status, first.record.faults) == ("completed", 0)
    dead = zygote()
    for process in children(dead.process.pid):
        os.kill(process, signal.SIGKILL)
    dead.process.wait()
    second = run_confined(PROGRAM, FREE, 5, problem=PROBLEM)
    assert (second.record.status, second.record.faults) == ("completed", 1)
    assert without_time(second.record) == without_time(first.record)
    assert zygote() is not dead
