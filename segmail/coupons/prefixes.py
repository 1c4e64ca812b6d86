"""Which prefixes the automation's codes have, rule by rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from segmail.maho.steps import Step


def prefixes_by_rule(steps: Iterable[Step]) -> dict[int, frozenset[str | None]]:
    """Return the prefixes that steps give the codes of each sales rule, by rule id."""
    found: defaultdict[int, set[str | None]] = defaultdict(set)
    for step in steps:
        if step.rule_id is not None:
            found[step.rule_id].add(step.coupon_prefix)
    return {rule_id: frozenset(prefixes) for rule_id, prefixes in found.items()}
