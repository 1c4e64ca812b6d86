"""Moves styles into style attributes, for mail readers that ignore style sheets.

The HTML stays as it was pasted, byte for byte: the parser only tells where the elements' start tags
are, and the attributes are inserted there.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from segmail.errors import TemplateError
from segmail.templates.cascade import rules_of
from segmail.templates.inlining import Inlining
from segmail.templates.sheets import as_it_is, own_css, read_sheet
from segmail.templates.style_work import TooMuchWork

if TYPE_CHECKING:
    from turbohtml import Document, SourceLocation

MAX_HTML = 500_000
MAX_TAGS = 3_000
MAX_REOPENED = 500_000

# Maho's column holds 65,535 bytes, and links may still get parameters.
ROOM = 60_000

# How many elements a rule may match to be written into their attributes. The first level whose HTML
# fits is used; on the last level no rule is moved, and the sheet stays in the head.
LEVELS = (MAX_TAGS, 40, 10, 0)
_MAX_LOOKS = 5_000_000  # selectors times tags

_DOCUMENT = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_HEAD = (
    '<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; '
    'charset=utf-8"></head><body>'
)
_TAG = re.compile(r"<[a-z]", re.IGNORECASE)
_FORMATTING = re.compile(
    r"<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/]", re.IGNORECASE
)
_OWN_ASKS = re.compile("<style\\b[^>]*>[^<]*[\\[\ue000]", re.IGNORECASE)
_LONGER_AS_ENTITY = len("&#1114111;") - 4


def inline_styles(html: str, css: str, *, kept_free: int = 0) -> str:
    """Return the HTML with the rules of `css` in its elements' style attributes.

    Rules that no attribute can hold (`@media`, `:hover`), or that match nothing now, go into a
    <style>: at the end of the head, or before a fragment, which stays a fragment. The HTML's own
    <style> and <link> stay as they are and win, and nothing is fetched. If the HTML would become
    too long for Maho's table, rules for many elements stay in the <style>, too; `kept_free` bytes
    are reserved for what is filled in later.

    Raises TemplateError if it cannot be done.
    """
    styled = html
    for level in range(len(LEVELS)):
        styled = inlined_at(html, css, level)
        if fits(styled, kept_free):
            break
    return styled


def fits(html: str, kept_free: int = 0) -> bool:
    """Return whether Maho's table has room for the HTML and `kept_free` more bytes.

    Some more room is left for parameters of links.
    """
    return stored_size(html) + kept_free <= ROOM


def stored_size(html: str) -> int:
    """Return how many bytes the HTML takes in Maho's table, four-byte characters as entities.

    Two texts together take as many as both separately.
    """
    if html.isascii():
        return len(html)
    units = len(html.encode("utf-16-le", "surrogatepass")) // 2
    return len(html.encode("utf-8", "surrogatepass")) + _LONGER_AS_ENTITY * (units - len(html))


def inlined_at(html: str, css: str, level: int) -> str:
    """Return the HTML as `inline_styles` does, on one of its levels, however long it becomes.

    If that takes too much work, use the next level that does not.
    """
    if not read_sheet(css).items:
        return html
    check_size(html)
    page = _Page(html)
    for most in LEVELS[level:]:
        with suppress(TooMuchWork):
            return page.styled(css, most)
    raise AssertionError("the last level is no work")


def are_too_much_work(html: str, css: str) -> bool:
    """Return whether fewer styles are inlined because all of them take too much work."""
    try:
        _Page(html).styled(css, MAX_TAGS)
    except TooMuchWork:
        return True
    return False


def asks_for_attributes(html: str, css: str) -> bool:
    """Return whether styles may depend on an attribute's value, or on a mark in a <style>."""
    return _OWN_ASKS.search(html) is not None or any(
        "[" in selector.text for rule in read_sheet(css).plain() for selector in rule.selectors
    )


def as_document(html: str) -> str:
    """Return a fragment as a whole document, for styles of the body; a document as it is."""
    return html if _DOCUMENT.search(html) else f"{_HEAD}{html}</body></html>"


class _Page:
    """HTML with its tree; in the tree each line end is one character."""

    def __init__(self, html: str) -> None:
        from turbohtml import parse  # a run without styles does not pay for this import

        self._html = html
        same_length = html.replace("\r\n", " \n").replace("\r", "\n").replace("\0", "\ufffd")
        self._document: Document = parse(same_length, source_locations=True)

    def styled(self, css: str, most: int) -> str:
        sheet = read_sheet(css)
        selectors = sum(len(rule.selectors) for rule in sheet.rules())
        if not most or selectors * len(_TAG.findall(self._html)) > _MAX_LOOKS:
            return self._put_in([self._sheet(as_it_is(sheet))])
        inlining = Inlining(self._document, rules_of(css, own_css(self._document)), most=most)
        edits = [self._attribute(place, text) for place, text in inlining.attributes()]
        if kept := inlining.kept(is_fragment=not self._is_document()):
            edits.append(self._sheet(kept))
        return self._put_in(edits)

    def _attribute(self, place: SourceLocation, text: str) -> tuple[int, int, str]:
        text = _quoted(text)
        if "style" in place.attrs:
            span = place.attrs["style"]
            return span.start_offset, span.end_offset, f'style="{text}"'
        end = place.start_tag.end_offset - 1
        if self._html[end - 1] in " \t\r\n\f/":
            last = max((span.end_offset for span in place.attrs.values()), default=0)
            if self._html[end - 1] == "/" and end > last:
                end -= 1
            while end > last and self._html[end - 1].isspace():
                end -= 1
        return end, end, f' style="{text}"'

    def _sheet(self, css: str) -> tuple[int, int, str]:
        """Return a <style> before the document's own ones, else at the end of the head."""
        style = f'<style type="text/css">\n{css}\n</style>'
        head, own = self._place("head"), self._document.select_one("head > style")
        if own and own.source_location:
            start = own.source_location.start_tag.start_offset
            return start, start, style
        if head:
            element = self._document.select_one("head")
            end = element.source_location.end_tag if element and element.source_location else None
            at = end.start_offset if end else head[1]
            return at, at, style
        body, root, doctype = self._around_head()
        if body or root or doctype:
            at = body[0] if body else root[1] if root else doctype
            return at, at, f"<head>{style}</head>"
        return 0, 0, f"{style}\n"

    def _is_document(self) -> bool:
        return bool(self._place("head") or any(self._around_head()))

    def _around_head(self) -> tuple[tuple[int, int] | None, tuple[int, int] | None, int]:
        return self._place("body"), self._place("html"), self._doctype()

    def _place(self, tag: str) -> tuple[int, int] | None:
        element = self._document.select_one(tag)
        if element is None or element.source_location is None:
            return None
        span = element.source_location.start_tag
        return span.start_offset, span.end_offset

    def _doctype(self) -> int:
        match = re.match(r"(?>\s|<!--(?>(?!-->).)*-->)*<!doctype[^>]*>", self._html, re.I | re.S)
        return match.end() if match else 0

    def _put_in(self, edits: list[tuple[int, int, str]]) -> str:
        pieces, read = [], 0
        for start, end, text in sorted(edits, key=lambda edit: edit[:2]):
            pieces += [self._html[read:start], text]
            read = end
        return "".join((*pieces, self._html[read:]))


def _quoted(text: str) -> str:
    if '"' in text and "'" not in text:
        text = text.replace('"', "'")
    return text.replace("&", "&amp;").replace('"', "&quot;") if "&" in text or '"' in text else text


def check_size(html: str) -> None:
    """Refuse HTML that takes too long to parse, because a customer's value may contain any tags.

    Each paragraph reopens all formatting that was left open before it.
    """
    if len(html) > MAX_HTML:
        raise TemplateError(f"HTML longer than {MAX_HTML:,} characters cannot be styled.")
    tags = sum(1 for _ in _TAG.finditer(html))
    if tags > MAX_TAGS:
        raise TemplateError(f"HTML with more than {MAX_TAGS:,} tags cannot be styled.")
    if tags * sum(1 for _ in _FORMATTING.finditer(html)) > MAX_REOPENED:
        raise TemplateError("HTML with so many formatting tags, such as <font>, cannot be styled.")
