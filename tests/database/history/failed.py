"""Makes failed steps as `process-emails` leaves them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from segmail.maho.newsletter_queue import QueueStatus
from tests.shop_builder import ShopBuilder

INTERRUPTED = "interrupted: the connection was lost after the whole message"


def failed(
    shop: ShopBuilder,
    step: int,
    reason: str | None = "550 5.1.1 No such user",
    *,
    customer: int | None = None,
    at: datetime | None = None,
    queue_status: QueueStatus = QueueStatus.CANCEL,
    **columns: Any,
) -> int:
    """Insert a failed row with its closed attempt and the reason; return the progress id."""
    progress = shop.due(step, customer or shop.customer(), status="failed", **columns)
    queue = shop.insert(
        shop.tables.queue,
        template_id=shop.row(shop.tables.sequence, sequence_id=step)["template_id"],
        newsletter_subject="Hello Ada",
        newsletter_text="<p>Dear Ada</p>",
        queue_status=queue_status,
        queue_start_at=at or shop.now,
        queue_finish_at=at or shop.now,
    )
    shop.change(shop.tables.progress, {"progress_id": progress}, queue_id=queue)
    if reason is not None:
        problem(shop, queue, reason)
    return progress


def problem(shop: ShopBuilder, queue: int, reason: str) -> int:
    return shop.insert(
        shop.tables.problem, queue_id=queue, problem_error_code=550, problem_error_text=reason
    )
