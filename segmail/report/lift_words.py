"""The difference between mailed and held-out customers, in words."""

from __future__ import annotations

from collections.abc import Iterator

from segmail.report.intervals import GroupDifference
from segmail.report.lift import Lift

COLUMNS = ("", "Mailed", "Held out", "Difference (95 %)")


def groups(lift: Lift) -> str:
    """Return how many customers are compared: `1,800 mailed, 200 held out`."""
    return f"{lift.mailed.customers:,} mailed, {lift.held_out.customers:,} held out"


def compared(lift: Lift) -> Iterator[tuple[str, str, str, str]]:
    """Yield what is compared, each group's number and their difference; see `COLUMNS`."""
    mailed, held_out = lift.mailed, lift.held_out
    yield (
        "Ordered",
        f"{mailed.buyers / mailed.customers:.1%}",
        f"{held_out.buyers / held_out.customers:.1%}",
        _signed(lift.ordered, scale=100, decimals=1, unit=" points"),
    )
    yield (
        "Orders a customer",
        f"{mailed.orders.mean:.3f}",
        f"{held_out.orders.mean:.3f}",
        _signed(lift.orders, decimals=3),
    )
    for currency, difference in lift.revenue.items():
        yield (
            f"Revenue a customer, {currency}".rstrip(", "),
            f"{mailed.revenue_in(currency).mean:,.2f}",
            f"{held_out.revenue_in(currency).mean:,.2f}",
            _signed(difference, decimals=2),
        )


def _signed(difference: GroupDifference, *, decimals: int, scale: int = 1, unit: str = "") -> str:
    value, low, high = (
        f"{number * scale:+,.{decimals}f}"
        for number in (difference.value, difference.low, difference.high)
    )
    doubt = "" if difference.is_shown else "; it may be none"
    return f"{value}{unit} ({low} to {high}{doubt})"
