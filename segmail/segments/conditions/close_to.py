"""An amount close to a threshold but below it, such as the next tier of a loyalty programme."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation

from segmail.errors import ConditionError
from segmail.segments.conditions.number_pair import split_pair
from segmail.segments.conditions.predicate import normal_operator
from segmail.segments.conditions.tree import Leaf

CLOSE_TO = "lifetime_sales_close_to"


def bounds(leaf: Leaf) -> tuple[Leaf, Leaf]:
    """Return `1000:50` as two conditions on the lifetime sales: `>= 950` and `< 1000`.

    Raises ConditionError for any operator but `==`, and for values that are not amounts.
    """
    if normal_operator(leaf) != "==":
        raise ConditionError(f"{leaf} works with the operator == only.")
    threshold, within = split_pair(leaf, "the threshold and the distance, as in 1000:50")
    sales = replace(leaf, attribute="lifetime_sales")
    lower = _amount(leaf, threshold) - _amount(leaf, within)
    return (
        replace(sales, operator=">=", value=f"{lower:f}"),
        replace(sales, operator="<", value=threshold),
    )


def _amount(leaf: Leaf, value: str) -> Decimal:
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ConditionError(f"The value '{value}' of {leaf} is not a number.") from None
    if not amount.is_finite():
        raise ConditionError(f"The value '{value}' of {leaf} is not a number.")
    return amount
