"""Looking for other rows of each row's customer, whatever a server believes of the tables.

A server whose statistics are older than most rows takes an index on the step or segment to be as
good as that on the customer, and then reads all rows of the step for each customer; or it reads the
whole table once for all customers, however few they are.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, literal_column, select


def not_by_index(column: ColumnElement[int]) -> ColumnElement[int]:
    """Return the number in a column, for a condition beside one on the customer.

    Servers use no index on a column that they have to calculate with.
    """
    return column + 0


def first_found(*conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    """Return a subquery to be asked for each row by itself: its value is NULL if it finds none.

    Servers may answer EXISTS by reading the table once; a value with a LIMIT they look up.
    """
    return select(literal_column("1")).where(*conditions).limit(1).scalar_subquery()
