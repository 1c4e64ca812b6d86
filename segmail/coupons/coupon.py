"""A generated coupon and the last moment at which the checkout accepts it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from segmail.errors import CouponError
from segmail.maho.rules import Rule
from segmail.maho.storefront.locale import StoreLocale

DEFAULT_DAYS = 30  # the default of SPEC's column

_END_OF_DAY = time(23, 59, 59)

# Up to Maho 26.3 the column is a TIMESTAMP, which ends on 2038-01-19 UTC; a day earlier is certain
# to fit in any time zone of the server.
_LAST_DAY = date(2038, 1, 17)


@dataclass(frozen=True)
class Coupon:
    """A row of `salesrule_coupon`, made for one customer and valid for one order."""

    code: str
    rule_id: int
    expires: datetime | None  # naive: the store's local time; None: never
    created_at: datetime  # aware, UTC
    prefix: str | None = None  # of the step that makes it; None if it was made before

    @property
    def last_day(self) -> date | None:
        """The last day on which the coupon can be used.

        When a rule's end changes, Maho's admin sets midnight at the beginning of a day: such a
        coupon has expired on that day.
        """
        return (self.expires - timedelta(seconds=1)).date() if self.expires else None


def expires_at(
    days: int | None, locale: StoreLocale, rule: Rule, *, now: datetime
) -> datetime | None:
    """Return the store's local time at which a coupon made now expires; None for never.

    That is the last second of the last day, `days` days from the store's today (None: 30, 0:
    never), or of the rule's own last day if that comes first. Maho's checkout compares the literal
    with the store's local time, so the whole day counts there, even across a clock change.

    Raises CouponError for a day that Maho's column cannot hold.
    """
    chosen = _chosen_day(days, locale.today(now))
    last = min((day for day in (chosen, rule.to_date) if day), default=None)
    if last is None or (chosen is None and last > _LAST_DAY):
        return None  # so distant an end of a rule is left to the rule
    if last > _LAST_DAY:
        raise CouponError(
            f"A coupon that is valid for {days} days does not fit in Maho's table, which ends in "
            "2038; use 0 days for one that does not expire."
        )
    return datetime.combine(last, _END_OF_DAY)


def _chosen_day(days: int | None, today: date) -> date | None:
    if days is None:
        days = DEFAULT_DAYS
    if days < 0:
        raise CouponError(f"A coupon cannot be valid for {days} days; use 0 for no end.")
    return today + timedelta(days=min(days, 99_999)) if days else None
