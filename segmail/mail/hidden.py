"""Finds hidden text in a mail: the preheader, and other text that styles hide."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from segmail.templates.sheets import own_css, read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turbohtml import Document, Element

_NOTHING = r"[-+]?0*(?:\.0+)?(?:px|pt|em|rem|%)?(?=;)"
_OVERFLOWS = re.compile(r";overflow(?:-[xy])?:hidden")
_SIZELESS = re.compile(rf";(?:max-)?(?:height|width):{_NOTHING}")
_HIDES = re.compile(
    rf";(?:display:none|visibility:(?:hidden|collapse)|opacity:{_NOTHING}|max-height:{_NOTHING}"
    r"|text-indent:-[0-9]{3,}|(?:left|top):-[0-9]{3,})"
)
_TINY = re.compile(rf";font-size:(?:{_NOTHING}|[12](?:\.[0-9]+)?(?:px|pt)?(?=;))")
_SHOWS = re.compile(r";display:(?!none)")
_BLANKS = re.compile(r"\s+")
_MOST_TINY = 200  # elements whose parts are looked at; what is tiny beyond them stays
_MOST_SELECTORS = 100

_LOOSE_FILLERS = "\u00a0 \u2007\u200b\u200c\u200d\u034f\u00ad\u061c\u180e\u2060\u2800\u3164\ufeff"
_FILLERS = re.compile(f"[{_LOOSE_FILLERS}]{{4,}}")
_WITHOUT_WIDTH = re.compile("[\u200b\u200c\u200d\u034f\u00ad\u061c\u180e\u2060\u3164\ufeff]")


def remove_hidden(document: Document) -> None:
    """Remove what is hidden by an attribute, a style, or a rule of the document's <style>."""
    document.remove("[hidden]")
    for element in [*_by_style(document), *_by_sheet(document)]:
        if element.parent is not None:
            element.decompose()


def without_fillers(text: str) -> str:
    """Return a text without the runs of characters that push other text out of an inbox's line."""
    if not _WITHOUT_WIDTH.search(text):
        return text
    return _FILLERS.sub(lambda run: " " if _WITHOUT_WIDTH.search(run[0]) else run[0], text)


def _by_style(document: Document) -> Iterator[Element]:
    tiny = 0
    for element in document.select("[style]"):
        hides = _hides(element.attr("style") or "")
        if hides is False:
            continue
        if hides is None:
            tiny += 1
            hides = tiny <= _MOST_TINY and not element.select_one('[style*="font" i], img')
        if hides and element.tag != "body":
            yield element


def _by_sheet(document: Document) -> Iterator[Element]:
    css = own_css(document)
    for selector, strong in _hiding(css) if css else ():
        for element in document.select(selector):
            style = _written(element.attr("style") or "")
            if element.tag != "body" and (strong or not _SHOWS.search(style)):
                yield element


@lru_cache(maxsize=64)
def _hiding(css: str) -> list[tuple[str, bool]]:
    """Return the selectors of rules that hide, and whether they override a style attribute."""
    from turbohtml import SelectorSyntaxError, parse

    empty, found = parse(""), []
    for rule in read_sheet(css).plain():
        style = "".join(f"{one.text};" for one in rule.declarations)
        if not _hides(style):
            continue
        strong = any(one.important for one in rule.declarations)
        for selector in rule.selectors:
            try:
                empty.select(selector.base)
            except SelectorSyntaxError:
                continue
            if ":has(" not in selector.base:
                found.append((selector.base, strong))
    return found[:_MOST_SELECTORS]


@lru_cache(maxsize=2_000)
def _hides(style: str) -> bool | None:
    """Return whether a style hides an element; None: if all its text is as tiny as it says."""
    written = _written(style)
    if _HIDES.search(written) or (_OVERFLOWS.search(written) and _SIZELESS.search(written)):
        return True
    return None if _TINY.search(written) else False


@lru_cache(maxsize=2_000)
def _written(style: str) -> str:
    return f";{_BLANKS.sub('', style).lower().replace('!important', '')};"
