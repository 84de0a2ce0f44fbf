"""`llamoco-tune recipe`: prints a recipe, to start one's own from."""

import click

from llamoco_tune.cli.phases import DEFAULT_RECIPE


@click.command("recipe", short_help="Print a recipe, to start your own from.")
@click.argument("name", default=DEFAULT_RECIPE)
def recipe_command(name: str) -> None:
    """Print the recipe NAME as a file. Change what you like, save it as FILE.toml, and give it to --recipe."""
    from llamoco_tune.recipe_files import recipe_text  # noqa: PLC0415 - torch is slow to import

    click.echo(recipe_text(name), nl=False)
