"""Recipes of tuning from files: settings of one's own, in TOML, as changes of a named recipe."""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue, ValidationError

from llamoco_tune.recipes import RECIPES, Recipe
from llamoco_tune.records import TuningError

SUFFIX = ".toml"
FROM = "from"
"""Key of the named recipe that a file changes."""
TABLES = ("contrast", "teach")
"""Tables of a file, one for each phase."""


def recipe(name: str) -> Recipe:
    """The settings that a recipe names, or that a recipe file describes.

    Raises:
        TuningError: no recipe has the name, or the file cannot be read, or a field of it is wrong; the message names
            the line and the field.
    """
    if name.endswith(SUFFIX):
        return recipe_in(Path(name), RECIPES)
    if name not in RECIPES:
        raise TuningError(
            f"there is no recipe {name!r}; the recipes are: {', '.join(RECIPES)}, and any file FILE{SUFFIX}"
        )
    return RECIPES[name]()


def recipe_in(file: Path, named: Mapping[str, Callable[[], Recipe]]) -> Recipe:
    """The settings that a file describes.

    Args:
        named: the recipes that a file may change.

    Raises:
        TuningError: see `recipe`.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        given: dict[str, JsonValue] = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise TuningError(f"{file} cannot be read as a recipe: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise TuningError(f"{file} is no TOML: {error}") from None

    def at(*place: str) -> str:
        return f"{file}, line {line_of(text, place)}: {'.'.join(place)}"

    parent = given.pop(FROM, None)
    if not isinstance(parent, str) or parent not in named:
        raise TuningError(f"{at(FROM)}: names no recipe to begin with; the recipes are: {', '.join(named)}")
    for name in given:
        if name not in TABLES:
            raise TuningError(f"{at(name)}: unknown; a recipe has {FROM}, and tables {' and '.join(TABLES)}")
    try:
        return Recipe.from_json(json.dumps(_merged(named[parent]().model_dump(mode="json"), given), default=str))
    except ValidationError as error:
        first = error.errors()[0]
        raise TuningError(
            f"{at(*(str(each) for each in first['loc']))}: {first['msg'].lower()}, not {first['input']!r}"
        ) from None


def recipe_text(name: str) -> str:
    """A recipe file that describes a named recipe in full, to start from.

    Raises:
        TuningError: no recipe has the name.
    """
    settings = recipe(name).model_dump(mode="json")
    lines = [f"# A recipe from {name!r}. What a file leaves out is as there.", f"{FROM} = {json.dumps(name)}"]
    for table in TABLES:
        lines += _table(table, settings[table])
    return "\n".join(lines) + "\n"


def line_of(text: str, place: Sequence[str]) -> int:
    """The line of a TOML text, from 1, where a field is set, or else where its table begins; 1 if nowhere."""
    table: tuple[str, ...] = ()
    found = 1
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if bare.startswith("["):
            table = tuple(part.strip() for part in bare.strip("[] ").split("."))
            if table == tuple(place[: len(table)]):
                found = number
        elif "=" in bare:
            here = (*table, *(part.strip() for part in bare.partition("=")[0].split(".")))
            if here == tuple(place[: len(here)]):
                return number
    return found


def _table(name: str, fields: Mapping[str, JsonValue]) -> list[str]:
    """The lines of a table and of those in it; TOML has no null, so fields without a value are comments."""
    lines = ["", f"[{name}]"]
    for key, value in fields.items():
        if value is None:
            lines.append(f"# {key} is not set")
        elif not isinstance(value, dict):
            lines.append(f"{key} = {json.dumps(value)}")
    for key, value in fields.items():
        if isinstance(value, dict):
            lines += _table(f"{name}.{key}", value)
    return lines


def _merged(base: Mapping[str, JsonValue], given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    merged = dict(base)
    for name, value in given.items():
        there = base.get(name)
        merged[name] = _merged(there, value) if isinstance(value, dict) and isinstance(there, dict) else value
    return merged
