"""Recipes of tuning from files: what a file changes, what it keeps, and how a mistake in it is answered."""

from pathlib import Path

import pytest

from llamoco_tune.cli.phases import RECIPE_NAMES
from llamoco_tune.recipe_files import recipe, recipe_text
from llamoco_tune.recipes import RECIPES, compact
from llamoco_tune.records import TuningError

pytestmark = pytest.mark.unit


def written(folder: Path, text: str) -> str:
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return str(folder / "mine.toml")


def test_a_file_changes_the_fields_that_it_names(tmp_path: Path):
    made = recipe(written(tmp_path, 'from = "compact"\n[teach.choice]\ntau = 0.1\n[teach.train]\nmax_steps = 7\n'))
    assert made.teach.choice is not None
    assert (made.teach.choice.tau, made.teach.train.max_steps) == (0.1, 7)
    assert made.contrast == compact().contrast
    assert made.teach.choice.reading_weight == compact().teach.choice.reading_weight  # pyright: ignore[reportOptionalMemberAccess]


def test_a_byte_order_mark_is_no_part_of_a_recipe(tmp_path: Path):
    assert recipe(written(tmp_path, '\ufefffrom = "compact"\n')) == compact()


def test_the_help_of_the_commands_names_every_recipe():
    assert tuple(RECIPES) == RECIPE_NAMES


@pytest.mark.parametrize("name", RECIPES)
def test_a_printed_recipe_is_that_recipe(tmp_path: Path, name: str):
    assert recipe(written(tmp_path, recipe_text(name))) == RECIPES[name]()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[teach]\nper_batch = 3\n", "line 1: from: names no recipe to begin with; the recipes are: tiny, compact"),
        ('from = "compakt"\n', "line 1: from: names no recipe"),
        ('from = "compact"\nsteps = 3\n', "line 2: steps: unknown; a recipe has from, and tables contrast and teach"),
        ('from = "compact"\n[teach.choice]\ntaw = 3\n', "line 3: teach.choice.taw: extra inputs are not permitted"),
        ('from = "compact"\n[teach]\nchoice.tau = 0\n', "line 3: teach.choice.tau: input should be greater than 0"),
        ('from = "tiny"\n[contrast.train]\nseed = "one"\n', "line 3: contrast.train.seed: input should be a valid int"),
        (
            'from = "tiny"\n[teach.train]\nevaluate_every = 0\n',
            "line 3: teach.train.evaluate_every: input should be gr",
        ),
        ('from = "tiny"\n[teach.train]\nsave_every = 0\n', "line 3: teach.train.save_every: input should be greater"),
        ('from = "tiny"\n[contrast.train]\nlog_every = 0\n', "line 3: contrast.train.log_every: input should be gr"),
        ('from = "tiny"\n[teach.train]\nnum_epochs = 0\n', "line 3: teach.train.num_epochs: input should be greater"),
        ('from = "tiny"\n[teach.train]\nmax_steps = 0\n', "line 3: teach.train.max_steps: input should be greater"),
        ('from = "tiny"\n[teach.train]\nwarmup_share = 1.5\n', "line 3: teach.train.warmup_share: input should be l"),
        ('from = "tiny"\n[teach]\nmixing = "capped"\n', "teach.mixing_cap: capped mixing needs the most rows that"),
        ("from = compact\n", "is no TOML"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_field(tmp_path: Path, text: str, line: str):
    with pytest.raises(TuningError) as refused:
        recipe(written(tmp_path, text))
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


def test_unknown_names_and_missing_files_are_refused(tmp_path: Path):
    with pytest.raises(TuningError, match="there is no recipe 'none'; the recipes are: tiny"):
        recipe("none")
    with pytest.raises(TuningError, match="cannot be read as a recipe"):
        recipe(str(tmp_path / "none.toml"))
