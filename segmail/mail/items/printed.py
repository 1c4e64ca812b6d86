"""Pieces of a mail that are HTML in its HTML and text in its text.

A template prints a mark for such a piece, and the piece replaces the mark when the mail is
rendered. So a name is escaped once and only where HTML is made, a block of products keeps its own
styles, and the text part shows the block's own text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import NamedTuple

from segmail.errors import TemplateError
from segmail.templates import MAX_OUTPUT

_OPEN, _END = "\ue010", "\ue011"  # private-use characters: no standard gives them a meaning
_OPENED = re.compile(f"{_OPEN}[0-9]{{1,5}}\\Z")  # at a mark's end
_LONGEST = 6


class PrintedPiece(NamedTuple):
    """A piece that is `html` in the HTML and `text` in the text; a block has lines of its own."""

    html: str
    text: str
    is_block: bool = False


class Printed:
    """The pieces of one mail."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: dict[str, PrintedPiece] = {}  # by their marks

    @property
    def anything(self) -> bool:
        """Whether there is any piece."""
        return bool(self._pieces)

    def shown(self, value: str) -> PrintedPiece:
        """Return the piece for which a value is the mark; any other value becomes its own piece."""
        if _END not in value:  # as in nearly all
            return PrintedPiece(value, value)
        return self._pieces.get(value) or PrintedPiece(self.in_html(value), value)

    def block(self, html: str, text: str) -> str:
        """Return the mark of a block, '' for one that shows nothing."""
        return (
            self._mark(PrintedPiece(html.rstrip("\n"), text.strip("\n"), is_block=True))
            if text
            else ""
        )

    def words(self, text: str) -> str:
        """Return the mark of words within a sentence, '' for none."""
        return self._mark(PrintedPiece(escape(text), text)) if text else ""

    def lines(self, text: str) -> str:
        """Return the mark of a text of several lines."""
        return self.block(escape(text).replace("\n", "<br>\n"), text)

    def in_html(self, text: str, tag: Callable[[str], str] | None = None) -> str:
        """Return rendered HTML with its pieces in place; `tag` is for the links in them."""
        if not self._pieces:
            return text
        whole: list[str] = []
        for before, piece in self._cut(text):
            whole += (before, tag(piece.html) if tag and piece.html else piece.html)
        return _checked("".join(whole))

    def in_subject(self, text: str) -> str:
        """Return a rendered subject with its pieces in place, on one line."""
        cut = self._cut(text)
        return "".join(f"{before}{' '.join(piece.text.split())}" for before, piece in cut)

    def in_text(self, text: str, tag: Callable[[str], str] | None = None) -> str:
        """Return plain text with its pieces in place; blocks begin on lines of their own.

        `tag` is for the links in them.
        """
        if not self._pieces:
            return text
        whole, is_behind_block = "", False
        for before, (_, told, is_block) in self._cut(text):
            if is_behind_block:
                before = _without_blanks_ahead(before)
                whole += "" if before.startswith("\n") or not before + told else "\n"
            whole += _without_blanks_behind(before) if is_block else before
            if is_block:
                whole += "" if whole == "" or whole.endswith("\n") else "\n"
                told = tag(told) if tag else told
            whole += told
            is_behind_block = is_block
        while "\n\n\n" in whole:
            whole = whole.replace("\n\n\n", "\n\n")
        return _checked(whole)

    def _cut(self, text: str) -> Iterator[tuple[str, PrintedPiece]]:
        """Yield each stretch of a text with the piece after it.

        Text that only looks like a mark, such as in somebody's name, stays as it is.
        """
        *marked, last = text.split(_END)
        held = ""
        for part in marked:
            match = _OPENED.search(part, max(0, len(part) - _LONGEST))
            piece = self._pieces.get(f"{match[0]}{_END}") if match else None
            if match and piece:
                yield held + part[: match.start()], piece
                held = ""
            else:
                held += part + _END
        yield held + last, PrintedPiece("", "")

    def _mark(self, piece: PrintedPiece) -> str:
        mark = f"{_OPEN}{len(self._pieces)}{_END}"
        self._pieces[mark] = piece
        return mark


def _without_blanks_ahead(text: str) -> str:
    """Return a text without the spaces at the beginning of its first line."""
    stripped = text.lstrip()
    blanks = text[: len(text) - len(stripped)]
    return text[blanks.index("\n") :] if "\n" in blanks else stripped


def _without_blanks_behind(text: str) -> str:
    """Return a text without the spaces at the end of its last line."""
    stripped = text.rstrip()
    return stripped + text[len(stripped) : text.rfind("\n") + 1]


def _checked(text: str) -> str:
    if len(text) > MAX_OUTPUT:
        raise TemplateError(f"The result is longer than {MAX_OUTPUT:,} characters.")
    return text
