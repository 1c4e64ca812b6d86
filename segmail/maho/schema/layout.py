"""Finds out which layout of the automation tables a shop has, by reading the columns."""

from __future__ import annotations

from sqlalchemy import Connection

from segmail.maho.db.information_schema import column_names
from segmail.maho.schema.tables import Layout


def find_layout(connection: Connection, prefix: str) -> Layout | None:
    """Return the layout of the shop's automation tables; None where it has none yet.

    Shipped Maho keeps the trigger on the step (`trigger_event`), the specification on the segment
    (`auto_email_trigger`). Where both columns exist, Maho's module is the one that runs.
    """
    if "trigger_event" in column_names(connection, f"{prefix}customer_segment_email_sequence"):
        return Layout.SHIPPED
    if "auto_email_trigger" in column_names(connection, f"{prefix}customer_segment"):
        return Layout.SPEC
    return None
