"""What can be wrong with a confinement, and says nothing about a program: it is too weak, or cannot be set up."""

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
