"""Findings about quotation marks: those of word processors, and what editors turn them into."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from segmail.lint.findings import LintFinding, LintRule
from segmail.lint.masked import places, tags_only
from segmail.lint.naming import shown
from segmail.lint.reading import Passage
from segmail.templates.nodes import Block, Directive, Var

_CURLY = "“”„‟«»"
_SINGLE = "‘’‚‛‹›"
_STRAIGHT = str.maketrans(dict.fromkeys(_CURLY, '"') | dict.fromkeys(_SINGLE, "'"))
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_ANY_CURLY = re.compile(f"[{_CURLY}{_SINGLE}]")
_ENTITY = re.compile(r"&(?:quot|apos|nbsp|lt|gt|amp|[lrb]dquo|[lrs]squo|#x?[0-9a-f]+);", re.I)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_IN_ATTRIBUTE = re.compile(
    rf"<[a-z][^<>]*?\s(?P<name>[a-z-]+)\s*=\s*[{_CURLY}{_SINGLE}][^<>]*", re.IGNORECASE
)


def quote_findings(passage: Passage) -> Iterator[LintFinding]:
    """Yield directives and attributes with characters that are not real quotation marks."""
    for node, _ in passage.nodes():
        if isinstance(node, Var | Directive | Block):
            source = node.source
            bare = _QUOTED.sub("", source)
            if _ENTITY.search(bare) or _TAG.search(bare):
                what = f"In {shown(source)} there is HTML that an editor put there."
                yield passage.error(
                    LintRule.ENTITY_QUOTES, node.place, what, f"Write {straightened(source)}."
                )
            elif _ANY_CURLY.search(bare):
                what = f"{shown(source)} has quotation marks that become part of the value."
                yield passage.error(
                    LintRule.CURLY_QUOTES, node.place, what, f"Write {straightened(source)}."
                )
    if passage.is_html:
        source = tags_only(passage.source)
        for place, match in places(source, _IN_ATTRIBUTE.finditer(source)):
            what = f"The attribute {match['name']} has a word processor's quotation marks."
            advice = f'Write {match["name"]}="…" with straight ones.'
            yield passage.error(LintRule.CURLY_QUOTES, place, what, advice)


def straightened(source: str) -> str:
    """Return a directive as it was meant before an editor changed it."""
    text = _TAG.sub("", html.unescape(html.unescape(source)))
    return text.replace("\xa0", " ").translate(_STRAIGHT)
