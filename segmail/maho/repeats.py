"""How often a step is sent again: `every month, at most 12`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

ALLOWED = "'every month, at most 12', 'every 2 weeks', 'every quarter' or 'none'"
PATTERN = (
    r"^(none|every ([0-9]{1,4} )?(day|week|month|quarter|year)s?"
    r"(,? at most [0-9]{1,3}( times)?)?)$"
)

_WORDS = re.compile(
    r"every (?:([0-9]{1,4}) )?(day|week|month|quarter|year)s?"
    r"(?:,? at most ([0-9]{1,3})(?: times)?)?"
)
_MOST = {"day": 1_826, "week": 260, "month": 60, "quarter": 20, "year": 5}  # five years
_LONGEST = {"days": 1, "weeks": 7, "months": 31, "years": 366}  # maximum days in one unit
_LAST = datetime(2038, 1, 1, tzinfo=UTC)  # the times that a TIMESTAMP column can hold


@dataclass(frozen=True)
class Repeat:
    """A step is sent again whenever `count` units (`days`, `weeks`, `months`, `years`) have passed.

    `at_most` is how often a customer is sent it in total; None: as long as they are in the segment.
    """

    count: int
    unit: str
    at_most: int | None = None

    @classmethod
    def read(cls, text: str) -> Repeat | None:
        """Return the repeat that words describe; None for `none`. Raises ValueError for others."""
        plain = " ".join(text.lower().split())
        if plain == "none":
            return None
        found = _WORDS.fullmatch(plain)
        if found is None:
            raise ValueError(text)
        count, unit = int(found[1] or 1), found[2]
        at_most = None if found[3] is None else int(found[3])
        if not 1 <= count <= _MOST[unit] or at_most == 0:
            raise ValueError(text)
        if unit == "quarter":
            count, unit = 3 * count, "month"
        return cls(count, f"{unit}s", at_most)

    def __str__(self) -> str:
        often = f"every {self.count} {self.unit}" if self.count > 1 else f"every {self.unit[:-1]}"
        return often if self.at_most is None else f"{often}, at most {self.at_most}"

    def date(self, first: datetime, number: int, zone: tzinfo) -> datetime:
        """Return the date `number` times after the first, by the calendar of a time zone (UTC).

        Counted from the first one: 31 January, 28 February, 31 March. A time in the hour that
        summer time skips becomes the next one that exists.
        """
        # Loaded here, for few shops have steps that repeat, and each run reads them.
        from dateutil.relativedelta import relativedelta

        step: dict[str, Any] = {self.unit: number * self.count}
        wall = first.astimezone(zone).replace(tzinfo=None) + relativedelta(**step)
        return wall.replace(tzinfo=zone).astimezone(UTC)

    def next_after(self, first: datetime, moment: datetime, zone: tzinfo) -> datetime | None:
        """Return the first repetition after `moment`; None: it is past the calendar's last year.

        Dates in the past are left out: after an outage the mails do not leave in one burst.
        """
        try:
            date = self.date(first, self._number_after(first, moment, zone), zone)
        except (ValueError, OverflowError):
            return None
        return date if date < _LAST else None

    def latest(self, first: datetime, moment: datetime) -> datetime:
        """Return the last date at or before `moment`, to the hour; else the first."""
        return self.date(first, self._number_after(first, moment, UTC) - 1, UTC)

    def _number_after(self, first: datetime, moment: datetime, zone: tzinfo) -> int:
        days = self.count * _LONGEST[self.unit]
        number = max(1, (moment - first) // timedelta(days=days))
        while self.date(first, number, zone) <= moment:
            number += 1
        return number
