"""`newsletter_problem`: why the tries of a message ended without delivery.

segmail writes a row for each such try. `segmail retry` adds a row of its own, after which the tries
are counted from the start. That row names no subscriber, so that cleaning up Maho's problem reports
unsubscribes nobody.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, exists, func, not_, select

from segmail.maho.schema.tables import Tables
from segmail.printable import without_addresses

INTERRUPTED = "interrupted"  # begins the reason if it is unknown whether the message arrived
MESSAGE_ID = "(its Message-ID begins with {})"  # so that a mail server's log can be searched
RETRIED = "scheduled again by segmail retry"  # begins the row that `segmail retry` leaves

_MESSAGE_ID = re.compile(rf" {re.escape(MESSAGE_ID).replace(re.escape('{}'), '[0-9a-f]+')}")


def common_reason(reason: str) -> str:
    """Return a reason without what names one customer or mail, so that equal ones are counted."""
    return _MESSAGE_ID.sub("", without_addresses(reason))


def tries_since_retry(tables: Tables, queue_id: ColumnElement[Any]) -> ScalarSelect[int]:
    """Return the number of an attempt's tries since the last `segmail retry`."""
    one, again = tables.problem, tables.problem.alias("again")
    retried_after = exists().where(
        again.c.queue_id == one.c.queue_id,
        again.c.problem_id >= one.c.problem_id,
        again.c.problem_error_text.startswith(RETRIED),
    )
    return (
        select(func.count())
        .select_from(one)
        .where(one.c.queue_id == queue_id, not_(retried_after.correlate(one)))
        .scalar_subquery()
    )


def last_problem(tables: Tables, queue_id: ColumnElement[Any]) -> ScalarSelect[int]:
    """Return the id of an attempt's last problem row, NULL if it has none."""
    c = tables.problem.alias("last").c
    return select(func.max(c.problem_id)).where(c.queue_id == queue_id).scalar_subquery()


def was_interrupted(tables: Tables, queue_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that it is unknown whether the last try of an attempt arrived."""
    c = tables.problem.c
    last = select(c.problem_error_text).where(c.queue_id == queue_id)
    last = last.order_by(c.problem_id.desc()).limit(1)
    return last.scalar_subquery().startswith(INTERRUPTED)
