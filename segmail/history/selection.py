"""Whose rows a person asks about: a customer's, a segment's, a step's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement

from segmail.maho.lookup import find_customer, find_segment
from segmail.maho.progress import TRIGGERS
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.sequences.find import find_steps


@dataclass(frozen=True)
class HistoryScope:
    """The ids that were asked for; None for what was not given."""

    customer_id: int | None = None
    segment_id: int | None = None
    sequence_id: int | None = None

    def conditions(self, tables: Tables) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions on progress rows."""
        c = tables.progress.c
        if self.customer_id is not None:
            yield c.customer_id == self.customer_id
        if self.segment_id is not None:
            yield c.segment_id == self.segment_id
            yield c.trigger_type.in_(TRIGGERS)
        if self.sequence_id is not None:
            yield c.sequence_id == self.sequence_id


def find_scope(
    tx: Transaction,
    *,
    customer: str | None,
    segment: str | None,
    step: str | None,
) -> HistoryScope:
    """Return what the arguments name, each by id or name, a customer also by e-mail address.

    Raises InputError if one names nothing.
    """
    found = None if step is None else find_steps(tx, [step])[0]
    segment_id = None if segment is None else find_segment(tx, segment).segment_id
    if found is not None and segment_id is None:
        segment_id = found.segment.segment_id  # leads to the step's rows by Maho's index
    return HistoryScope(
        None if customer is None else find_customer(tx, customer),
        segment_id,
        None if found is None else found.sequence_id,
    )
