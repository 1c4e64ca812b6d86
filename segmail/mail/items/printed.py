"""Pieces of a mail that are HTML in its HTML and text in its text.

A template prints a mark for such a piece, and the mark gives way to the piece when the mail is
rendered. So a name is escaped once and only where HTML is made, a block of products keeps its own
styles, and the text part says what the block's text twin says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

from segmail.errors import TemplateError
from segmail.templates import MAX_OUTPUT

_BLOCK, _WORDS, _END = "\ue010", "\ue012", "\ue011"  # for private use: no standard gives a meaning
MARKS = f"[{_BLOCK}{_WORDS}][0-9]{{1,5}}{_END}"  # what a template prints for them
_OPENED = re.compile(f"([{_BLOCK}{_WORDS}])([0-9]{{1,5}})\\Z")  # at a mark's end
_LONGEST = 6


class Printed:
    """The pieces of one mail."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[tuple[str, str]] = []

    @property
    def anything(self) -> bool:
        """Whether there is any piece."""
        return bool(self._pieces)

    def block(self, html: str, text: str) -> str:
        """Return the mark of a block, '' for one that shows nothing."""
        return self._mark(_BLOCK, html, text) if text else ""

    def words(self, text: str) -> str:
        """Return the mark of words within a sentence, '' for none."""
        return self._mark(_WORDS, escape(text), text) if text else ""

    def lines(self, text: str) -> str:
        """Return the mark of a text of several lines."""
        return self.block(escape(text).replace("\n", "<br>\n"), text)

    def in_html(self, text: str, tag: Callable[[str], str] | None = None) -> str:
        """Return rendered HTML with its pieces in place; `tag` is for the links in them."""
        whole: list[str] = []
        for before, piece, _ in self._cut(text):
            html = piece[0]
            whole += (before, tag(html) if tag and html else html)
        return _checked("".join(whole))

    def in_subject(self, text: str) -> str:
        """Return a rendered subject with its pieces in place, on one line."""
        cut = self._cut(text)
        return "".join(f"{before}{' '.join(piece[1].split())}" for before, piece, _ in cut)

    def in_text(self, text: str, tag: Callable[[str], str] | None = None) -> str:
        """Return plain text with its pieces in place; blocks begin on lines of their own.

        `tag` is for the links in them.
        """
        if not self._pieces:
            return text
        whole, is_behind_block = "", False
        for before, (_, told), is_block in self._cut(text):
            if is_behind_block:
                before = _without_blanks_ahead(before)
                whole += "" if before.startswith("\n") or not before + told else "\n"
            whole += _without_blanks_behind(before) if is_block else before
            if is_block:
                whole += "" if whole == "" or whole.endswith("\n") else "\n"
                told = tag(told.strip("\n")) if tag else told.strip("\n")
            whole += told
            is_behind_block = is_block
        while "\n\n\n" in whole:
            whole = whole.replace("\n\n\n", "\n\n")
        return _checked(whole)

    def _cut(self, text: str) -> Iterator[tuple[str, tuple[str, str], bool]]:
        """Yield each stretch of a text with the piece behind it, and whether that is a block.

        What only looks like a mark, in somebody's name, stays as it is.
        """
        *marked, last = text.split(_END)
        held = ""
        for part in marked:
            match = _OPENED.search(part, max(0, len(part) - _LONGEST))
            if match and int(match[2]) < len(self._pieces):
                yield held + part[: match.start()], self._pieces[int(match[2])], match[1] == _BLOCK
                held = ""
            else:
                held += part + _END
        yield held + last, ("", ""), False

    def _mark(self, kind: str, html: str, text: str) -> str:
        self._pieces.append((html, text))
        return f"{kind}{len(self._pieces) - 1}{_END}"


def _without_blanks_ahead(text: str) -> str:
    """Return a text without the blanks at the beginning of its first line."""
    stripped = text.lstrip()
    blanks = text[: len(text) - len(stripped)]
    return text[blanks.index("\n") :] if "\n" in blanks else stripped


def _without_blanks_behind(text: str) -> str:
    """Return a text without the blanks at the end of its last line."""
    stripped = text.rstrip()
    return stripped + text[len(stripped) : text.rfind("\n") + 1]


def _checked(text: str) -> str:
    if len(text) > MAX_OUTPUT:
        raise TemplateError(f"The result is longer than {MAX_OUTPUT:,} characters.")
    return text
