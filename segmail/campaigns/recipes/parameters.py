"""The parameters of recipes: the values that each kind allows, and how they get into the texts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from segmail.errors import InputError

_PLACE = re.compile(r"\$\{([a-z_]+)\}")

# For each kind, the pattern of its values, and a description. None can end a quoted YAML text.
KINDS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "percent": (re.compile(r"[1-9][0-9]?|100"), "a whole number from 1 to 100"),
    "amount": (re.compile(r"[0-9]{1,7}(\.[0-9]{1,2})?"), "an amount such as 200 or 49.90"),
    "number": (re.compile(r"[1-9][0-9]{0,9}"), "a whole number"),
    "category": (
        re.compile(r"[^\",\\{}<>$\x00-\x1f]{1,255}"),
        "a category's name, its path such as Men/Boots, or its id",
    ),
    "categories": (
        re.compile(r"[^\"\\{}<>$\x00-\x1f]{1,1000}"),
        "categories such as Boots, Men/Hats: names, paths or ids",
    ),
    "countries": (re.compile(r"[A-Z]{2}(, ?[A-Z]{2})*"), "countries such as IT, CH"),
    "websites": (re.compile(r"\w+(, ?\w+)*", re.ASCII), "websites such as base, b2b"),
    "path": (re.compile(r"[\w./-]+", re.ASCII), "a path such as refer-a-friend"),
    "text": (re.compile(r'[^"\\{}<>$\x00-\x1f]*'), 'a text without ", \\, <, >, {, } and $'),
    "e-mail": (
        re.compile(r'([^\s"\\{}<>$@]+@[^\s"\\{}<>$@]+)?'),
        "an e-mail address",
    ),
}


@dataclass(frozen=True)
class RecipeParameter:
    """A parameter of a recipe; one without a default is required, and has an `example`."""

    name: str
    kind: str
    help: str
    default: str | None = None
    example: str | None = None


# The parameters that every recipe has.
COMMON = (
    RecipeParameter("websites", "websites", "Codes of the websites; by default all", "", "base"),
    RecipeParameter("sender_name", "text", "The sender's name; by default the shop's contact", ""),
    RecipeParameter(
        "sender_email", "e-mail", "The sender's address; by default the shop's contact", ""
    ),
)


def parse_given(given: tuple[str, ...], known: tuple[RecipeParameter, ...]) -> dict[str, str]:
    """Return the values of `KEY=VALUE` arguments.

    Raises InputError for unknown keys and for values that do not fit the parameter's kind.
    """
    by_name = {one.name: one for one in known}
    values: dict[str, str] = {}
    for argument in given:
        name, equals, value = argument.partition("=")
        if not equals:
            raise InputError(f"'{argument}' must be KEY=VALUE, such as {known[0].name}=10.")
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise InputError(
                f"This recipe has no parameter '{name}'.{hint} It has {', '.join(by_name)}."
            )
        pattern, words = KINDS[by_name[name].kind]
        if not pattern.fullmatch(value.strip()):
            raise InputError(f"{name} must be {words}, not '{value}'.")
        values[name] = value.strip()
    if bool(values.get("sender_name")) != bool(values.get("sender_email")):
        raise InputError("Give sender_name and sender_email together.")
    return values


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a recipe's text with the values filled in, without the lines whose value is empty."""
    kept = [
        line
        for line in text.splitlines(keepends=True)
        if all(values[name] for name in _PLACE.findall(line))
    ]
    return _PLACE.sub(lambda found: values[found[1]], "".join(kept))
