"""Findings about style sheets: braces that do not match."""

from __future__ import annotations

import re
from collections.abc import Iterator

from segmail.lint.findings import LintFinding, LintRule
from segmail.lint.masked import places, without_comments
from segmail.lint.naming import shown
from segmail.lint.reading import Letter, Passage
from segmail.templates.nodes import Place

_SKIPPED = re.compile(r"/\*.*?(?:\*/|\Z)|\"[^\"\n]*\"|'[^'\n]*'|\{\{.{0,500}?\}\}", re.DOTALL)
_BRACE = re.compile(r"[{}]")
_STYLE = re.compile(r"(<style\b[^>]*>)(?P<css>.*?)(?:</style|\Z)", re.IGNORECASE | re.DOTALL)


def style_findings(letter: Letter, passage: Passage) -> Iterator[LintFinding]:
    """Yield the braces of Template Styles, and of a text's <style> elements, that do not match."""
    if letter.styles and passage.part == "text" and not passage.trail:
        for place, what in _braces(letter.styles, Place(1, 1)):
            yield passage.in_part("styles").error(LintRule.CSS_BRACE, place, what, _ADVICE)
    if passage.is_html:
        source = without_comments(passage.source)
        for place, match in places(source, _STYLE.finditer(source)):
            start = place.after(match[1])
            for where, what in _braces(match["css"], start):
                yield passage.error(LintRule.CSS_BRACE, where, what, _ADVICE)


_ADVICE = "Close each rule with }, and each @media with another one."


def _braces(css: str, start: Place) -> Iterator[tuple[Place, str]]:
    """Yield a brace too many, or the first rule that is not closed."""
    plain = _SKIPPED.sub(lambda match: re.sub("[^\\n]", " ", match[0]), css)
    opened: list[tuple[int, bool]] = []
    read = 0
    for match in _BRACE.finditer(plain):
        at = match.start()
        if match[0] == "}":
            if not opened:
                yield start.after(plain[:at]), "A } closes nothing; browsers skip the next rule."
                return
            opened.pop()
        else:
            if opened and not opened[-1][1]:
                break  # a rule in a rule: the outer one was not closed
            opened.append((at, plain[read:at].lstrip().startswith("@")))
        read = match.end()
    if opened:
        at = opened[-1][0]
        head = plain[:at].rpartition("}")[2].rpartition("{")[2].strip()
        yield start.after(plain[:at]), f"The rule '{shown(head)}' is not closed."
