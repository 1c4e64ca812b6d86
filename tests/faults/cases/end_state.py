"""What a run left behind, row by row, in one word each; every table of Maho's has its say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from segmail.maho.newsletter_queue import QueueStatus
from tests.shop_builder import ShopBuilder

SENT = "sent"
REFUSED = "refused"  # failed, with the server's words
INTERRUPTED = "interrupted"  # failed, for nobody can know whether it arrived
DEFERRED = "deferred"  # scheduled for later, with the server's words
UNTOUCHED = "untouched"  # scheduled as it was, and no trace of an attempt

_SLOW = timedelta(minutes=5)  # what a slow machine may need for a run


@dataclass(frozen=True)
class DueRows:
    """Due rows of a step with a coupon, as they were before the run."""

    shop: ShopBuilder
    ids: Sequence[int]
    before: Sequence[dict[str, Any]]

    @property
    def after(self) -> list[str]:
        """Return what became of each row: one of the words above, or all that is in its way."""
        return [self._state(id, before) for id, before in zip(self.ids, self.before, strict=True)]

    @property
    def problems(self) -> list[tuple[int, str]]:
        """Return what `newsletter_problem` holds: the code and the words."""
        found = self.shop.rows(self.shop.tables.problem)
        return [(row["problem_error_code"], row["problem_error_text"]) for row in found]

    def _state(self, id: int, before: dict[str, Any]) -> str:
        found = self._found(id)
        in_place = found.row["scheduled_at"] == before["scheduled_at"]
        later = found.row["scheduled_at"] - self.shop.now
        match found.told:
            case ("sent", QueueStatus.SENT, 1, 1, 0) if in_place and found.row["sent_at"]:
                return SENT
            case ("failed", QueueStatus.CANCEL, 0, 1, 1) if in_place and found.interrupted:
                return INTERRUPTED
            case ("failed", QueueStatus.CANCEL, 0, 1, 1) if in_place:
                return REFUSED
            case ("scheduled", QueueStatus.CANCEL, 0, 1, 1) if _is_first_back_off(later):
                return DEFERRED
            case ("scheduled", None, 0, 0, 0) if found.row == before:
                return UNTOUCHED
        return f"{found}; it was {before}"

    def _found(self, id: int) -> _Found:
        t, row = self.shop.tables, self.shop.progress(id)
        of = {"queue_id": row["queue_id"]}
        queue = self.shop.rows(t.queue, **of)
        coupons = self.shop.rows(t.coupon)
        # The code of a coupon begins with its customer's id.
        own = [c for c in coupons if c["code"].rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
               f"FM{row['customer_id']}"]  # fmt: skip
        return _Found(
            row,
            queue[0]["queue_status"] if queue else None,
            len(self.shop.rows(t.queue_link, **of)),
            len(own),
            self.shop.rows(t.problem, **of),
        )


@dataclass(frozen=True)
class _Found:
    row: dict[str, Any]
    queue_status: int | None
    links: int
    coupons: int
    problems: list[dict[str, Any]]

    @property
    def told(self) -> tuple[str, int | None, int, int, int]:
        return (
            self.row["status"], self.queue_status, self.links, self.coupons, len(self.problems)
        )  # fmt: skip

    @property
    def interrupted(self) -> bool:
        return all(p["problem_error_text"].startswith("interrupted: ") for p in self.problems)


def due_rows(shop: ShopBuilder, count: int = 3) -> DueRows:
    """Make due rows of one step that has a coupon, oldest first."""
    step = shop.step(shop.segment(), rule_id=shop.rule(), coupon_prefix="FM")
    ids = [shop.due(step, shop.customer()) for _ in range(count)]
    return DueRows(shop, ids, [shop.progress(id) for id in ids])


def _is_first_back_off(later: timedelta) -> bool:
    return timedelta(minutes=8) <= later <= timedelta(minutes=12) + _SLOW
