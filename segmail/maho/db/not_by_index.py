"""Columns by whose index a server must not look rows up, although there is one."""

from __future__ import annotations

from sqlalchemy import ColumnElement


def not_by_index(column: ColumnElement[int]) -> ColumnElement[int]:
    """Return the number in a column, for a condition beside one on the customer.

    Rows of one customer are found by the customer's index. A server whose statistics are older than
    most rows takes the index on the step or segment to be as good, and then reads all rows of the
    step for each customer. It uses no index on a column that it has to calculate with.
    """
    return column + 0
