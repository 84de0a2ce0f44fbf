"""What can be wrong with a confinement, and says nothing about a program: it is too weak, or cannot be set up."""

import contextlib
import socket
from collections.abc import Generator

from llamoco_data.box.layers import TIERS, Tier
from llamoco_data.identity import LlamocoError

LEAST: Tier = "filtered"
"""Tier below which strangers' programs are not run unless the user trusts them."""


class ConfinementError(LlamocoError):
    """The machine, and no program, is to blame."""


class TooOpenError(ConfinementError):
    """The machine cannot confine programs as well as is asked."""


class ConfinementFault(ConfinementError):
    """A confined process cannot be started here, although its layers hold."""


@contextlib.contextmanager
def machine_at_fault() -> Generator[None]:
    """Takes an error of the system for one of this machine: what a program does in its own process raises none here.

    Raises:
        ConfinementFault: no process can be made for a program, as where the disk of temporary files is full.
    """
    try:
        yield
    except OSError as error:
        raise ConfinementFault(
            f"no process can be made for a program on {socket.gethostname()}: {error.strerror or error}; "
            "run again when the machine has room"
        ) from error


def require(tier: Tier, least: Tier, missing: tuple[str, ...]) -> None:
    """Refuses a tier below the least.

    Raises:
        TooOpenError: the tier is below the least.
    """
    if TIERS.index(tier) < TIERS.index(least):
        why = "; ".join(missing) or "no layer is missing"
        raise TooOpenError(
            f"this machine can confine programs only to the tier '{tier}', and '{least}' is asked for ({why}); "
            "docs/confinement.md says what each machine needs; ask for less with --confinement, or let `score` run "
            "programs as yourself with --trust-programs"
        )
