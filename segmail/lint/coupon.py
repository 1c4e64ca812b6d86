"""Findings about coupons that are shown although none is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from segmail.coupons import COUPON_VARIABLES
from segmail.lint.findings import LintFinding, LintRule
from segmail.lint.naming import shown
from segmail.lint.reading import Letter, Passage, read_letter
from segmail.templates.nodes import Directive, Var, paths_of


def coupon_findings(passage: Passage, couponless: Sequence[str]) -> Iterator[LintFinding]:
    """Yield places that show a coupon unconditionally; `couponless` steps make none."""
    if not couponless:
        return
    for _, node in _shown(passage):
        what = f"{shown(node.source)} prints nothing: {', '.join(couponless)} makes no coupon."
        advice = (
            "Give the step one (`segmail sequence edit STEP --coupon RULE`), or put the text "
            "into {{depend coupon_code}}…{{/depend}}."
        )
        yield passage.error(LintRule.NO_COUPON, node.place, what, advice)


def unmet_coupon_reads(letter: Letter) -> dict[str, int]:
    """Return the coupon variables that a letter shows unconditionally, each with its first line.

    Only the letter itself is read, not what it includes.
    """
    found: dict[str, int] = {}
    for passage in read_letter(letter, None).passages:
        for name, node in _shown(passage):
            found.setdefault(name, node.place.line)
    return found


def _shown(passage: Passage) -> Iterator[tuple[str, Var | Directive]]:
    """Yield uses outside {{if coupon_code}} and {{depend …}}, which serve both kinds of steps."""
    for node, sure in passage.nodes():
        is_open = COUPON_VARIABLES.isdisjoint(path.name for path in sure)
        if isinstance(node, Var | Directive) and is_open:
            for path in paths_of(node):
                if path.name in COUPON_VARIABLES:
                    yield path.name, node
