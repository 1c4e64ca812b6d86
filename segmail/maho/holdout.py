"""Who is held out of a segment's mails: a fixed share of its customers, always the same ones.

Ids of customers and segments are spread over a circle of `_CIRCLE` places, in whole-number
arithmetic that gives the same result in every engine. The step from one customer id to the next is
near the golden section, so that consecutive ids, and those of a shop that counts by twos or tens,
are spread evenly.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast

from segmail.maho.reasons import ended_for
from segmail.maho.schema.tables import Tables

HELD_OUT = "held out, to compare with those who get the mails"

_CIRCLE = 1_000_003  # a prime
_CUSTOMER = 618_034
_SEGMENT = 414_214


def is_held_out(
    customer_id: ColumnElement[Any], segment_id: int, percent: int
) -> ColumnElement[bool]:
    """Return the condition that a customer is in the share that a segment holds out."""
    start = segment_id * _SEGMENT % _CIRCLE
    place = (cast(customer_id, BigInteger) * _CUSTOMER + start) % _CIRCLE
    return place * 100 < percent * _CIRCLE


def was_held_out(tables: Tables) -> ColumnElement[bool]:
    """Return the condition that a progress row records that its customer was held out."""
    return ended_for(tables, HELD_OUT)
