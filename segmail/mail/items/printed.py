"""Pieces of a mail that are HTML in its HTML and text in its text.

A template prints a mark for such a piece, and the mark gives way to the piece when the mail is
rendered. So a name is escaped once and only where HTML is made, a block of products keeps its own
styles, and the text part says what the block's text twin says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from segmail.errors import TemplateError
from segmail.templates import MAX_OUTPUT

_BLOCK, _WORDS, _END = "\ue010", "\ue012", "\ue011"  # for private use: no standard gives a meaning
_MARK = re.compile(f"([{_BLOCK}{_WORDS}])([0-9]{{1,5}}){_END}")
_IN_TEXT = re.compile(f"[^\\S\n]*{_BLOCK}([0-9]{{1,5}}){_END}[^\\S\n]*")
_GAP = re.compile(r"\n{3,}")


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

    def in_html(self, text: str) -> str:
        """Return rendered HTML with its pieces in place."""
        return _checked(_MARK.sub(lambda mark: self._piece(mark[2], mark[0])[0], text))

    def in_subject(self, text: str) -> str:
        """Return a rendered subject with its pieces in place, on one line."""
        return _MARK.sub(lambda mark: " ".join(self._piece(mark[2], mark[0])[1].split()), text)

    def in_text(self, text: str, tag: Callable[[str], str] | None = None) -> str:
        """Return plain text with its pieces in place; blocks begin on lines of their own.

        `tag` is for the links in them.
        """

        def on_lines(mark: re.Match[str]) -> str:
            piece = self._piece(mark[1], mark[0])[1].strip("\n")
            piece = tag(piece) if tag else piece
            before = "" if mark.start() == 0 or text[mark.start() - 1] == "\n" else "\n"
            after = "" if text[mark.end() : mark.end() + 1] in ("", "\n") else "\n"
            return f"{before}{piece}{after}"

        if not self._pieces:
            return text
        whole = _IN_TEXT.sub(on_lines, text)
        whole = _MARK.sub(lambda mark: self._piece(mark[2], mark[0])[1], whole)
        return _checked(_GAP.sub("\n\n", whole))

    def _mark(self, kind: str, html: str, text: str) -> str:
        self._pieces.append((html, text))
        return f"{kind}{len(self._pieces) - 1}{_END}"

    def _piece(self, number: str, mark: str) -> tuple[str, str]:
        """Return a piece; what only looks like a mark, in somebody's name, stays as it is."""
        index = int(number)
        return self._pieces[index] if index < len(self._pieces) else (mark, mark)


def _checked(text: str) -> str:
    if len(text) > MAX_OUTPUT:
        raise TemplateError(f"The result is longer than {MAX_OUTPUT:,} characters.")
    return text
