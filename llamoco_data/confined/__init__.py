"""Runs strangers' programs confined: the trusted side, which keeps problem, budget, trace and best point.

A program's process is in `box`, knows none of these, and can forge none of them.
"""

from llamoco_data.confined.connection import Zygote, close_zygote, zygote
from llamoco_data.confined.faults import (
    LEAST,
    ConfinementError,
    ConfinementFault,
    TooOpenError,
    machine_at_fault,
    require,
)
from llamoco_data.confined.running import ConfinedRun, run_confined

__all__ = [
    "LEAST",
    "ConfinedRun",
    "ConfinementError",
    "ConfinementFault",
    "TooOpenError",
    "Zygote",
    "close_zygote",
    "machine_at_fault",
    "require",
    "run_confined",
    "zygote",
]
