"""Styles into style attributes, for mail readers that ignore style sheets."""

from __future__ import annotations

import re
from functools import lru_cache

import css_inline

from segmail.errors import TemplateError

_DOCUMENT = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)


def inline_styles(html: str, css: str) -> str:
    """Return the HTML with the rules of `css` in its elements' style attributes.

    A fragment stays a fragment; the HTML's own <style> and <link> stay as they are, and nothing is
    fetched. Raises TemplateError where it cannot be done.
    """
    if not css.strip():
        return html
    try:
        if _DOCUMENT.search(html):
            return _inliner(css).inline(html)
        return _inliner("").inline_fragment(html, css)
    except css_inline.InlineError as error:
        raise TemplateError(f"The template's styles cannot be inlined: {error}") from error


@lru_cache(maxsize=64)
def _inliner(css: str) -> css_inline.CSSInliner:
    return css_inline.CSSInliner(
        inline_style_tags=False,
        keep_style_tags=True,
        keep_link_tags=True,
        load_remote_stylesheets=False,
        extra_css=css,
    )
