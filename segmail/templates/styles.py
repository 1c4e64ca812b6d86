"""Styles into style attributes, for mail readers that ignore style sheets."""

from __future__ import annotations

import re
from functools import lru_cache

import css_inline

from segmail.errors import TemplateError
from segmail.templates.sheets import split_sheet

MAX_HTML = 500_000
MAX_TAGS = 3_000
MAX_REOPENED = 500_000

_DOCUMENT = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_HEAD = (
    '<!DOCTYPE html>\n<html><head><meta http-equiv="Content-Type" content="text/html; '
    'charset=utf-8"></head><body>'
)
_TAG = re.compile(r"<[a-z]", re.IGNORECASE)
_FORMATTING = re.compile(
    r"<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/]", re.IGNORECASE
)


def inline_styles(html: str, css: str) -> str:
    """Return the HTML with the rules of `css` in its elements' style attributes.

    What no attribute can hold (`@media`, `:hover`) comes in a <style>: at the end of the head, or
    before a fragment, which stays a fragment. The HTML's own <style> and <link> stay as they are,
    and nothing is fetched. Raises TemplateError where it cannot be done.
    """
    sheet = split_sheet(css)
    if not any(sheet):
        return html
    _check(html)
    if sheet.inlined:
        html = _inlined(html, sheet.inlined)
    return _with_sheet(html, sheet.kept) if sheet.kept else html


def as_document(html: str) -> str:
    """Return a fragment as a document of its own, for styles of the body; a document as it is."""
    return html if _DOCUMENT.search(html) else f"{_HEAD}{html}</body></html>"


def _inlined(html: str, css: str) -> str:
    try:
        if _DOCUMENT.search(html):
            return _inliner(css).inline(html)
        return _inliner("").inline_fragment(html, css)
    except (css_inline.InlineError, UnicodeEncodeError) as error:  # half a surrogate pair
        raise TemplateError(f"The template's styles cannot be inlined: {error}") from error


def _with_sheet(html: str, css: str) -> str:
    style = f'<style type="text/css">\n{css}\n</style>'
    head, end, rest = html.partition("</head>")
    if end:
        return f"{head}{style}{end}{rest}"
    document = _DOCUMENT.search(html)
    if not document:
        return f"{style}\n{html}"
    return _with_sheet(_inliner("").inline(html), css)  # which gives a document its head


def _check(html: str) -> None:
    """Refuse what the HTML parser does not survive, for a customer's value may hold any tags.

    It overflows the stack at some thousand tags inside each other, which kills the process; and
    each paragraph opens all formatting again that was left open before it.
    """
    if len(html) > MAX_HTML:
        raise TemplateError(f"HTML longer than {MAX_HTML:,} characters cannot be styled.")
    tags = sum(1 for _ in _TAG.finditer(html))
    if tags > MAX_TAGS:
        raise TemplateError(f"HTML with more than {MAX_TAGS:,} tags cannot be styled.")
    if tags * sum(1 for _ in _FORMATTING.finditer(html)) > MAX_REOPENED:
        raise TemplateError("HTML with so many formatting tags, such as <font>, cannot be styled.")


@lru_cache(maxsize=64)
def _inliner(css: str) -> css_inline.CSSInliner:
    return css_inline.CSSInliner(
        inline_style_tags=False,
        keep_style_tags=True,
        keep_link_tags=True,
        load_remote_stylesheets=False,
        extra_css=css,
    )
