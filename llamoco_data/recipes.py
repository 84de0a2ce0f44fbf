"""Recipes: whole campaigns by name or from a file. A variant is a function that changes fields of another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llamoco_data.campaign import CampaignSpec, source_of, stored_campaign
from llamoco_data.files import Place
from llamoco_data.folders import not_a
from llamoco_data.identity import LlamocoError
from llamoco_data.plurals import counted
from llamoco_data.portfolio import OPTIMIZER_BY_NAME, OPTIMIZERS, RETIRED
from llamoco_data.problems.sampling import ProblemMixture, sample
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.racing import Exhaustive, Informed, Policy, Race
from llamoco_data.recipe_files import campaign_in, is_file_name, with_optimizers
from llamoco_data.selector import Prior


def standard() -> CampaignSpec:
    """1,000 problems of 2 to 30 variables: an instruction set for a small model, in 33 minutes of one core.

    The statement of such a problem tells which optimizer to take (decision 0009): most objectives have one basic
    function or a few, and there are enough problems for every function to occur often.
    """
    return CampaignSpec(
        recipe="standard",
        seed=7,
        num_problems=1_000,
        mixture=ProblemMixture(
            min_dimension=2,
            max_dimension=30,
            min_budget_factor=50,
            max_budget_factor=500,
            max_evaluations=10_000,
            composition_share=0.25,
            hybrid_share=0.15,
            max_components=3,
            constrained_share=0.4,
        ),
        optimizers=tuple(optimizer.name for optimizer in OPTIMIZERS),
        policy=Race(),
        wordings=3,
        held_out_families=("fractal", "norm"),
    )


def paper() -> CampaignSpec:
    """The size of Ma et al. (arXiv 2403.01131): 6,000 problems of up to 50 variables, half of them constrained.

    It takes about a day of one core; docs/clusters.md has the measurements.
    """
    changes = {
        "recipe": "paper",
        "num_problems": 6_000,
        "mixture": ProblemMixture(
            min_dimension=2, max_dimension=50, min_budget_factor=50, max_budget_factor=2_000, max_evaluations=50_000
        ),
    }
    return standard().model_copy(update=changes)


def demo() -> CampaignSpec:
    """Every kind of problem, small and cheap: 24 problems in little more than a minute of processor time.

    The seed shows every kind, and has few problems small enough for Bayesian optimization, which takes seconds a run.
    """
    changes = {
        "recipe": "demo",
        "seed": 47,
        "num_problems": 24,
        "mixture": ProblemMixture(
            min_dimension=2,
            max_dimension=8,
            min_budget_factor=50,
            max_budget_factor=400,
            max_evaluations=1_500,
            composition_share=0.3,
            hybrid_share=0.4,
        ),
    }
    return standard().model_copy(update=changes)


RECIPES: Mapping[str, Callable[[], CampaignSpec]] = {"demo": demo, "standard": standard, "paper": paper}


def recipe(name: str) -> CampaignSpec:
    """The campaign that a recipe names, or that a recipe file (.toml or .py) describes.

    Raises:
        LlamocoError: no recipe has the name, or the file is wrong.
    """
    if is_file_name(name):
        return campaign_in(Path(name), {each: made() for each, made in RECIPES.items()})
    if name not in RECIPES:
        raise LlamocoError(
            f"there is no recipe {name!r}; the recipes are: {', '.join(RECIPES)}, and any file FILE.toml or FILE.py"
        )
    return RECIPES[name]()


@dataclass(frozen=True, slots=True)
class Changes:
    """What a user changes in a recipe when a campaign begins."""

    seed: int | None = None
    optimizers: Sequence[str] = ()
    """The only optimizers; empty for those of the recipe."""
    exclude: Sequence[str] = ()
    """Optimizers that are left out."""

    def of(self, spec: CampaignSpec) -> CampaignSpec:
        """The campaign with these changes.

        Raises:
            LlamocoError: an optimizer is unknown, or none is left.
        """
        if self.seed is not None:
            spec = spec.model_copy(update={"seed": self.seed})
        if self.optimizers or self.exclude:
            spec = with_optimizers(spec, self.optimizers, self.exclude)
        return spec


def campaign_for(
    folder: Place,
    recipe_name: str | None,
    num_problems: int | None,
    prior: Prior | None = None,
    changes: Changes | None = None,
) -> CampaignSpec:
    """The campaign that a user asks for in a folder: a new one, or that of the folder, grown to today's recipe.

    A folder keeps its problems and their number, unless more are asked for; optimizers, repeats and wordings that its
    recipe has gained since come with it, and optimizers that have left the portfolio go. A campaign of a recipe file,
    or of optimizers that the user chose, keeps these too.

    Args:
        changes: of the recipe, for a new campaign; a folder keeps its own.
        prior: the prior that informs the races of the problems that the folder does not have yet, and that the prior
            was not made of.

    Raises:
        LlamocoError: the folder holds no campaign and no recipe is named, or holds that of another recipe, or one with
            another prior, or is damaged; or no recipe has the name.
    """
    changes = changes or Changes()
    named = None if recipe_name is None else recipe(recipe_name)
    stored = stored_campaign(folder)
    if stored is None:
        if named is None:
            otherwise = f"holds no campaign yet; name a recipe for it: {', '.join(RECIPES)}"
            raise not_a("a campaign", folder, otherwise)
        return _informed(_sized(changes.of(named), num_problems), prior, 0)
    if named is not None and named.recipe != stored.recipe:
        raise LlamocoError(
            f"{folder} holds a campaign of recipe {stored.recipe!r}, not {recipe_name!r}; "
            "leave --recipe out to go on with it, or choose another folder"
        )
    if changes.of(stored).model_copy(update={"settled": stored.settled}) != stored:
        raise LlamocoError(
            f"{folder} holds a campaign with seed {stored.seed} and {counted(len(stored.optimizers), 'optimizer')}, "
            "which it keeps; leave --seed, --optimizers and --exclude out to go on with it, or choose another folder"
        )
    if named is not None and named.settled:
        _check_same(folder, stored, changes.of(named))
    lacking = [name for name in stored.optimizers if name not in OPTIMIZER_BY_NAME and name not in RETIRED]
    if lacking:
        raise LlamocoError(
            f"{folder} holds a campaign with {', '.join(lacking)}, which no portfolio known to this program has; "
            "install the plug-in or go on with the release that has it, or export what is there"
        )
    today = stored if stored.settled else _grown(stored, recipe(stored.recipe))
    grown = _sized(today, num_problems)
    return _informed(grown, prior, stored.num_problems)


def _check_same(folder: Place, stored: CampaignSpec, today: CampaignSpec) -> None:
    """Checks that a recipe file still describes the campaign that a folder holds.

    Raises:
        LlamocoError: it has been changed since.
    """
    kept = ("seed", "mixture", "held_out_families", "optimizers", "wordings", "plugin_wordings", "time_limit_s")
    for name in kept:
        if getattr(stored, name) != getattr(today, name):
            raise LlamocoError(
                f"{folder} holds a campaign with another `{name}` than this recipe file has today, and keeps it; leave "
                "--recipe out to go on with it, or choose another folder"
            )


def _grown(stored: CampaignSpec, today: CampaignSpec) -> CampaignSpec:
    either = {*stored.optimizers, *today.optimizers}
    return stored.model_copy(
        update={
            "optimizers": tuple(optimizer.name for optimizer in OPTIMIZERS if optimizer.name in either),
            "wordings": max(stored.wordings, today.wordings),
            "policy": _longer(stored.policy, today.policy),
        }
    )


def _informed(spec: CampaignSpec, prior: Prior | None, num_before: int) -> CampaignSpec:
    """The campaign with races that a prior informs, after the problems before and those that the prior was made of.

    Raises:
        LlamocoError: the campaign has another prior, or its policy is no race.
    """
    if prior is None:
        return spec
    if isinstance(spec.policy, Informed):
        if spec.policy.prior != prior.prior_id:
            raise LlamocoError(
                f"the campaign has the prior {spec.policy.prior}, and {prior.prior_id} was given: a campaign keeps its "
                "prior; leave --prior out, or choose another folder"
            )
        return spec
    if not isinstance(spec.policy, Race):
        raise LlamocoError("a prior informs races, and the campaign is an exhaustive search; leave --prior out")
    first = max(num_before, prior.spec.num_problems if prior.spec.source == source_of(spec) else 0)
    policy = Informed(prior=prior.prior_id, always=prior.spec.always, first_informed=first, full=spec.policy)
    return spec.model_copy(update={"policy": policy})


def _longer(stored: Policy, today: Policy) -> Policy:
    """The stored policy, or today's where it is an exhaustive search with more repeats; a race is never changed."""
    both = isinstance(stored, Exhaustive) and isinstance(today, Exhaustive)
    return today if both and today.repeats > stored.repeats else stored


def _sized(spec: CampaignSpec, num_problems: int | None) -> CampaignSpec:
    return spec if num_problems is None else spec.model_copy(update={"num_problems": num_problems})


def sample_problem(recipe: str = "standard", seed: int = 7, index: int = 42) -> ProblemSpec:
    """The problem that a recipe, a campaign seed and an index decide.

    Raises:
        LlamocoError: no recipe has the name.
    """
    return sample(_recipe(recipe).mixture, seed, index)


# The parameter `recipe`, which belongs to the public face, hides the function.
_recipe = recipe
