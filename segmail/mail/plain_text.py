"""The plain-text part of an HTML mail, for mail programs that show no HTML."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from segmail.mail.hidden import remove_hidden, without_fillers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from turbohtml import Document, Element, PlainText, Text

# A table with blocks in it only arranges the page, unless it says what its columns are. A table of
# words alone keeps its columns, and so does one whose rows end with a number.
_BLOCKS = "table, p, div, h1, h2, h3, h4, h5, h6, ul, ol, dl, br, hr, img, center, blockquote, pre"
_ARRANGES = "table, h1, h2, h3, h4, h5, h6, ul, ol, dl, hr, blockquote, pre"
_BREAKING = ":is(td, th) :is(p, div, center, br, img)"
_NOT_LOOKED_AT = {"href", "src", "alt", "title", "content", "background"}
_PARTS = ("tbody", "thead", "tfoot", "tr", "td", "th")
_MOST_ROWS = 300
_LONGEST_CELL = 100
# Each cell is padded to the width of its column: one long cell would make each row as long.
_LONGEST_ROW = 160
_AMOUNT = re.compile(r"[^\n]{0,12}[0-9][^\n]{0,12}")
_MOST_STRUCK = 200
_STRUCK = 's, strike, del, [style*="line-through" i]'

_LEADS_OUT = re.compile(r"(?:https?|mailto|tel|sms):", re.IGNORECASE)
_AROUND_ADDRESS = re.compile(r"^(?:https?://|mailto:|tel:|sms:)|/$", re.IGNORECASE)
_PERSONAL = re.compile(r"(mailto|tel|sms):(?://)?([^?]*)", re.IGNORECASE)
_NO_DIGITS = re.compile(r"\(0\)|[^0-9]")
_LONGEST_AROUND = len("https://" + "/")
_DROPPED_BY_BROWSERS = re.compile(r"[\t\r\n]+")
_PICTURE = 'img[alt]:not([alt=""])'

_INVISIBLE = "\u00ad\u034f\u061c\u200b\u200e\u200f\u2060\ufeff"

# A space before a line end, or a gap: most texts have neither. Looking back from line ends is
# several times as fast as looking for spaces first, and twice as fast as stripping every line.
_UNTIDY = re.compile(r"\n(?:(?<=[^\S\n]\n)|\n\n)")


def plain_text(html: str) -> str:
    """Return what a reader of the HTML sees, as lines of text; '' if that is nothing.

    Links become `words (URL)`, images their alternative text, lists and tables of words keep their
    shape. Each paragraph stays on one line: every reader wraps it to its own width.
    """
    return _written(_turbohtml()[0](html), [])


def marked_text(html: str, mark: re.Pattern[str]) -> tuple[str, list[tuple[str, str]]] | None:
    """Return the text of HTML in which marks stand for values, and the links that contain some.

    Marks are private-use characters; a link is its `href` and its words. None if values may be more
    than words: if they are in an attribute that is read, or decide what becomes of a table or a
    link.
    """
    document = _turbohtml()[0](html)
    if any(map(mark.search, _steering(document))):
        return None
    links: list[tuple[str, str]] = []
    text = _written(document, links)
    return text, [link for link in links if mark.search("".join(link))]


def link_told(href: str, words: str) -> tuple[str, bool]:
    """Return what is written for a link's address, and whether that is all that is written."""
    address = _leads_to(href)
    return _as_written(address), _are_the_same(words, address)


def _written(document: Document, told: list[tuple[str, str]]) -> str:
    """Return a document's text, and add to `told` the links with words: `href` and words."""
    remove_hidden(document)
    _strike(document)
    # All are selected before the first is changed, because a change costs the document its index.
    tables = document.select("table")
    listing = [table for table in tables if _has_columns(table)]
    blocks = _layout(document, tables, listing)
    paragraphs = document.select("li > p:only-child")
    links = document.select("a[href]")
    cells = [part for table in listing for part in table.select(_BREAKING)]
    nested = _around_others(document, links)
    for block in blocks:
        block.tag = "div"
    for part in cells:
        _flatten(part)
    for link in nested:
        del link.attrs["href"]
    for paragraph in paragraphs:
        paragraph.unwrap()
    for link in links:
        if link not in nested:
            _write_out(link, told)
    return _tidy(document.to_text(_turbohtml()[1]))


def _steering(document: Document) -> Iterator[str]:
    """Yield what the shape of the text depends on, besides its words."""
    for element in document.select("*"):
        attributes = element.attrs
        yield from (f"{attributes[name]}" for name in attributes if name not in _NOT_LOOKED_AT)
    nested = set(document.select("a[href] a[href], a[href]:has(a[href])"))
    for link in document.select("a[href]"):
        href = link.attr("href") or ""
        if link in nested or not _LEADS_OUT.match(href):
            yield href
    yield from (table.text for table in document.select("table") if not _arranges(table))


@cache
def _turbohtml() -> tuple[Callable[[str], Document], PlainText]:
    from turbohtml import PlainText, parse  # a run without HTML mails does not pay for it

    return parse, PlainText(links="inline", images=True)


def _text(text: str) -> Text:
    from turbohtml import Text

    return Text(text)


def _layout(document: Document, tables: list[Element], listing: list[Element]) -> list[Element]:
    """Return those of the tables that only arrange the page, and their parts."""
    listed = set(listing)
    found = [table for table in tables if _is_layout(table, lists=table in listed)]
    # One search per tag is faster than one per table, of which newsletters nest many.
    parts = [part for tag in _PARTS for part in document.select(tag)] if found else []
    if len(found) < len(tables):
        arranging = set(found)
        parts = [part for part in parts if part.closest("table") in arranging]
    return found + parts


def _is_layout(table: Element, *, lists: bool) -> bool:
    arranges = not lists and (_arranges(table) or table.select_one(_BLOCKS) is not None)
    return arranges or not _fits_a_line(table)


def _arranges(table: Element) -> bool:
    """Return whether a table only arranges the page, whatever its cells contain."""
    if (table.attr("role") or "").lower() == "presentation" or table.select_one(_ARRANGES):
        return True
    return len(table.select("tr")) < 2 and (
        len(table.select("td, th")) < 2 or table.select_one(_BLOCKS) is not None
    )


def _fits_a_line(table: Element) -> bool:
    """Return whether the rows of a table that lists things fit on a line, columns side by side."""
    widths: dict[int, int] = {}
    for row in table.select("tr"):
        for column, cell in enumerate(row.select("td, th")):
            widths[column] = max(widths.get(column, 0), len(cell.text.strip()))
    return sum(widths.values()) <= _LONGEST_ROW


def _has_columns(table: Element) -> bool:
    """Return whether a table with blocks in its cells lists things.

    It does if it has a heading row, or if each of its rows ends with an amount, except the first
    one, which may name the columns.
    """
    if _arranges(table):
        return False
    cells = [row.select("td, th") for row in table.select("tr")]
    if len(cells) > _MOST_ROWS or len(cells[0]) < 2:
        return False
    if any(len(row) != len(cells[0]) for row in cells):
        return False
    if all(cell.tag == "th" for cell in cells[0]):
        return True
    texts = [[cell.text.strip() for cell in row] for row in cells]
    return bool(texts[0][-1]) and (
        all(len(text) <= _LONGEST_CELL for row in texts for text in row)
        and all(_AMOUNT.fullmatch(row[-1]) for row in texts[1:])
    )


def _flatten(part: Element) -> None:
    """Put a cell on one line."""
    if part.tag in ("br", "img"):
        before = " " if part.previous_sibling is not None else ""
        after = " " if part.next_sibling is not None else ""
        part.replace_with(_text(f"{before}{part.attr('alt') or ''}{after}"))
    else:
        part.append(_text(" "))
        part.unwrap()


def _strike(document: Document) -> None:
    """Mark text that is struck out, such as a former price."""
    for element in document.select(_STRUCK)[:_MOST_STRUCK]:
        above = element.parent.closest("[data-struck]") if element.parent is not None else None
        if above is None and element.text.strip():
            element.insert(0, _text("~~"))
            element.append(_text("~~"))
            element.attrs["data-struck"] = ""


def _around_others(document: Document, links: list[Element]) -> set[Element]:
    """Return the links around links to the same place, which would be written twice."""
    found: set[Element] = set()
    for link in document.select("a[href] a[href]") if links else ():
        above = link.parent.closest("a[href]") if link.parent is not None else None
        if above is not None and above.attr("href") == link.attr("href"):
            found.add(above)
    return found


def _write_out(link: Element, told: list[tuple[str, str]]) -> None:
    """Write the address of a link only if it is useful beside the link's words."""
    href = link.attr("href") or ""
    address = _leads_to(href)
    words = link.text.strip()
    if not address or not (words or link.select_one(_PICTURE)):
        del link.attrs["href"]
        return
    told.append((href, words))
    if _are_the_same(words, address):
        link.set_text(words if _PERSONAL.match(address) else address)
        del link.attrs["href"]
    elif (written := _as_written(address)) != href:
        link.attrs["href"] = written


@lru_cache(maxsize=500)  # most links of a newsletter are the same for all
def _leads_to(href: str) -> str:
    """Return the address as browsers read it; '' if it leads nowhere from a mail."""
    address = _DROPPED_BY_BROWSERS.sub("", href).strip()
    return address if _LEADS_OUT.match(address) else ""


@lru_cache(maxsize=500)
def _as_written(address: str) -> str:
    """Return an address as one writes it for a person: a mailbox, a telephone number, a URL."""
    if match := _PERSONAL.match(address):
        return unquote(match[2]).strip() or address
    return address.replace(" ", "%20")


def _are_the_same(words: str, address: str) -> bool:
    """Return whether a link's words are its address; in telephone numbers only digits count."""
    if match := _PERSONAL.match(address):
        said = unquote(match[2]).strip()
        if match[1].lower() == "mailto":
            return said.lower() in words.lower() if said else True
        digits = _NO_DIGITS.sub("", said).lstrip("0")
        return bool(digits) and digits[-7:] in _NO_DIGITS.sub("", words)
    return len(words) + _LONGEST_AROUND >= len(address) and (
        _AROUND_ADDRESS.sub("", words) == _AROUND_ADDRESS.sub("", address)
    )


def _tidy(text: str) -> str:
    """Remove invisible characters, spaces at line ends, and gaps."""
    if not text.isascii():
        text = without_fillers(text)
        for character in _INVISIBLE:
            if character in text:
                text = text.replace(character, "")
    if _UNTIDY.search(text):
        text = "\n".join(map(str.rstrip, text.split("\n")))
        while "\n\n\n" in text:
            text = text.replace("\n\n\n", "\n\n")
    return text.rstrip().lstrip("\n")
