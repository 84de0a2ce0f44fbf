"""Recipes from files: a campaign of one's own, in TOML or Python, as changes of a named recipe."""

import json
import runpy
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue, ValidationError

from llamoco_data.campaign import CampaignSpec
from llamoco_data.identity import LlamocoError
from llamoco_data.plugins import NO_PLUGIN
from llamoco_data.portfolio import BASELINE, OPTIMIZER_BY_NAME

SUFFIXES = (".toml", ".py")
FROM = "from"
"""Key of the named recipe that a file changes."""
EXCLUDE = "exclude"
"""Key of the optimizers that a file leaves out."""
_WIDTH = 100
_OURS = ("schema_version", "recipe", "own_problems", "settled", "suites")
"""Fields that a file cannot set."""


def is_file_name(recipe: str) -> bool:
    """Whether a recipe is meant as a file, by its suffix."""
    return recipe.endswith(SUFFIXES)


def campaign_in(file: Path, named: Mapping[str, CampaignSpec]) -> CampaignSpec:
    """The campaign that a recipe file describes; its recipe has the file's name.

    Args:
        named: the recipes that a file may change.

    Raises:
        LlamocoError: the file cannot be read, or a field of it is wrong; the message names the line and the field.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LlamocoError(f"{file} cannot be read as a recipe: {error}") from None
    if file.stem in named:
        raise LlamocoError(f"{file}: {file.stem!r} is the name of a recipe of the program; give the file another name")
    spec = _of_python(file) if file.suffix == ".py" else _of_toml(file, text, named)
    return spec.model_copy(update={"recipe": file.stem, "settled": True})


def with_optimizers(spec: CampaignSpec, only: Sequence[str] = (), exclude: Sequence[str] = ()) -> CampaignSpec:
    """The campaign with these optimizers alone, or without some; it keeps them, whatever later releases add.

    Random search, by which scores are measured, always takes part.

    Raises:
        LlamocoError: an optimizer is unknown, or none is left.
    """
    unknown = [name for name in (*only, *exclude) if name not in OPTIMIZER_BY_NAME]
    if unknown:
        raise LlamocoError(f"there is no optimizer {unknown[0]!r}; `llamoco-data portfolio` lists them")
    among = only or spec.optimizers
    chosen = {name for name in among if name not in exclude and name != BASELINE}
    kept = tuple(name for name in OPTIMIZER_BY_NAME if name in chosen or name == BASELINE)
    if not chosen:
        raise LlamocoError("no optimizer is left; leave some in")
    return spec.model_copy(update={"optimizers": kept, "settled": True})


def recipe_text(spec: CampaignSpec, parent: str) -> str:
    """A recipe file that describes a campaign in full, to start from.

    Args:
        parent: the named recipe that the file is said to change.
    """
    fields = {name: value for name, value in spec.model_dump(mode="json").items() if name not in _OURS}
    tables = {name: value for name, value in fields.items() if isinstance(value, dict)}
    lines = [
        f"# A recipe from {parent!r}. What a file leaves out is as there.",
        f"{FROM} = {json.dumps(parent)}",
        *(f"{name} = {_value(value)}" for name, value in fields.items() if name not in tables),
    ]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {_value(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _of_python(file: Path) -> CampaignSpec:
    """What the function `recipe` of a Python file returns."""
    try:
        made = runpy.run_path(str(file)).get("recipe")
        spec = made() if callable(made) else None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the file is the user's code
        raise LlamocoError(f"{file} failed with {type(error).__name__}: {error}") from None
    if not isinstance(spec, CampaignSpec):
        raise LlamocoError(
            f"{file} needs a function recipe() that returns a CampaignSpec, such as "
            "llamoco_data.recipes.standard().model_copy(update={'seed': 11})"
        )
    try:
        checked = CampaignSpec.model_validate(spec.model_dump(warnings=False))
    except ValidationError as error:  # `model_copy` checks nothing
        place, wrong = _first_mistake(error)
        raise LlamocoError(f"{file}: {'.'.join(place)}: {wrong}") from None
    _check_problems(checked, f"{file}: num_problems")
    return checked


def _check_problems(spec: CampaignSpec, at: str) -> None:
    """Checks that problems are drawn; a campaign of added problems alone begins with `add`, whatever its recipe says.

    Raises:
        LlamocoError: none are.
    """
    if spec.num_problems < 1:
        raise LlamocoError(f"{at}: input should be greater than or equal to 1, not {spec.num_problems}")


def _first_mistake(error: ValidationError) -> tuple[tuple[str, ...], str]:
    """The field of the first mistake in a campaign, and what is wrong with it."""
    first = error.errors(include_url=False)[0]
    place = tuple(str(each) for each in first["loc"] if str(each) not in ("race", "exhaustive", "informed"))
    if first["type"] == "value_error":  # a rule of several fields; its message begins with one of them
        field, _, broken = first["msg"].removeprefix("Value error, ").partition(": ")
        return (*place, field), broken
    if first["type"] == NO_PLUGIN:
        return place[:-1], first["msg"]
    match first:
        case {"type": "missing"}:
            return place, "is missing; give it a value"
        case {"type": "extra_forbidden"}:
            return place, "unknown; leave it out"
        case {"type": "too_short", "ctx": {"min_length": least, "actual_length": found}}:
            return place, f"expected {least} or more, found {found}"
        case {"type": "union_tag_invalid", "ctx": {"tag": tag, "expected_tags": tags}}:
            kinds = str(tags).replace("'", "")
            return (*place, "kind"), f"there is no kind {tag!r}; the kinds are: {kinds}"
        case _:
            return place, f"{first['msg'].lower()}, not {first['input']!r}"


def _of_toml(file: Path, text: str, named: Mapping[str, CampaignSpec]) -> CampaignSpec:
    try:
        given: dict[str, JsonValue] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LlamocoError(f"{file} is no TOML: {error}") from None

    def at(*place: str) -> str:
        return f"{file}, line {line_of(text, place)}: {'.'.join(place)}"

    parent = given.pop(FROM, "standard")
    if not isinstance(parent, str) or parent not in named:
        raise LlamocoError(f"{at(FROM)}: there is no recipe {parent!r}; the recipes are: {', '.join(named)}")
    base = named[parent]
    exclude = given.pop(EXCLUDE, [])
    for name in given:
        if name in _OURS or name not in CampaignSpec.model_fields:
            known = ", ".join(field for field in CampaignSpec.model_fields if field not in _OURS)
            raise LlamocoError(f"{at(name)}: unknown; a recipe has {FROM}, {EXCLUDE}, {known}")
    try:
        spec = CampaignSpec.from_json(json.dumps(_merged(base.model_dump(mode="json"), given), default=str))
    except ValidationError as error:
        place, wrong = _first_mistake(error)
        raise LlamocoError(f"{at(*place)}: {wrong}") from None
    _check_problems(spec, at("num_problems"))
    only = _names(given.get("optimizers", []), at("optimizers"))
    return _kept(spec, only, _names(exclude, at(EXCLUDE)), at(EXCLUDE if exclude else "optimizers"))


def _names(given: JsonValue, at: str) -> list[str]:
    """A list of optimizers."""
    if not isinstance(given, list):
        raise LlamocoError(f"{at}: expected a list of names, not {given!r}")
    for name in given:
        if name not in OPTIMIZER_BY_NAME:
            raise LlamocoError(f"{at}: there is no optimizer {name!r}; `llamoco-data portfolio` lists them")
    return [str(name) for name in given]


def _kept(spec: CampaignSpec, only: Sequence[str], exclude: Sequence[str], at: str) -> CampaignSpec:
    try:
        return with_optimizers(spec, only, exclude)
    except LlamocoError as error:
        raise LlamocoError(f"{at}: {error}") from None


def _merged(base: Mapping[str, JsonValue], given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The base with the fields given; a table of another kind, such as another policy, replaces the base's."""
    merged = dict(base)
    for name, value in given.items():
        there = base.get(name)
        if (
            isinstance(value, dict)
            and isinstance(there, dict)
            and value.get("kind", there.get("kind")) == there.get("kind")
        ):
            merged[name] = _merged(there, value)
        else:
            merged[name] = value
    return merged


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
            key = tuple(part.strip() for part in bare.partition("=")[0].split("."))
            here = (*table, *key)
            if here == tuple(place[: len(here)]):
                return number
    return found


def _value(value: object) -> str:
    """A value in TOML, which writes texts, numbers, truth values and lists as JSON does; long lists take lines."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_value(each)}' for key, each in value.items())} }}"
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return f"[{', '.join(map(_value, value))}]"
    text = json.dumps(value)
    if isinstance(value, list) and len(text) > _WIDTH:
        inner = textwrap.fill(text[1:-1], _WIDTH, initial_indent="    ", subsequent_indent="    ")
        return f"[\n{inner},\n]"
    return text
