"""The body of an HTML mail, joined from pieces that are ready in every form needed.

Most mails of a template are the same except for a few values. The pieces between the values are
searched, parsed and encoded once for all mails, and so are the lines of their plain text. If a
value could be more than words, the text is made from the mail's own HTML instead, with the same
result.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from segmail.mail.column_limits import storable_html
from segmail.mail.items.printed import Printed, PrintedPiece
from segmail.mail.links import LinkTags
from segmail.mail.plain_text import link_told, marked_text, plain_text
from segmail.mail.quoted_printable import quoted_printable, stretch
from segmail.templates import RenderedText, joined

_KEPT = 64  # pages: templates times stores times the branches that mails take

_FIRST, _LAST = 0xE100, 0xF8FF  # marks of values, private-use characters
_MARK = re.compile(f"([{chr(_FIRST)}-{chr(_LAST)}])")
_PRIVATE = re.compile("[\ue000-\uf8ff]")

# What a text leaves unchanged wherever it is: no spaces except single ones between words, nothing
# that readers would not see.
_SEEN = "[^\\s\u00ad\u034f\u061c\u180e\u200b-\u200f\u2007\u2060\u2800\u3164\ufeff\ue000-\uf8ff]"
_WORDS = re.compile(rf"{_SEEN}+(?:[ \xa0]{_SEEN}+)*")


class MailBody(NamedTuple):
    """A body as it is stored, and the parts of a message in quoted-printable; b"" for no text."""

    stored: str
    body: bytes
    text: bytes


def mail_body(
    rendered: RenderedText, printed: Printed, tags: LinkTags | None, *, with_text: bool
) -> MailBody:
    """Return the body of a mail in HTML; raise MessageError for characters that cannot be encoded.

    `printed` are its item blocks, `tags` are added to its links. Without `with_text` there is no
    plain text.
    """
    tag_html, tag_text = (tags.tag_html, tags.tag_text) if tags else (None, None)
    marked = tag_html(rendered.text) if tag_html else rendered.text
    html = printed.in_html(marked, tag_html)
    numbers: dict[str, int] = {}
    order = tuple([numbers.setdefault(value, len(numbers)) for value in rendered.values])
    page = None if tags else _page(rendered.pieces, order)
    shown = [printed.shown(value) for value in numbers] if page else []

    text = page.text.joined(list(numbers), shown) if page and page.text and with_text else None
    if text is None and with_text:
        told = printed.in_text(plain_text(marked), tag_text)
        text = quoted_printable(told) if told else None
    if page is None:
        return MailBody(storable_html(html), quoted_printable(html), text or b"")
    values = [piece.html for piece in shown]
    stored = html if page.is_storable and _is_storable(values) else storable_html(html)
    return MailBody(stored, page.html.joined(values), text or b"")


class _Page:
    """What all mails whose HTML has these pieces, with values in this order, have in common."""

    def __init__(self, pieces: Sequence[str], order: Sequence[int]) -> None:
        self.html = _Encoded(pieces, order)
        self.is_storable = _is_storable(pieces)
        found = marked_text(joined(pieces, [chr(_FIRST + number) for number in order]), _MARK)
        self.text = _PageText(*found) if found and found[0] else None


@lru_cache(maxsize=_KEPT)
def _page(pieces: tuple[str, ...], order: tuple[int, ...]) -> _Page | None:
    """Return a page; None if its marks for values would not be the only ones."""
    if max(order, default=0) > _LAST - _FIRST or any(map(_PRIVATE.search, pieces)):
        return None
    return _Page(pieces, order)


class _PageText:
    """The plain text of a page; `links` are those that contain values: `href` and words."""

    def __init__(self, text: str, links: Sequence[tuple[str, str]]) -> None:
        pieces = _MARK.split(text)
        self._encoded = _Encoded(pieces[::2], [ord(mark) - _FIRST for mark in pieces[1::2]])
        self._links = [(*link, *link_told(*link)) for link in links]
        lines = (line for line in text.split("\n") if len(line) > 1)
        self._among_words = {ord(mark) - _FIRST for line in lines for mark in _MARK.findall(line)}

    def joined(self, values: Sequence[str], shown: Sequence[PrintedPiece]) -> bytes | None:
        """Return the text with these values, as they are shown; None if it may differ."""
        for number, piece in enumerate(shown):
            if piece.is_block:
                fits = number not in self._among_words and "\n\n\n" not in piece.text
            else:
                fits = _WORDS.fullmatch(piece.text) is not None
            if not fits:
                return None
        at = {_FIRST + number: value for number, value in enumerate(values)}
        for href, words, address, is_all in self._links:
            told = link_told(href.translate(at), words.translate(at))
            if told != (address.translate(at), is_all):
                return None
        return self._encoded.joined([piece.text for piece in shown])


class _Encoded:
    """A text's pieces in quoted-printable, and the numbers of the values between them."""

    def __init__(self, pieces: Sequence[str], order: Sequence[int]) -> None:
        self._whole = [b""] * (len(pieces) + len(order))
        self._whole[::2] = [*map(stretch, pieces[:-1]), quoted_printable(pieces[-1])]
        self._order = order

    def joined(self, values: Sequence[str]) -> bytes:
        """Return the text with these values."""
        whole = self._whole.copy()
        whole[1::2] = [stretch(values[number]) for number in self._order]
        return b"".join(whole)


def _is_storable(parts: Sequence[str]) -> bool:
    """Return whether `storable_html` changes nothing in the text of these pieces."""
    text = "{".join(["", *filter(None, parts), ""])
    return storable_html(text) == text
