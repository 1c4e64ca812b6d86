"""Findings about a mail's HTML.

They are about what mail programs remove, what browsers read differently, and what nobody can see or
reach.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from segmail.lint.findings import LintFinding, LintRule
from segmail.lint.masked import places, tags_only
from segmail.lint.naming import shown
from segmail.lint.reading import Passage
from segmail.templates.declarations import unreadable
from segmail.templates.nodes import Directive

_ACTIVE = re.compile(
    r"<(?P<tag>script|form|input|select|textarea|iframe|object|embed|applet|frame|base)\b"
    r"|<(?P<sheet>link)\b[^<>]*\bstylesheet\b"
    r"|<(?P<refresh>meta)\b[^<>]*\brefresh\b"
    r"|<[a-z][^<>]*?\s(?P<on>on[a-z]+)\s*=\s*[\"']"
    r"|<[a-z][^<>]*?\shref\s*=\s*[\"']?\s*(?P<js>javascript):",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"<img\b(?P<attributes>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
_ALT = re.compile(r"\salt(?:\s*=|[\s/]|\Z)", re.IGNORECASE)
_DOT = re.compile(r"\s(?:width|height)\s*=\s*[\"']?[01](?:px)?[\"']?(?=[\s/]|\Z)", re.IGNORECASE)
_LOCAL = re.compile(
    r"<[a-z][^<>]*?\s(?:href|src|background)\s*=\s*[\"']?\s*(?P<url>"
    r"(?:https?:)?//(?:localhost|127\.[0-9.]+|0\.0\.0\.0|10\.[0-9.]+|192\.168\.[0-9.]+"
    r"|172\.(?:1[6-9]|2[0-9]|3[01])\.[0-9.]+|\[::1\]|[a-z0-9.-]+\.(?:local|localhost|internal|lan))"
    r"(?=[/:?#\"'\s>])[^\"'\s<>]*"
    r"|(?:file|blob|webkit-fake-url|about):[^\"'\s<>]*|[a-z]:[\\/][^\"'<>]*)",
    re.IGNORECASE,
)
_OPEN_QUOTE = re.compile(
    r"<[a-z][^<>]*?\s(?P<name>[a-z:-]+)\s*=\s*"
    r"(?:\"(?P<double>[^\"<]*[<][a-z/!][^\"]*)(?:\"|\Z)|'(?P<single>[^'<]*[<][a-z/!][^']*)(?:'|\Z))",
    re.IGNORECASE,
)
_UNENDED = re.compile(r"<[a-z][^<>]*?\s(?P<name>[a-z:-]+)\s*=\s*(?:\"[^\"]*|'[^']*)\Z", re.I)
_STYLED = re.compile(
    r"<[a-z][^<>]*?\sstyle\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')", re.IGNORECASE
)
_FILE_HEADER = re.compile(r"<!--@(?P<what>[a-z]+)", re.IGNORECASE)
_WHOLE_URL = re.compile(r"\s*(?:https?:|//|www\.)", re.IGNORECASE)


def markup_findings(passage: Passage) -> Iterator[LintFinding]:
    """Yield faults of the HTML around a template's directives."""
    yield from _whole_urls(passage)
    yield from _headers(passage)
    if passage.is_html and passage.part == "text":
        yield from _active(passage)
        yield from _images(passage)
        yield from _local(passage)
        yield from _quotes(passage)
        yield from _styles(passage)


def _headers(passage: Passage) -> Iterator[LintFinding]:
    for place, match in places(passage.source, _FILE_HEADER.finditer(passage.source)):
        what = f"<!--@{match['what']} … @--> is of a template's file; it goes out in each mail."
        where = (
            "Write it into the template's own field, and take"
            if match["what"].lower() in ("subject", "styles")
            else "Take"
        )
        yield passage.warning(LintRule.FILE_HEADER, place, what, f"{where} it out here.")


def _active(passage: Passage) -> Iterator[LintFinding]:
    source = tags_only(passage.source)
    for place, match in places(source, _ACTIVE.finditer(source)):
        name = next(found for found in match.groupdict().values() if found).lower()
        if match["on"] or match["js"]:
            what = (
                f"Mail programs run no scripts, so {name} does nothing, and many take it for spam."
            )
        else:
            what = f"Mail programs remove <{name}>, or take the mail for spam."
        advice = {
            "link": "Write its rules into Template Styles.",
            "form": "Take it out; link to a page with the form.",
        }.get(name, "Take it out.")
        yield passage.warning(LintRule.ACTIVE_CONTENT, place, what, advice)


def _images(passage: Passage) -> Iterator[LintFinding]:
    source = tags_only(passage.source)
    for place, match in places(source, _IMAGE.finditer(source)):
        attributes = match["attributes"]
        if not _ALT.search(attributes) and not _DOT.search(attributes):
            what = "The image has no alt text, so nothing is shown if images are blocked."
            advice = 'Add alt="…", or alt="" if it is only decoration.'
            yield passage.warning(LintRule.MISSING_ALT, place, what, advice)


def _local(passage: Passage) -> Iterator[LintFinding]:
    source = tags_only(passage.source)
    for place, match in places(source, _LOCAL.finditer(source)):
        what = f"'{shown(match['url'])}' is an address of your own computer or network."
        advice = 'Write the shop\'s address, {{store url="…"}} or {{media url="…"}}.'
        yield passage.error(LintRule.LOCAL_LINK, place, what, advice)


def _quotes(passage: Passage) -> Iterator[LintFinding]:
    source = tags_only(passage.source)
    for pattern in (_OPEN_QUOTE, _UNENDED):
        for place, match in places(source, pattern.finditer(source)):
            what = (
                f"The attribute {match['name']} has no end, so it swallows the text up to the next "
                "quotation mark."
            )
            advice = f'Write {match["name"]}="…" with both quotation marks.'
            yield passage.error(LintRule.OPEN_QUOTE, place, what, advice)


def _styles(passage: Passage) -> Iterator[LintFinding]:
    source = tags_only(passage.source)
    for place, match in places(source, _STYLED.finditer(source)):
        for part in unreadable(unescape(match["double"] or match["single"] or "")):
            if part.startswith("*") or "xxx" in part:  # a hack for old browsers; a directive
                continue
            what = f"No browser can read '{shown(part)}' in a style attribute; it has no effect."
            yield passage.warning(
                LintRule.STYLE_ATTRIBUTE, place, what, "Write property: value, such as color: red."
            )


def _whole_urls(passage: Passage) -> Iterator[LintFinding]:
    for node, _ in passage.nodes():
        if not isinstance(node, Directive) or node.name not in ("store", "media", "skin"):
            continue
        for given in node.parameters:
            if given.name in ("url", "direct_url") and _WHOLE_URL.match(given.literal or ""):
                url = (given.literal or "").strip()
                whole = url if url.lower().startswith("http") else f"https://{url.lstrip('/')}"
                what = f"{shown(node.source)} puts a whole address behind the shop's own."
                yield passage.error(
                    LintRule.WHOLE_URL, node.place, what, f"Write {whole} without a directive."
                )
