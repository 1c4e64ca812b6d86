"""A template's text with everything but its HTML masked, so that all places stay the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from segmail.templates.nodes import Place

_DIRECTIVE = re.compile(r"\{\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}\}")
_COMMENT = re.compile(r"<!--(?!\[if !mso\]><!-->)(?:.*?-->|.*\Z)", re.DOTALL)
_RAW = re.compile(r"(<(style|script|title)\b[^>]*>)(.*?)(?=</\2|\Z)", re.IGNORECASE | re.DOTALL)
_VISIBLE = re.compile("[^\\n]")


@lru_cache(maxsize=64)
def without_comments(source: str) -> str:
    """Return the text with spaces instead of comments, including those for Outlook alone."""
    return _COMMENT.sub(lambda match: _VISIBLE.sub(" ", match[0]), source)


@lru_cache(maxsize=64)
def tags_only(source: str) -> str:
    """Return the text without comments and the contents of <style> and <script>.

    Directives are replaced by letters, because their quotation marks may be those of the attribute
    around them.
    """
    text = _DIRECTIVE.sub(lambda match: _VISIBLE.sub("x", match[0]), without_comments(source))
    return _RAW.sub(lambda match: match[1] + _VISIBLE.sub(" ", match[3]), text)


def places(source: str, matches: Iterator[re.Match[str]]) -> Iterator[tuple[Place, re.Match[str]]]:
    """Yield matches with their places, in one pass over the text."""
    place, read = Place(1, 1), 0
    for match in matches:
        place, read = place.after(source[read : match.start()]), match.start()
        yield place, match
