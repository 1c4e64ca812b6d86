"""What may follow a pipe in {{var}}, and the escaping of {{htmlescape}}.

Names and arguments follow Maho in case and spaces: `| escape` is no modifier, and a modifier that
does not exist changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html.entities import codepoint2name, name2codepoint
from urllib.parse import quote

from segmail.errors import TemplateError

MAX_MODIFIERS = 20
MAX_ALLOWED_TAGS = 100
RAW = "raw"  # unknown to Maho, so that a template with it renders the same there

_SPECIAL = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_QUOTED = str.maketrans(_SPECIAL | {"'": "&#039;"})
_NAMED = str.maketrans(
    {chr(code): f"&{name};" for code, name in codepoint2name.items()} | {"'": "&#039;"}
)
_SPECIAL_OR_ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|([A-Za-z0-9]+));|[&<>\"]")
_NAMED_TAG = re.compile(r"[^/\s]", re.ASCII)
_LINE_END = re.compile(r"\r\n|\n\r|\n|\r")


def parse_modifiers(text: str) -> tuple[str, ...]:
    """Return the keys into `MODIFIERS` for what follows the first pipe, in order.

    Raises TemplateError if there are unreasonably many.
    """
    keys = [key for part in text.split("|") if (key := _key(*part.split(":")))]
    if len(keys) > MAX_MODIFIERS:
        raise TemplateError(f"A {{{{var}}}} has more than {MAX_MODIFIERS} modifiers.")
    return tuple(keys)


def unknown_modifiers(text: str) -> tuple[str, ...]:
    """Return what follows the first pipe and is no modifier, as it is written."""
    return tuple(part for part in text.split("|") if part and not _key(*part.split(":")))


def escape_html(text: str) -> str:
    """Escape for HTML, both kinds of quotes too."""
    return text.translate(_QUOTED)


def escape_once(text: str, allowed_tags: tuple[str, ...] = ()) -> str:
    """Escape for HTML as {{htmlescape}} does.

    Entities and single quotes stay, and so do the allowed tags if they have no attributes. Raises
    TemplateError if unreasonably many tags are allowed.
    """
    if len(allowed_tags) > MAX_ALLOWED_TAGS:
        raise TemplateError(f"{{{{htmlescape}}}} allows more than {MAX_ALLOWED_TAGS} tags.")
    # For a name of only slashes, the pattern would try every split of a row of slashes.
    names = "|".join(re.escape(tag) for tag in allowed_tags if _NAMED_TAG.search(tag))
    if not names:
        return _SPECIAL_OR_ENTITY.sub(_escaped_once, text)
    parts = re.split(rf"(<[/\s]*(?:{names})[/\s]*>)", text, flags=re.IGNORECASE | re.ASCII)
    return "".join(
        part if position % 2 else _SPECIAL_OR_ENTITY.sub(_escaped_once, part)
        for position, part in enumerate(parts)
    )


def _key(name: str, argument: str | None = None, *_: str) -> str:
    if name == RAW:
        return RAW
    if name == "nl2br":
        return "nl2br" if argument not in ("", "0") else "nl2br:html"
    key = f"escape:{'html' if argument is None else argument}"
    return key if name == "escape" and key in MODIFIERS else ""


def _escaped_once(match: re.Match[str]) -> str:
    found = match[0]
    if len(found) == 1:
        return _SPECIAL[found]
    if match[1] and match[1] not in name2codepoint:
        return "&amp;" + found[1:]
    return found


def _escape_entities(text: str) -> str:
    return text.translate(_NAMED)


def _escape_url(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _break_lines(text: str) -> str:
    return _LINE_END.sub(r"<br />\g<0>", text)


def _break_lines_html(text: str) -> str:
    return _LINE_END.sub(r"<br>\g<0>", text)


MODIFIERS: Mapping[str, Callable[[str], str]] = {
    "escape:html": escape_html,
    "escape:htmlentities": _escape_entities,
    "escape:url": _escape_url,
    "nl2br": _break_lines,
    "nl2br:html": _break_lines_html,
}
