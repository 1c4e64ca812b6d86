"""Findings about tags that are not Maho's: the customer sees them as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from segmail.lint.findings import LintFinding, LintRule
from segmail.lint.masked import places, without_comments
from segmail.lint.naming import shown
from segmail.lint.reading import Passage
from segmail.templates.directives import DIRECTIVES

_NAMES = "|".join(("var", "if", "depend", *DIRECTIVES))
_STYLE = re.compile(r"<(style|script)\b.*?(?:</\1|\Z)", re.IGNORECASE | re.DOTALL)
_SINGLE = re.compile(
    rf"(?<!\{{)\{{\s*(?P<inner>/(?:if|depend)|else|(?:{_NAMES})\s[^{{}}\n]*)\}}(?!\}})",
    re.IGNORECASE,
)
_HALF = re.compile(
    rf"(?<!\{{)\{{\s*(?P<inner>(?:{_NAMES})\s[^{{}}\n]*)\}}\}}"
    rf"|\{{\{{(?P<open>(?:{_NAMES})\s[^{{}}\n]*)\}}(?!\}})",
    re.IGNORECASE,
)
_FOREIGN = re.compile(
    r"\{%.{0,500}?%\}"  # Twig, Liquid, Jinja
    r"|<%.{0,500}?%>"
    r"|\*\|[A-Z0-9_:]+\|\*"  # Mailchimp
    r"|%%[a-z0-9_ ]+%%"
    r"|%(?:recipient|contact|subscriber)\.[a-z_]+%"
    r"|\$\{[a-z_][a-z0-9_.]*\}"
    r"|\{\$[a-z_][a-z0-9_.>-]*\}"  # Smarty
    r"|\[\[[a-z0-9_.: ]+\]\]"
    r"|%7B%7B.{0,500}?%7D%7D",
    re.IGNORECASE,
)
_MEANT: Mapping[str, str] = {
    "fname": "{{var customer_firstname}}",
    "first": "{{var customer_firstname}}",
    "lname": "{{var customer_lastname}}",
    "last": "{{var customer_lastname}}",
    "email": "{{var customer_email}}",
    "unsub": "{{var subscriber.getUnsubscriptionLink()}}",
    "name": "{{var customer_name}}",
}


def foreign_findings(passage: Passage) -> Iterator[LintFinding]:
    """Yield directives that lack a brace, and tags of other programs."""
    source = _STYLE.sub(lambda match: re.sub("[^\\n]", " ", match[0]), passage.source)
    if passage.is_html:
        source = without_comments(source)
    for place, match in places(source, _SINGLE.finditer(source)):
        inner = match["inner"].strip()
        what = f"{shown(match[0])} lacks a brace on each side; the customer sees it as it is."
        yield passage.error(LintRule.SINGLE_BRACE, place, what, f"Write {{{{{inner}}}}}.")
    last = source.rfind("}}")  # without a closing one, the directive is reported as unfinished
    for place, match in places(source, _HALF.finditer(source)):
        if match["open"] and match.end() > last:
            continue
        inner = (match["inner"] or match["open"]).strip()
        what = f"{shown(match[0])} lacks a brace; the customer sees it as it is."
        yield passage.error(LintRule.SINGLE_BRACE, place, what, f"Write {{{{{inner}}}}}.")
    for place, match in places(source, _FOREIGN.finditer(source)):
        what = f"{shown(match[0])} is not a Maho directive; the customer sees it as it is."
        yield passage.error(LintRule.FOREIGN_TAG, place, what, _advice(match[0]))


def _advice(tag: str) -> str:
    lower = tag.lower()
    if lower.startswith("%7b"):
        return "Write it with braces, {{…}}: an editor has encoded them as part of an address."
    if "endif" in lower:
        return "Write {{/if}}."
    if "else" in lower:
        return "Write {{else}}."
    if match := re.match(r"\{%-?\s*if\s+([a-z_.]+)\s*-?%\}", lower):
        return f"Write {{{{if {match[1]}}}}}."
    meant = next((one for word, one in _MEANT.items() if word in lower), None)
    return f"Write {meant}." if meant else "Take it out, or write {{var …}}."
