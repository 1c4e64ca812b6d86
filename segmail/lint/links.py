"""Findings about links: the unsubscribe link, and addresses that do not work in a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from segmail.lint.findings import LintFinding, LintRule
from segmail.lint.masked import without_comments
from segmail.lint.naming import shown
from segmail.lint.reading import Letter, Passage, Reading
from segmail.lint.shop_facts import Facts
from segmail.templates import Kind, compile_template
from segmail.templates.nodes import Directive, Node, Place, Text, paths_of, walk

_WORD = re.compile(r"[^\s\"'<>]+")
_RELATIVE = re.compile(
    r"<[a-z][^<>]*?\s(?:href|src)\s*=\s*[\"']\s*"
    r"(?P<url>(?![a-z][a-z0-9+.-]*:|//|#|\{\{)[^\s\"'{}<>][^\"'{}<>]*)[\"']",
    re.IGNORECASE,
)


def unsubscribe_findings(
    letter: Letter, reading: Reading, facts: Facts | None
) -> Iterator[LintFinding]:
    """Yield a finding if a letter certainly has no link to unsubscribe."""
    texts = [passage for passage in reading.passages if passage.part == "text"]
    if not reading.complete or not letter.text.strip():
        return
    nodes = (node for passage in texts for node in _visible(passage))
    if any(_leads_out(node, facts) for node in nodes):
        return
    end = Place(1, 1).after(letter.text.rstrip())
    what = "The text has no link to unsubscribe."
    link = "{{var subscriber.getUnsubscriptionLink()}}"
    advice = f'Add <a href="{link}">Unsubscribe</a>.' if letter.is_html else f"Add {link}."
    yield texts[0].error(LintRule.NO_UNSUBSCRIBE_LINK, end, what, advice)


def link_findings(passage: Passage) -> Iterator[LintFinding]:
    """Yield relative addresses, which need a page around them; a mail has none."""
    if not passage.is_html:
        return
    place, read = Place(1, 1), 0
    for match in _RELATIVE.finditer(passage.source):
        place, read = place.after(passage.source[read : match.start("url")]), match.start("url")
        what = f"'{shown(match['url'])}' is not a full address, so it leads nowhere in a mail."
        advice = 'Begin it with https://, or write {{store url="…"}} or {{media url="…"}}.'
        yield passage.warning(LintRule.RELATIVE_LINK, place, what, advice)


def _visible(passage: Passage) -> Iterator[Node]:
    """Yield what a passage prints outside comments, whose links nobody sees."""
    source = without_comments(passage.source) if passage.is_html else passage.source
    if source != passage.source:
        return walk(compile_template(source, kind=Kind.HTML).tree)
    return walk(passage.tree)


def _leads_out(node: Node, facts: Facts | None) -> bool:
    if isinstance(node, Text):
        return _has_way_out(node.text)
    if isinstance(node, Directive):
        return _directive_leads_out(node, facts)
    return any(
        path.name == "subscriber"
        and any(
            step.method == "getunsubscriptionlink" or step.key == "unsubscription_link"
            for step in path.steps
        )
        for path in paths_of(node)
    )


def _has_way_out(text: str) -> bool:
    """Return whether a text has an address whose words say that it ends a subscription."""
    words = (word.lower() for word in _WORD.findall(text))
    return any(
        ("http" in word or "mailto:" in word) and ("unsubscri" in word or "newsletter/" in word)
        for word in words
    )


def _directive_leads_out(node: Directive, facts: Facts | None) -> bool:
    values = [given.literal or "" for given in node.parameters]
    if node.name == "store":
        return any("newsletter/" in value for value in values)
    if node.name == "customvar":
        texts = [facts.custom_variable(value) or "" for value in values] if facts else []
        return facts is None or any(map(_has_way_out, texts))
    return node.name == "template"
