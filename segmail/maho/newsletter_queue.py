"""`newsletter_queue`: the row that each mail of the automation has in Maho."""

from __future__ import annotations

import enum

AUTOMATION = "customer_segmentation"  # `automation_source` of a mail of a step


class QueueStatus(enum.IntEnum):
    """`newsletter_queue.queue_status`. Maho's newsletter cron sends what is NEVER or SENDING."""

    NEVER = 0
    SENDING = 1
    CANCEL = 2  # an attempt that ended without delivery
    SENT = 3
    PAUSE = 4  # an attempt of segmail in flight: no cron of Maho's touches it
