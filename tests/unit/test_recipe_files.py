"""Recipes from files: what a file changes, what it keeps, and how a mistake in it is answered."""

from pathlib import Path

import pytest

from llamoco_data.campaign import CampaignSpec
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio import OPTIMIZERS
from llamoco_data.racing import Exhaustive
from llamoco_data.recipe_files import recipe_text
from llamoco_data.recipes import Changes, campaign_for, demo, recipe, standard

pytestmark = pytest.mark.unit


def written(folder: Path, text: str, name: str = "mine.toml") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


CHANGED = """\
from llamoco_data.recipes import demo
def recipe():
    return demo().model_copy(update={})
"""


def campaign(folder: Path, spec: CampaignSpec) -> Path:
    place = folder / "c"
    place.mkdir()
    (place / "campaign.json").write_text(spec.to_json(), encoding="utf-8")
    return place


def test_a_file_changes_the_fields_that_it_names(tmp_path: Path):
    made = recipe(written(tmp_path, 'from = "demo"\nseed = 5\n[mixture]\nmax_dimension = 4\n'))
    changes = {"recipe": "mine", "seed": 5, "settled": True}
    assert made == demo().model_copy(
        update={**changes, "mixture": demo().mixture.model_copy(update={"max_dimension": 4})}
    )


def test_a_file_without_a_parent_changes_standard(tmp_path: Path):
    made = recipe(written(tmp_path, "wordings = 1\n"))
    assert made.model_copy(update={"recipe": "standard", "wordings": 3, "settled": False}) == standard()


def test_a_byte_order_mark_is_no_part_of_a_recipe(tmp_path: Path):
    assert recipe(written(tmp_path, '\ufefffrom = "demo"\nseed = 5\n')).seed == 5


def test_a_policy_of_another_kind_replaces_the_parents(tmp_path: Path):
    made = recipe(written(tmp_path, '[policy]\nkind = "exhaustive"\nrepeats = 4\n'))
    assert made.policy == Exhaustive(repeats=4)


def test_optimizers_can_be_chosen_and_left_out_and_random_search_stays(tmp_path: Path):
    made = recipe(written(tmp_path, 'optimizers = ["pso", "de", "slsqp"]\nexclude = ["pso"]\n'))
    assert made.optimizers == ("slsqp", "de", "random_search")


def test_a_python_file_returns_a_campaign(tmp_path: Path):
    text = "from llamoco_data.recipes import demo\ndef recipe():\n    return demo().model_copy(update={'seed': 8})\n"
    made = recipe(written(tmp_path, text, "mine.py"))
    assert (made.recipe, made.seed, made.settled) == ("mine", 8, True)


@pytest.mark.parametrize("name", ["demo", "standard", "paper"])
def test_a_printed_recipe_is_that_recipe(tmp_path: Path, name: str):
    made = recipe(written(tmp_path, recipe_text(recipe(name), name)))
    assert made == recipe(name).model_copy(update={"recipe": "mine", "settled": True})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("seed = 3\nsed = 4\n", "line 2: sed: unknown; a recipe has from, exclude, seed,"),
        ("\n[mixture]\nmax_dimension = 'ten'\n", "line 3: mixture.max_dimension: input should be a valid integer"),
        ("mixture.max_dimension = 1\n", "line 1: mixture.max_dimension: input should be greater than or equal to 2"),
        ("seed = -1\n", "line 1: seed: input should be greater than or equal to 0, not -1"),
        (
            'optimizers = [\n"de",\n"gradient_descent"]\n',
            "line 1: optimizers: there is no optimizer 'gradient_descent'",
        ),
        ('wordings = 2\nexclude = "de"\n', "line 2: exclude: expected a list of names, not 'de'"),
        ('optimizers = ["de"]\nexclude = ["de"]\n', "line 2: exclude: no optimizer is left"),
        (
            '[policy]\nkind = "tournament"\n',
            "line 2: policy.kind: there is no kind 'tournament'; the kinds are: exhaustive, race, informed",
        ),
        ('[policy]\nkind = "exhaustive"\n', "line 1: policy.repeats: is missing; give it a value"),
        ("[policy]\nkept = 0.5\nkep = 1\n", "line 3: policy.kep: unknown; leave it out"),
        ("seed = 1\noptimizers = []\n", "line 2: optimizers: expected 1 or more, found 0"),
        ("num_problems = 0\n", "line 1: num_problems: input should be greater than or equal to 1, not 0"),
        (
            'seed = 3\noptimizers = ["de", "de"]\n',
            "line 2: optimizers: each can take part once",
        ),
        (
            'from = "demo"\n[mixture]\nmin_dimension = 10\n',
            "line 2: mixture.max_dimension: 8 is less than min_dimension, 10",
        ),
        (
            "[mixture]\nmin_budget_factor = 400\nmax_budget_factor = 20\n",
            "line 3: mixture.max_budget_factor: 20 is less than min_budget_factor, 400",
        ),
        ("mixture.min_budget_factor = 0.1\n", "line 1: mixture.min_budget_factor: 0.1 leaves budgets of less than 1"),
        ("mixture.max_components = 60\n", "line 1: mixture.max_components: 60 is more than the 39 functions there are"),
        ("mixture.hybrid_share = 0.9\n", "line 1: mixture.hybrid_share: with composition_share it is more than 1"),
        ("time_limit_s = 1e10\n", "line 1: time_limit_s: input should be less than or equal to 1000000"),
        ('from = "standrad"\n', "line 1: from: there is no recipe 'standrad'; the recipes are: demo, standard, paper"),
        ('recipe = "other"\n', "line 1: recipe: unknown"),
        ("seed = \n", "is no TOML: Invalid value (at line 1, column 8)"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_field(tmp_path: Path, text: str, line: str):
    with pytest.raises(LlamocoError) as refused:
        recipe(written(tmp_path, text))
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def recipe():\n    return 5\n", "needs a function recipe() that returns a CampaignSpec"),
        ("1 / 0\n", "failed with ZeroDivisionError"),
        ("import nothing_of_that_name\n", "failed with ModuleNotFoundError"),
        ("import sys\nsys.exit(0)\n", "failed with SystemExit"),
        (
            CHANGED.format("{'wordings': 0}"),
            "mine.py: wordings: input should be greater than or equal to 1, not 0",
        ),
        (
            CHANGED.format("{'seed': 'two'}"),
            "mine.py: seed: input should be a valid integer",
        ),
        (CHANGED.format("{'num_problems': 0}"), "mine.py: num_problems: input should be greater than or equal to 1"),
    ],
)
def test_a_python_file_that_gives_no_campaign_is_refused(tmp_path: Path, text: str, line: str):
    with pytest.raises(LlamocoError, match=line.replace("(", r"\(").replace(")", r"\)")):
        recipe(written(tmp_path, text, "mine.py"))


def test_a_file_that_is_missing_or_has_the_name_of_a_recipe_is_refused(tmp_path: Path):
    with pytest.raises(LlamocoError, match="cannot be read as a recipe"):
        recipe(str(tmp_path / "none.toml"))
    with pytest.raises(LlamocoError, match="'demo' is the name of a recipe of the program"):
        recipe(written(tmp_path, "seed = 1\n", "demo.toml"))


def test_growth_adds_nothing_to_what_a_user_chose(tmp_path: Path):
    place = campaign(tmp_path, Changes(seed=4, exclude=("ga",)).of(demo()))
    grown = campaign_for(place, "demo", 30)
    assert "ga" not in grown.optimizers
    assert (grown.seed, grown.num_problems, grown.settled) == (4, 30, True)


def test_growth_of_a_named_recipe_adds_what_it_has_gained(tmp_path: Path):
    fewer = demo().model_copy(update={"optimizers": ("de", "random_search")})
    assert campaign_for(campaign(tmp_path, fewer), None, None).optimizers == tuple(each.name for each in OPTIMIZERS)


@pytest.mark.parametrize("changes", [Changes(seed=48), Changes(optimizers=("de",)), Changes(exclude=("ga",))])
def test_a_campaign_keeps_its_seed_and_optimizers(tmp_path: Path, changes: Changes):
    place = campaign(tmp_path, demo())
    with pytest.raises(LlamocoError, match="leave --seed, --optimizers and --exclude out"):
        campaign_for(place, None, None, changes=changes)
    assert campaign_for(place, None, None, changes=Changes(seed=47)) == demo()


def test_a_campaign_of_a_file_that_has_changed_is_refused(tmp_path: Path):
    file = written(tmp_path, 'from = "demo"\nseed = 5\n')
    place = campaign(tmp_path, recipe(file))
    assert campaign_for(place, file, None) == recipe(file)
    written(tmp_path, 'from = "demo"\nseed = 6\n')
    with pytest.raises(LlamocoError, match="another `seed` than this recipe file has today"):
        campaign_for(place, file, None)


def test_an_unknown_optimizer_is_refused_by_name():
    with pytest.raises(LlamocoError, match="there is no optimizer 'sgd'"):
        Changes(optimizers=("sgd",)).of(demo())
