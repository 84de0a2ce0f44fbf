# pyright: reportExplicitAny=false
"""Options that several commands have, and the codes that they exit with."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from typing_extensions import override

from llamoco_data.box.layers import TIERS
from llamoco_data.campaign import CampaignSpec
from llamoco_data.confined import LEAST
from llamoco_data.recipes import RECIPES, Changes, campaign_for
from llamoco_data.runs import MOST_TIME_S
from llamoco_data.scoring import TIME_LIMIT_S
from llamoco_data.selector import Prior, read_prior


class FiniteRange(click.FloatRange):
    """A range of numbers without infinity and nan, which every other bound lets through."""

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number.", param, ctx)
        return number


FOUND_EXIT_CODE = 1
"""Exit code of a check that found something wrong."""
DRAINED_EXIT_CODE = 130
"""Exit code after Ctrl-C: 128 + SIGINT."""

FOLDER = click.argument("folder", metavar="DIR")
RECIPE = click.option(
    "--recipe",
    metavar="NAME",
    help=f"Recipe of a new campaign: {', '.join(RECIPES)}, or a file of your own (FILE.toml; `llamoco-data recipe` "
    "prints one to start from). Only a new DIR needs one.",
)
_SEED = click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Seed of a new campaign's problems.")
_OPTIMIZERS = click.option(
    "--optimizers", metavar="A,B", help="The only optimizers of a new campaign; later releases add none to it."
)
_EXCLUDE = click.option(
    "--exclude", metavar="A,B", help="Optimizers that a new campaign leaves out; later releases add none to it."
)
PROCESSES = click.option(
    "--processes",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of processes. [default: one for each processor, at most 8; only one if there are few problems]",
)
ADDRESS = click.option(
    "--address",
    default="local",
    metavar="WHERE",
    show_default=True,
    help="Where to run: inline (in this process), local (on a Ray that this command starts), auto (on the Ray cluster "
    "of this machine), or the address of a cluster.",
)
WORKERS = click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Number of Ray actors. [default: one for each processor]"
)
_PROBLEMS = click.option(
    "--problems", type=click.IntRange(min=1), metavar="N", help="Number of problems. It can grow, but not shrink."
)
TIME_LIMIT = click.option(
    "--time-limit",
    "time_limit_s",
    default=TIME_LIMIT_S,
    show_default=True,
    type=FiniteRange(min=0, min_open=True, max=MOST_TIME_S),
    metavar="SECONDS",
    help="Time limit of a run, after which it is killed and counts as a failure.",
)
CONFINEMENT = click.option(
    "--confinement",
    "tier",
    default=LEAST,
    show_default=True,
    type=click.Choice([tier for tier in TIERS if tier != "trusted"]),
    metavar="TIER",
    help="Least tier of confinement (limited, filtered, isolated); where a machine gives less, nothing is run.",
)
_PRIOR = click.option(
    "--prior",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File of `llamoco-data prior`: the races of problems that are new to DIR begin with the optimizers that it "
    "expects to win.",
)


@dataclass(frozen=True, slots=True)
class Wish:
    """The campaign that a user asks for."""

    recipe: str | None
    num_problems: int | None
    changes: Changes
    prior: Prior | None

    def campaign(self, folder: str) -> CampaignSpec:
        """The campaign in a folder, new or grown.

        Raises:
            LlamocoError: see `campaign_for`.
        """
        return campaign_for(folder, self.recipe, self.num_problems, self.prior, self.changes)


def wished(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say which campaign is wanted; the command gets them as its argument `wish`."""

    @functools.wraps(command)
    def with_wish(
        recipe: str | None,
        problems: int | None,
        seed: int | None,
        optimizers: str | None,
        exclude: str | None,
        prior: Path | None,
        **others: Any,
    ) -> Any:
        changes = Changes(seed, _names(optimizers, "--optimizers"), _names(exclude, "--exclude"))
        return command(wish=Wish(recipe, problems, changes, None if prior is None else read_prior(prior)), **others)

    for option in (_PRIOR, _EXCLUDE, _OPTIMIZERS, _SEED, _PROBLEMS, RECIPE):
        with_wish = option(with_wish)
    return with_wish


def _names(given: str | None, option: str) -> tuple[str, ...]:
    """The names in a list with commas; none where the option is left out.

    Raises:
        click.UsageError: the list is given, and empty.
    """
    names = tuple(name.strip() for name in (given or "").split(",") if name.strip())
    if given is not None and not names:
        raise click.UsageError(f"{option} names no optimizer; give names with commas between them, or leave it out")
    return names
