"""Where SQLite finds other customers than the shop's own server, which compares texts differently.

MySQL takes `é` for `e` and ignores trailing spaces; SQLite does not. Whether that matters is
tested, not guessed: both are asked whom each segment matches now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from segmail.errors import ConfigError
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.segments.matching_customers import ConditionsOfFew
from segmail.segments.refresh import Candidate, Choice
from segmail.segments.refresh.candidates import choose

_CUSTOMERS = 500
_NAMED = 5


def find_differences(
    shop: Shop, copy: Shop, customer_ids: Sequence[int], *, now: datetime
) -> list[str]:
    """Return a sentence for each segment whose matches differ between copy and shop."""
    if shop.database.url.get_backend_name() == "sqlite":
        return []
    with shop.read() as there, copy.read() as here:
        return list(_differences(there, here, customer_ids, now))


def _differences(
    there: Transaction, here: Transaction, customer_ids: Sequence[int], now: datetime
) -> Iterator[str]:
    conditions, copied = ConditionsOfFew(), ConditionsOfFew()
    for candidate in choose(here, Choice(), now=now):
        more: set[int] = set()
        fewer: set[int] = set()
        try:
            for start in range(0, len(customer_ids), _CUSTOMERS):
                ids = customer_ids[start : start + _CUSTOMERS]
                real = conditions.matched(there, candidate, ids, now=now)
                played = copied.matched(here, candidate, ids, now=now)
                more |= played - real
                fewer |= real - played
        except ConfigError:  # reported by the refresh of the copy
            continue
        if more or fewer:
            yield _told(candidate, more, fewer)


def _told(candidate: Candidate, more: set[int], fewer: set[int]) -> str:
    parts = [
        f"{word} {len(ids):,} ({_few(ids)})"
        for word, ids in (("wrongly matches", more), ("misses", fewer))
        if ids
    ]
    return (
        f"'{candidate.segment.name}': the copy {' and '.join(parts)}; the shop's server compares "
        "texts without regard to accents and to blanks at the end."
    )


def _few(ids: set[int]) -> str:
    named = ", ".join(map(str, sorted(ids)[:_NAMED]))
    return named if len(ids) <= _NAMED else f"{named}, …"
