"""Renders pages, and inlines their styles, once for many mails.

Inlining takes forty times as long as rendering. The mails of a template mostly differ in a few
values: a name, a code, a link. So a mail is rendered with a mark for each such value, the HTML
around the marks is inlined once and kept, and the values are filled in. The result is, byte for
byte, that of inlining each mail by itself; wherever that is not certain, each mail is inlined by
itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from html.entities import html5
from itertools import chain, zip_longest
from typing import NamedTuple

from segmail.errors import TemplateError
from segmail.templates.styles import (
    LEVELS,
    ROOM,
    asks_for_attributes,
    check_size,
    inline_styles,
    inlined_at,
    stored_size,
)

_KEPT = 64  # pages kept per template: stores times the branches that its mails take

_OPEN, _CLOSE = "\ue000", "\ue001"  # private-use characters: no standard gives them a meaning

# What a value may contain, once each: a mark that a space or a quotation mark splits is in a place
# where values may not be exchanged.
MARK = f"{_OPEN}'& \xa0{_CLOSE}"
_WRITTEN = re.compile(rf"{_OPEN}[0-9]+'(?:&amp;|&) (?:&nbsp;|\xa0){_CLOSE}")
_NUMBERED = re.compile(rf"{_OPEN}([0-9]+){MARK[1:]}")

_OLD_ENTITIES = "|".join(sorted(name for name in html5 if not name.endswith(";")))
_EXCHANGEABLE = re.compile(  # (?>…*), for …*+ goes wrong in Debian 12's Python 3.11.2
    rf"(?!\s)(?>(?:[^<>\"&;\x00-\x1f\x7f-\x9f{_OPEN}{_CLOSE}]"
    rf"|&(?= |(?!{_OLD_ENTITIES})[A-Za-z_][A-Za-z0-9_]*=))*)"
)

# Places where a value affects the HTML around it: attributes that styles look at, a tag's name, the
# rest of an entity, the end of a comment.
_STEERS = re.compile(
    rf"\b(?:class|id|style)=\"[^\"]*{_OPEN}|<[^\s<>\"'=]*{_OPEN}|&(?:amp;)?[#A-Za-z0-9]*{_OPEN}"
    rf"|{_CLOSE}[-!]*>",
    re.IGNORECASE,
)
_MAX_VALUE = 2_000
_SCHEME = re.compile("https?://")


class RenderedText(NamedTuple):
    """A text, and how it was made: values, none of them empty, between pieces.

    The pieces are the same objects in all mails that share them. A text whose values may be more
    than text is a single piece.
    """

    text: str
    pieces: tuple[str, ...]
    values: Sequence[str]

    @classmethod
    def whole(cls, text: str) -> RenderedText:
        """Return a text of one piece."""
        return cls(text, (text,), ())


class Skeleton(NamedTuple):
    """A text with marks instead of values, and how many."""

    text: str
    marks: int


@lru_cache(maxsize=_KEPT)
def skeleton(pieces: tuple[str, ...]) -> Skeleton:
    """Return the text of these pieces; as it is one object, Python hashes it once."""
    text = "".join(pieces)
    return Skeleton(text, text.count(MARK))


def exchangeable(text: str) -> tuple[str, str] | None:
    """Split a printed text, if a mark may stand for its end: the value must not change the HTML.

    The beginning says that a link leads to the web; it belongs to the page, which shows by it what
    is a link.
    """
    return _split(text) if 0 < len(text) <= _MAX_VALUE else None


@lru_cache(maxsize=256)  # mails repeat the same name, shop and link again and again
def _split(text: str) -> tuple[str, str] | None:
    if not _EXCHANGEABLE.fullmatch(text):
        return None
    scheme = _SCHEME.match(text)
    value = text[scheme.end() :] if scheme else text
    return (text[: len(text) - len(value)], value) if value else None


def filled(skeleton: str, values: Sequence[str]) -> str:
    """Return a rendered text with the values instead of its marks."""
    return joined(skeleton.split(MARK), values)


def joined(pieces: Sequence[str], values: Sequence[str]) -> str:
    """Return the text of the pieces with the values between them."""
    return "".join(chain.from_iterable(zip_longest(pieces, values, fillvalue="")))


class Styler:
    """Inlines one template's mails; keeps the pages that it has made."""

    def __init__(self) -> None:
        self._pages: dict[tuple[str, str, int], _Page | None] = {}

    def styled(
        self, skeleton: str, values: Sequence[str], css: str, *, kept_free: int = 0
    ) -> RenderedText:
        """Return a mail as `inline_styles` does; raise TemplateError if that is impossible."""
        room = ROOM - kept_free - stored_size("".join(values))
        last = len(LEVELS) - 1 if css else 0
        for level in range(last + 1):
            page = self._page(skeleton, len(values), css, level)
            if page is None:
                break
            if page.size <= room or level == last:
                return RenderedText(joined(page.pieces, values), page.pieces, values)
        return RenderedText.whole(inline_styles(filled(skeleton, values), css, kept_free=kept_free))

    def _page(self, skeleton: str, values: int, css: str, level: int) -> _Page | None:
        key = (skeleton, css, level)
        if key not in self._pages:
            if len(self._pages) >= _KEPT:
                self._pages.clear()
            self._pages[key] = _page(skeleton, values, css, level)
        return self._pages[key]


class _Page(NamedTuple):
    """Pieces with values between them, and the bytes that the pieces take in Maho's table."""

    pieces: tuple[str, ...]
    size: int


def _page(skeleton: str, values: int, css: str, level: int) -> _Page | None:
    """Return the page, None if values may not be exchanged in it."""
    if _STEERS.search(skeleton) or asks_for_attributes(skeleton, css):
        return None
    numbered = _numbered(skeleton)
    try:
        check_size(numbered)
    except TemplateError:
        return None  # what is too long to be styled is reported there, if it is
    html = inlined_at(numbered, css, level)
    pieces = tuple(_NUMBERED.split(html)[::2])
    in_order = list(map(int, _NUMBERED.findall(html))) == list(range(values))
    if in_order and _are_whole(numbered, values) and _OPEN not in "".join(pieces):
        whole = "".join(pieces)
        if whole == _without(skeleton, css, level):
            return _Page(pieces, stored_size(whole))
    return None


def _are_whole(numbered: str, values: int) -> bool:
    """Return whether a parser finds each mark in one piece: in a text or an attribute's value."""
    from turbohtml import parse

    return len(_WRITTEN.findall(parse(numbered).html)) == values


def _numbered(skeleton: str) -> str:
    first, *others = skeleton.split(MARK)
    marked = (f"{_OPEN}{number}{MARK[1:]}{piece}" for number, piece in enumerate(others))
    return first + "".join(marked)


def _without(skeleton: str, css: str, level: int) -> str:
    """Return the page without its values, to check that they do not hold its structure together."""
    return inlined_at(skeleton.replace(MARK, ""), css, level)
