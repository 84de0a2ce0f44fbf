"""What rounds of repair by a model gave: programs recovered in each round, and the tokens edited for it."""

from collections.abc import Iterable
from statistics import fmean

from pydantic import Field

from llamoco_data.identity import Record
from llamoco_data.scoring.scored import ScoredProgram


class Repairs(Record):
    """What rounds of repair gave."""

    num_failed: int = Field(ge=1)
    """Number of programs that failed before the first round."""
    recovered: tuple[int, ...]
    """Number of those that run since each round, from the first round on."""
    edited_tokens: float | None
    """Mean number of tokens by which a recovered program differs from the first one; None if none is recovered."""


def repairs_of(programs: Iterable[ScoredProgram]) -> Repairs | None:
    """What the rounds gave, by the programs as they are after the last one; None without any round.

    A program that runs is not asked for again, so its last round is the one that recovered it.
    """
    failed = [program for program in programs if program.repair_round or not program.runs]
    rounds = max((program.repair_round for program in failed), default=0)
    if not rounds:
        return None
    running = [program for program in failed if program.runs]
    return Repairs(
        num_failed=len(failed),
        recovered=tuple(sum(p.repair_round == number for p in running) for number in range(1, rounds + 1)),
        edited_tokens=fmean(program.repair_tokens for program in running) if running else None,
    )


def repairs_line(repairs: Repairs) -> str:
    """The rounds in a line: `3 of 4 (75 %): 2 in round 1, 1 in round 2; 12.0 tokens edited in each`."""
    recovered = sum(repairs.recovered)
    rounds = ", ".join(f"{count:,} in round {number}" for number, count in enumerate(repairs.recovered, start=1))
    edits = "" if repairs.edited_tokens is None else f"; {repairs.edited_tokens:.1f} tokens edited in each"
    return f"{recovered:,} of {repairs.num_failed:,} ({recovered / repairs.num_failed:.0%}): {rounds}{edits}"
