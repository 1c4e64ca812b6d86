"""Pages of templates, ready in every form that a mail has: a mail is a join of pieces and values.

A page is parsed, encoded and searched once, with marks for its values. What many mails have in
common is kept; where a value could be more than words, the mail goes the whole way by itself, and
both ways give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from segmail.mail.column_limits import storable_html
from segmail.mail.items.printed import MARKS, Printed
from segmail.mail.links import LinkTags
from segmail.mail.message import Encoded
from segmail.mail.plain_text import LinkTold, marked_text, plain_text
from segmail.mail.quoted_printable import ReadyText, quoted_printable
from segmail.templates import RenderedText, joined

_KEPT = 64  # pages: templates times stores times the branches that mails take
_SEEN_ONCE = 10_000  # pages that are known to have come once

_PRIVATE = re.compile("[\ue000-\uf8ff]")
_FIRST, _LAST = 0xE100, 0xF8FF  # marks of values, for private use
_MARKS = f"{chr(_FIRST)}-{chr(_LAST)}"
_MARK = re.compile(f"([{_MARKS}])")
_WIDE = "w" * 200  # longer than whatever is measured: a cell, a row

# What a text leaves as it is wherever it stands: no blanks but single ones between words, nothing
# that readers would not see.
_SEEN = "[^\\s\u00ad\u034f\u061c\u180e\u200b-\u200f\u2007\u2060\u2800\u3164\ufeff\ue000-\uf8ff]"
_WORDS = re.compile(rf"{_SEEN}+(?:[ \xa0]{_SEEN}+)*|{MARKS}")


class MailBody(NamedTuple):
    """A mail's HTML as it is stored, and the parts of the message."""

    stored: str
    encoded: Encoded


class ReadyPages:
    """The pages of a run's templates, made ready when they come a second time."""

    def __init__(self) -> None:
        self._pages: dict[tuple[object, ...], _ReadyPage | None] = {}
        self._seen: set[int] = set()

    def body(
        self, rendered: RenderedText, printed: Printed, tags: LinkTags | None, *, with_text: bool
    ) -> MailBody:
        """Return a mail's body; raise MessageError for what no encoding can write.

        `printed` are its item blocks, `tags` go onto its links. Without `with_text` there is no
        plain text.
        """
        mail = _Mail(rendered, printed, tags, with_text)
        page = None if tags else self._page(rendered.pieces, mail.order)
        return mail.body(page)

    def _page(self, pieces: tuple[str, ...], order: tuple[int, ...]) -> _ReadyPage | None:
        """Return a page whose values stand in this order, -1 for an empty one."""
        key = (pieces, order)
        if key not in self._pages:
            if hash(key) not in self._seen:
                if len(self._seen) >= _SEEN_ONCE:
                    self._seen.clear()
                self._seen.add(hash(key))
                return None
            if len(self._pages) >= _KEPT:
                self._pages.clear()
            self._pages[key] = _made(pieces, order)
        return self._pages[key]


class _Mail:
    """One mail on its way into its forms."""

    def __init__(
        self, rendered: RenderedText, printed: Printed, tags: LinkTags | None, with_text: bool
    ) -> None:
        numbers: dict[str, int] = {}
        self.order = tuple(
            [numbers.setdefault(value, len(numbers)) if value else -1 for value in rendered.values]
        )
        self._values = list(numbers)
        self._marked = rendered.text
        self._printed = printed
        self._tags = tags
        self._with_text = with_text

    def body(self, page: _ReadyPage | None) -> MailBody:
        tag, values = self._tags.tag_html if self._tags else None, self._values
        marked = html = tag(self._marked) if tag else self._marked
        if self._printed.anything:
            html = self._printed.in_html(marked, tag)
            values = [self._printed.in_html(value) for value in values]
            page = page if all(map(_keeps_to_itself, values)) else None
        text = self._text(page, marked) if self._with_text else b""
        if page is None:
            return MailBody(storable_html(html), Encoded(quoted_printable(html), text))
        stored = html if page.is_stored_as_it_is(values) else storable_html(html)
        return MailBody(stored, Encoded(page.html.encoded(values), text))

    def _text(self, page: _ReadyPage | None, marked: str) -> bytes:
        """Return the plain text, in which item blocks say what their text twins say."""
        ready = page.text if page else None
        if ready is None or not ready.takes(self._values):
            text = plain_text(marked)
        elif self._printed.anything:
            text = ready.joined(self._values)
        else:
            return ready.encoded(self._values)
        text = self._printed.in_text(text, self._tags.tag_text if self._tags else None)
        return quoted_printable(text) if text else b""


class _ReadyPage:
    """The HTML and the text of a page; each value is given once, in the order of its numbers."""

    def __init__(self, pieces: Sequence[str], order: Sequence[int]) -> None:
        self.html = ReadyText(pieces, order)
        self.text = _ReadyPlainText.of(pieces, order)
        self._is_storable = _is_storable("\0".join(pieces))

    def is_stored_as_it_is(self, values: Sequence[str]) -> bool:
        """Tell whether `storable_html` changes nothing of the HTML."""
        told = "\0".join(values)
        return self._is_storable and "{" not in told and _is_storable(told)


class _ReadyPlainText:
    """The plain text of a page, with the links whose writing depends on values."""

    def __init__(self, text: str, links: Sequence[LinkTold]) -> None:
        pieces = _MARK.split(text)
        self._pieces = pieces[::2]
        self._order = [ord(mark) - _FIRST for mark in pieces[1::2]]
        self._ready = ReadyText(self._pieces, self._order)
        self._links = links

    @classmethod
    def of(cls, pieces: Sequence[str], order: Sequence[int]) -> _ReadyPlainText | None:
        """Return the text of a page; None where values decide more than words of it."""
        bare = [chr(_FIRST + number) for number in order]
        found = marked_text(joined(pieces, bare), _MARKS)
        wide = marked_text(joined(pieces, [mark + _WIDE for mark in bare]), _MARKS)
        if found is None or wide is None or wide[0].replace(_WIDE, "") != found[0]:
            return None
        return cls(*found)

    def takes(self, values: Sequence[str]) -> bool:
        """Tell whether the text with these values is that of the HTML with them."""
        if not all(map(_is_words, values)):
            return False
        at = {_FIRST + number: value for number, value in enumerate(values)}
        for link in self._links:
            address, is_all = link.written
            if link.filled(at).written != (address.translate(at), is_all):
                return False
        return True

    def joined(self, values: Sequence[str]) -> str:
        """Return the text with these values."""
        return joined(self._pieces, [values[number] for number in self._order])

    def encoded(self, values: Sequence[str]) -> bytes:
        """Return the text in quoted-printable; b"" for none."""
        return self._ready.encoded(values) if self._order or self._pieces[0] else b""


def _made(pieces: Sequence[str], order: Sequence[int]) -> _ReadyPage | None:
    if max(order, default=0) > _LAST - _FIRST or any(map(_PRIVATE.search, pieces)):
        return None
    whole, numbers = [pieces[0]], list[int]()
    for number, piece in zip(order, pieces[1:], strict=True):
        if number < 0:
            whole[-1] += piece
        else:
            whole.append(piece)
            numbers.append(number)
    return _ReadyPage(whole, numbers)


def _is_storable(text: str) -> bool:
    return storable_html(text) == text


@lru_cache(maxsize=2048)
def _is_words(value: str) -> bool:
    return _WORDS.fullmatch(value) is not None


def _keeps_to_itself(block: str) -> bool:
    """Tell whether what stands in a block's place leaves the lines around it as they are."""
    return bool(block) and not (block.endswith("\n") or "\r" in block or _PRIVATE.search(block))
