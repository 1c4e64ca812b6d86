"""A due row on its way to becoming a mail: claimed, and prepared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segmail.coupons import Coupon, MailedCoupon
    from segmail.maho.customers import Subscriber
    from segmail.maho.newsletters import NewsletterTemplate
    from segmail.maho.steps import Step
    from segmail.mail.envelope import Envelope


@dataclass(frozen=True)
class DueRow:
    """A row of `customer_segment_sequence_progress` that this run holds.

    `scheduled_at` is when the step was due, `seen_at` is what was in the column when the row was
    claimed (an expired lease, after a crash); `lease_until` is when others may take the row.
    `created_at` is when its run of the sequence began, None for a row that is not scheduled.
    """

    progress_id: int
    customer_id: int
    step: Step
    trigger_type: str
    queue_id: int | None
    scheduled_at: datetime
    seen_at: datetime
    lease_until: datetime
    created_at: datetime | None = None


@dataclass(frozen=True)
class Prepared:
    """A message ready to be sent and recorded; `text` is HTML as it is stored, or plain text.

    `coupon` is the coupon that is stored with it, `shown_coupon` also one that was made before.
    """

    row: DueRow
    subscriber: Subscriber
    template: NewsletterTemplate
    subject: str
    text: str
    envelope: Envelope
    coupon: Coupon | None
    shown_coupon: MailedCoupon | None = None
