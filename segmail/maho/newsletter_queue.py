"""`newsletter_queue`: Maho's row for each mail of the automation."""

from __future__ import annotations

import enum

AUTOMATION = "customer_segmentation"  # `automation_source` of a step's mail


class QueueStatus(enum.IntEnum):
    """`newsletter_queue.queue_status`. Maho's newsletter cron sends what is NEVER or SENDING."""

    NEVER = 0
    SENDING = 1
    CANCEL = 2  # an attempt that ended without delivery
    SENT = 3
    PAUSE = 4  # an attempt of segmail in flight: none of Maho's crons touches it
