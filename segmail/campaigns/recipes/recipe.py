"""A recipe read from its folder, filled with values, and exported."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from segmail.campaigns.apply import ReadFile
from segmail.campaigns.files import read_bytes
from segmail.campaigns.markup import Fields, MarkupNode, Scalar, parse_yaml
from segmail.campaigns.recipes.parameters import COMMON, RecipeParameter, fill
from segmail.errors import InputError

_HERE = Path(__file__).parent
_STYLES = "mail.css"  # one for all recipes, beside their folders


@dataclass(frozen=True)
class Recipe:
    """What a recipe's `recipe.yaml` says; `feed` names the list to import, if there is one."""

    name: str
    title: str
    summary: str
    feed: str | None
    parameters: tuple[RecipeParameter, ...]


def recipe_names() -> list[str]:
    """Return the names of all recipes."""
    return sorted(file.parent.name for file in _HERE.glob("*/recipe.yaml"))


def load_recipe(name: str) -> Recipe:
    """Return a recipe. Raises InputError, with the nearest name, if there is none."""
    names = recipe_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise InputError(f"There is no recipe '{name}'.{hint} `segmail recipe list` lists them.")
    said = _fields(parse_yaml((_HERE / name / "recipe.yaml").read_bytes()))
    own = tuple(_parameter(key, node) for key, node in _fields(said.get("parameters")).items())
    feed = _text(said["feed"]) if "feed" in said else None
    return Recipe(name, _text(said["title"]), _text(said["summary"]), feed, own + COMMON)


def settle_values(
    recipe: Recipe, given: Mapping[str, str], *, websites: str | None = None, examples: bool = False
) -> dict[str, str]:
    """Return a value for each parameter: the one given, else its default.

    `websites` are those of the shop. With `examples`, a parameter without a default gets its
    example. Raises InputError for a required one that is missing.
    """
    values: dict[str, str] = {}
    for one in recipe.parameters:
        value = given.get(one.name, one.default)
        if not value and one.name == "websites":
            value = websites or one.example
        if value is None and examples:
            value = one.example
        if value is None:
            raise InputError(
                f"The recipe '{recipe.name}' needs --set {one.name}=… ({one.help}), such as "
                f'--set "{one.name}={one.example}".'
            )
        values[one.name] = value
    return values


def read_recipe(recipe: Recipe, values: Mapping[str, str]) -> ReadFile:
    """Return the recipe as a campaign file that can be validated, planned and applied."""
    folder = _HERE / recipe.name
    text = fill((folder / "campaign.yaml").read_text("utf-8"), values)
    read = read_bytes(text.encode(), file=f"recipe {recipe.name}", folder=folder)
    templates = tuple(
        replace(one, text=None if one.text is None else fill(one.text, values))
        for one in read.campaign.templates
    )
    return replace(read, campaign=replace(read.campaign, templates=templates))


def export_recipe(recipe: Recipe, values: Mapping[str, str]) -> dict[str, str]:
    """Return the recipe's files by name, for a folder from which to start one's own campaign."""
    folder = _HERE / recipe.name
    texts = {file.name: file.read_text("utf-8") for file in sorted(folder.glob("*.html"))}
    texts["campaign.yaml"] = (folder / "campaign.yaml").read_text("utf-8")
    files = {name: fill(text, values) for name, text in texts.items()}
    files["campaign.yaml"] = files["campaign.yaml"].replace(f"../{_STYLES}", _STYLES)
    return files | {_STYLES: (_HERE / _STYLES).read_text("utf-8")}


def _parameter(name: str, node: MarkupNode) -> RecipeParameter:
    said = {key: _text(value) for key, value in _fields(node).items()}
    return RecipeParameter(
        name, said["kind"], said["help"], said.get("default"), said.get("example")
    )


def _fields(node: MarkupNode | None) -> dict[str, MarkupNode]:
    return {key.text: value for key, value in node.pairs} if isinstance(node, Fields) else {}


def _text(node: MarkupNode) -> str:
    if not isinstance(node, Scalar):
        raise TypeError(f"Line {node.line} of a recipe must be a text.")
    return node.text
