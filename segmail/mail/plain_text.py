"""The plain-text part of an HTML mail, for readers that show no HTML."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from turbohtml import Document, Element, PlainText

# Nobody sees these: the line that inboxes show beside the subject ("preheader"), and the like.
_HIDDEN = '[hidden], [style*="display:none" i], [style*="display: none" i]'

# A table that holds blocks arranges the page; one of words alone has columns to be kept.
_BLOCKS = "table, p, div, h1, h2, h3, h4, h5, h6, ul, ol, dl, br, hr, img, center, blockquote, pre"
_LAYOUT = f'table:has(:is({_BLOCKS})), table[role="presentation" i]'
_PARTS = ("tbody", "thead", "tfoot", "tr", "td", "th")

_LEADS_OUT = re.compile(r"(?:https?|mailto|tel|sms):", re.IGNORECASE)
_AROUND_ADDRESS = re.compile(r"^(?:https?://|mailto:|tel:|sms:)|/$", re.IGNORECASE)
_LONGEST_AROUND = len("https://" + "/")
_DROPPED_BY_BROWSERS = re.compile(r"[\t\r\n]+")
_PICTURE = 'img[alt]:not([alt=""])'

_INVISIBLE = "\u00ad\u034f\u061c\u200b\u200e\u200f\u2060\ufeff"

# A line end after a blank, or a gap: most texts have neither. To look back from line ends is
# several times as fast as to look for blanks first, and twice as fast as to strip every line.
_UNTIDY = re.compile(r"\n(?:(?<=[^\S\n]\n)|\n\n)")


def plain_text(html: str) -> str:
    """Return what a reader of the HTML sees, as lines of text; '' where that is nothing.

    Links become `words (URL)`, images their alternative text, lists and tables of words keep
    their shape. Paragraphs stay on one line each: every reader breaks them as wide as it is.
    """
    parse, options = _turbohtml()
    document = parse(html).remove(_HIDDEN)
    # All are selected before the first is changed: a change costs the document its index.
    blocks = _layout(document)
    paragraphs = document.select("li > p:only-child")
    links = document.select("a[href]")
    for block in blocks:
        block.tag = "div"
    for paragraph in paragraphs:
        paragraph.unwrap()
    for link in links:
        _write_out(link)
    return _tidy(document.to_text(options))


@cache
def _turbohtml() -> tuple[Callable[[str], Document], PlainText]:
    from turbohtml import PlainText, parse  # a run without HTML mails does not pay for it

    return parse, PlainText(links="inline", images=True)


def _layout(document: Document) -> list[Element]:
    """Return the tables that arrange the page, and their parts."""
    tables = document.select(_LAYOUT)
    if not tables:
        return []
    # A look for each tag is faster than one for each table, of which newsletters nest many.
    parts = [part for tag in _PARTS for part in document.select(tag)]
    if len(tables) < len(document.select("table")):
        arranging = set(tables)
        parts = [part for part in parts if part.closest("table") in arranging]
    return tables + parts


def _write_out(link: Element) -> None:
    """Leave the address of a link only where it is of use beside the link's words."""
    href = link.attr("href") or ""
    address = _leads_to(href)
    words = link.text.strip()
    if not address or not (words or link.select_one(_PICTURE)):
        del link.attrs["href"]
    elif len(words) + _LONGEST_AROUND >= len(address) and _are_the_same(words, address):
        link.set_text(words if address.lower().startswith(("mailto:", "tel:")) else address)
        del link.attrs["href"]
    elif (written := address.replace(" ", "%20")) != href:
        link.attrs["href"] = written


@lru_cache(maxsize=500)  # most links of a newsletter are the same for all
def _leads_to(href: str) -> str:
    """Return the address as browsers read it; '' where it leads nowhere from a mail."""
    address = _DROPPED_BY_BROWSERS.sub("", href).strip()
    return address if _LEADS_OUT.match(address) else ""


def _are_the_same(words: str, address: str) -> bool:
    return _AROUND_ADDRESS.sub("", words) == _AROUND_ADDRESS.sub("", address)


def _tidy(text: str) -> str:
    """Leave no invisible characters, no blanks at line ends, no gaps."""
    for character in _INVISIBLE:
        if character in text:
            text = text.replace(character, "")
    if _UNTIDY.search(text):
        text = "\n".join(map(str.rstrip, text.split("\n")))
        while "\n\n\n" in text:
            text = text.replace("\n\n\n", "\n\n")
    return text.rstrip().lstrip("\n")
