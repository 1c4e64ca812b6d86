"""The plain-text part of an HTML mail, for readers that show no HTML."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from turbohtml import Document, Element, PlainText

# Nobody sees these: the line that inboxes show beside the subject ("preheader"), and the like.
_HIDDEN = '[hidden], [style*="display:none" i], [style*="display: none" i]'

# A table that holds blocks arranges the page; one of words alone has columns to be kept.
_BLOCKS = "table, p, div, h1, h2, h3, h4, h5, h6, ul, ol, dl, br, hr, img, center, blockquote, pre"
_LAYOUT = f'table:has({_BLOCKS}), table[role="presentation" i]'
_ROWS = ":is(tbody, thead, tfoot)"
_ITS_PARTS = f":scope > {_ROWS}, :scope > {_ROWS} > tr, :scope > {_ROWS} > tr > :is(td, th)"

_LEADS_OUT = re.compile(r"(?:https?|mailto|tel|sms):", re.IGNORECASE)
_AROUND_ADDRESS = re.compile(r"^(?:https?://|mailto:|tel:|sms:)|/$", re.IGNORECASE)
_DROPPED_BY_BROWSERS = re.compile(r"[\t\r\n]+")

_INVISIBLE = "\u00ad\u034f\u061c\u200b\u200e\u200f\u2060\ufeff"


def plain_text(html: str) -> str:
    """Return what a reader of the HTML sees, as lines of text; '' where that is nothing.

    Links become `words (URL)`, images their alternative text, lists and tables of words keep
    their shape. Paragraphs stay on one line each: every reader breaks them as wide as it is.
    """
    document, options = _parsed(html)
    for element in document.select(_HIDDEN):
        element.decompose()
    for table in document.select(_LAYOUT):
        _flatten(table)
    for paragraph in document.select("li > p:only-child"):
        paragraph.unwrap()
    for link in document.select("a[href]"):
        _write_out(link)
    return _tidy(document.to_text(options))


def _parsed(html: str) -> tuple[Document, PlainText]:
    import turbohtml  # a run without HTML mails does not pay for it

    return turbohtml.parse(html), _options()


@cache
def _options() -> PlainText:
    from turbohtml import PlainText

    return PlainText(links="inline", images=True)


def _flatten(table: Element) -> None:
    for part in table.select(_ITS_PARTS):
        part.tag = "div"
    table.tag = "div"


def _write_out(link: Element) -> None:
    """Leave the address of a link only where it is of use beside the link's words."""
    href = _DROPPED_BY_BROWSERS.sub("", link.attr("href") or "").strip()
    words = link.text.strip()
    if not _LEADS_OUT.match(href) or not (words or link.select_one('img[alt]:not([alt=""])')):
        del link.attrs["href"]
    elif _AROUND_ADDRESS.sub("", words) == _AROUND_ADDRESS.sub("", href):
        link.set_text(words if href.lower().startswith(("mailto:", "tel:")) else href)
        del link.attrs["href"]
    else:
        link.attrs["href"] = href.replace(" ", "%20")


def _tidy(text: str) -> str:
    """Leave no invisible characters, no blanks at line ends, no gaps.

    Regular expressions would take as long as all the rest.
    """
    for character in _INVISIBLE:
        if character in text:
            text = text.replace(character, "")
    text = "\n".join(map(str.rstrip, text.split("\n"))).strip("\n")
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text
