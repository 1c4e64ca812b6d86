"""When mails may be sent, and how many: caps, hours, weekdays and gaps, as pure values.

The words are those of segmail.toml and of campaign files. Hours and weekdays are in a store's own
time zone (`zoneinfo`); a cap's day is any 24 hours, its week any seven times that, so that neither
a clock change nor a second website makes room for more.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from segmail.durations import in_words, minutes_in

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

NONE = "none"  # no rule
DEFAULT = "default"  # of a campaign: the shop's rule; of a step: its campaign's

_DAY = timedelta(days=1)
_HORIZON = 15  # days within which hours and weekdays allow a moment, or never
_SPANS = {"hour": timedelta(hours=1), "day": _DAY, "week": 7 * _DAY, "month": 30 * _DAY}
_LIMIT = re.compile(r"([1-9][0-9]{0,3}) (?:per|a|an|each) (hour|day|week|month)")
_HOURS = re.compile(r"([0-9]{1,2})(?::([0-9]{2}))? ?[-–] ?([0-9]{1,2})(?::([0-9]{2}))?")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = re.compile(
    r"(mon|tue|wed|thu|fri|sat|sun)(?:day|sday|nesday|rsday|urday)?"
    r"(?: ?[-–] ?(mon|tue|wed|thu|fri|sat|sun)(?:day|sday|nesday|rsday|urday)?)?"
)
_LONGEST = 5_256_000  # minutes: ten years


@dataclass(frozen=True)
class Cap:
    """How many mails a customer may get within spans of time: `2 per day, 4 per week`."""

    limits: tuple[tuple[int, str], ...]

    @classmethod
    def read(cls, text: str) -> Cap:
        """Return the cap that words describe; raises ValueError for other words."""
        found: dict[str, int] = {}
        for part in " ".join(text.lower().split()).split(","):
            match = _LIMIT.fullmatch(part.strip())
            if match is None or match[2] in found:
                raise ValueError(text)
            found[match[2]] = int(match[1])
        return cls(tuple((found[unit], unit) for unit in _SPANS if unit in found))

    def __str__(self) -> str:
        return ", ".join(f"{most} per {unit}" for most, unit in self.limits)

    @property
    def longest(self) -> timedelta:
        """How long ago a mail may have been sent and still count."""
        return max(_SPANS[unit] for _, unit in self.limits)

    def free_at(self, recent: Sequence[datetime], moment: datetime) -> datetime:
        """Return when one more mail may be sent, at the earliest `moment`.

        `recent` are the times of earlier mails, in order.
        """
        free = moment
        for most, unit in self.limits:
            if len(recent) >= most:
                free = max(free, recent[-most] + _SPANS[unit])
        return free


@dataclass(frozen=True)
class Hours:
    """Hours of a day, in minutes from midnight: `9:00-20:00`; `22:00-7:00` spans midnight."""

    start: int
    end: int

    @classmethod
    def read(cls, text: str) -> Hours:
        """Return the hours that words describe; raises ValueError for other words."""
        match = _HOURS.fullmatch(" ".join(text.split()))
        if match is None:
            raise ValueError(text)
        start, end = (_minutes(match[i], match[i + 1], text) for i in (1, 3))
        if start == end or start == 24 * 60:
            raise ValueError(text)
        return cls(start, end)

    def __str__(self) -> str:
        return "-".join(f"{minutes // 60}:{minutes % 60:02}" for minutes in (self.start, self.end))

    def has(self, wall: datetime) -> bool:
        """Return whether a local time is in these hours; the end is exclusive."""
        minute = wall.hour * 60 + wall.minute
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


@dataclass(frozen=True)
class Weekdays:
    """Days of the week, Monday being 0: `mon-fri`, `monday, sat`."""

    days: frozenset[int]

    @classmethod
    def read(cls, text: str) -> Weekdays:
        """Return the weekdays that words describe; raises ValueError for other words."""
        days: set[int] = set()
        for part in " ".join(text.lower().split()).split(","):
            match = _WEEKDAY.fullmatch(part.strip())
            if match is None:
                raise ValueError(text)
            first = _DAYS.index(match[1])
            last = _DAYS.index(match[2] or match[1])
            days |= {(first + ahead) % 7 for ahead in range((last - first) % 7 + 1)}
        return cls(frozenset(days))

    def __str__(self) -> str:
        runs: list[list[int]] = []
        for day in sorted(self.days):
            if runs and runs[-1][-1] == day - 1:
                runs[-1].append(day)
            else:
                runs.append([day])
        return ", ".join(
            f"{_DAYS[run[0]]}-{_DAYS[run[-1]]}" if len(run) > 1 else _DAYS[run[0]] for run in runs
        )

    def has(self, wall: datetime) -> bool:
        """Return whether a local time is on one of these days."""
        return wall.weekday() in self.days


@dataclass(frozen=True)
class Span:
    """A length of time: `4 hours`, `3 days`."""

    length: timedelta

    @classmethod
    def read(cls, text: str) -> Span:
        """Return the length of time that words describe; raises ValueError for other words."""
        if text.strip().isdecimal():  # a number without a unit
            raise ValueError(text)
        minutes = minutes_in(text) or 0
        if not 1 <= minutes <= _LONGEST:
            raise ValueError(text)
        return cls(timedelta(minutes=minutes))

    def __str__(self) -> str:
        return in_words(self.length // timedelta(minutes=1))


@dataclass(frozen=True)
class SendingRules:
    """The rules for the mails of a step; None if there is no such rule."""

    cap: Cap | None = None
    window: Hours | None = None
    quiet_hours: Hours | None = None
    weekdays: Weekdays | None = None
    gap: Span | None = None
    expiry: Span | None = None

    @property
    def counts(self) -> bool:
        """Whether it matters what a customer was sent lately."""
        return self.cap is not None or self.gap is not None

    @property
    def reach(self) -> timedelta:
        """How far back earlier mails matter."""
        spans = [self.cap.longest] if self.cap else []
        return max([*spans, *([self.gap.length] if self.gap else [])], default=timedelta())

    def allows_hours(self) -> bool:
        """Return whether hours and weekdays allow any minute of a week."""
        monday = datetime.combine(date.min, time())
        return any(
            self._allows(monday + timedelta(days=day, minutes=minute))
            for day in range(7)
            for minute in self._starts
        )

    def with_chosen(self, chosen: dict[str, str]) -> SendingRules:
        """Return the rules with those, in words by name, that a campaign or a step has chosen."""
        return _with_chosen(self, tuple(sorted(chosen.items())))

    def postponed(
        self, moment: datetime, zone: ZoneInfo, recent: Sequence[datetime]
    ) -> Postponement | None:
        """Return what postpones a mail at `moment` (UTC), and until when; None: nothing does.

        `recent` are the times of mails to the same address, in order.
        """
        if not self._keeps_back(moment, zone, recent):
            return None
        # Caps and gaps free themselves for good, so hours and weekdays are checked last.
        until = self._open_at(self._free_at(moment, recent), zone)
        return Postponement(until, self._told(moment, zone, recent))

    def _keeps_back(self, moment: datetime, zone: ZoneInfo, recent: Sequence[datetime]) -> bool:
        wall = moment.astimezone(zone)
        return not self._allows(wall) or self._free_at(moment, recent) > moment

    def _free_at(self, moment: datetime, recent: Sequence[datetime]) -> datetime:
        free = moment if self.cap is None else self.cap.free_at(recent, moment)
        if self.gap is not None and recent:
            free = max(free, recent[-1] + self.gap.length)
        return free

    def _allows(self, wall: datetime) -> bool:
        return (
            (self.window is None or self.window.has(wall))
            and (self.quiet_hours is None or not self.quiet_hours.has(wall))
            and (self.weekdays is None or self.weekdays.has(wall))
        )

    def _open_at(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first moment, from this one on, that hours and weekdays allow."""
        if self._allows(moment.astimezone(zone)):
            return moment
        candidates = (at for at in self._bounds(moment, zone) if at > moment)
        return min((at for at in candidates if self._allows(at.astimezone(zone))), default=None)

    @property
    def _starts(self) -> set[int]:
        """The minutes of a day at which sending may become allowed."""
        minutes = {0}
        if self.window is not None:
            minutes.add(self.window.start)
        if self.quiet_hours is not None:
            minutes.add(self.quiet_hours.end % (24 * 60))
        return minutes

    def _bounds(self, moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield the moments at which sending may become allowed in the next days."""
        today = moment.astimezone(zone).date()
        for ahead in range(_HORIZON + 1):
            day = today + timedelta(days=ahead)
            for minute in self._starts:
                yield from _moments(day, time(minute // 60, minute % 60), zone)
            yield from _changes(day, zone)

    def _told(self, moment: datetime, zone: ZoneInfo, recent: Sequence[datetime]) -> str:
        wall, told = moment.astimezone(zone), []
        if self.cap is not None and self.cap.free_at(recent, moment) > moment:
            told.append(f"the cap of {self.cap}")
        if self.gap is not None and recent and recent[-1] + self.gap.length > moment:
            told.append(f"the gap of {self.gap} between two mails")
        there = f"({zone.key})"
        if self.window is not None and not self.window.has(wall):
            told.append(f"the send window {self.window} {there}")
        if self.quiet_hours is not None and self.quiet_hours.has(wall):
            told.append(f"the quiet hours {self.quiet_hours} {there}")
        if self.weekdays is not None and not self.weekdays.has(wall):
            told.append(f"the weekdays {self.weekdays} {there}")
        return " and ".join(told)


@dataclass(frozen=True)
class Postponement:
    """Which rules postpone a mail, in words, and until when (UTC); None: they never allow it."""

    until: datetime | None
    rules: str


@dataclass(frozen=True)
class RuleKind:
    """How a rule is written: `read` raises ValueError; `allowed` lists the values for people."""

    key: str
    read: Callable[[str], Any]
    allowed: str

    def plain(self, text: str) -> str:
        """Return the words of a rule as they are stored; raises ValueError for others."""
        words = " ".join(text.split())
        if words.lower() in (NONE, DEFAULT):
            return words.lower()
        return str(self.read(words))


RULES = {
    "cap": RuleKind("cap", Cap.read, "'2 per day, 4 per week'"),
    "window": RuleKind("send window", Hours.read, "'9:00-20:00'"),
    "quiet_hours": RuleKind("quiet hours", Hours.read, "'22:00-7:00'"),
    "weekdays": RuleKind("weekdays", Weekdays.read, "'mon-fri' or 'tue, thu'"),
    "gap": RuleKind("gap", Span.read, "'4 hours'"),
    "expiry": RuleKind("expiry", Span.read, "'3 days'"),
}


@lru_cache(maxsize=256)
def _with_chosen(rules: SendingRules, chosen: tuple[tuple[str, str], ...]) -> SendingRules:
    values = {field.name: getattr(rules, field.name) for field in fields(rules)}
    for name, words in chosen:
        if words != DEFAULT:
            values[name] = None if words == NONE else RULES[name].read(words)
    return SendingRules(**values)


def _minutes(hour: str, minute: str | None, text: str) -> int:
    minutes = int(hour) * 60 + int(minute or 0)
    if int(minute or 0) > 59 or minutes > 24 * 60:
        raise ValueError(text)
    return minutes


def _moments(day: date, wall: time, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the moments at which a clock shows a time: none, one or two."""
    for fold in (0, 1):
        local = datetime.combine(day, wall.replace(fold=fold), zone)
        moment = local.astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None, fold=0) == datetime.combine(day, wall):
            yield moment


def _changes(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the moment of a day at which its clocks change, if there is one."""
    begin, end = (
        datetime.combine(day + timedelta(days=ahead), time(), zone).astimezone(UTC)
        for ahead in (0, 1)
    )
    before = begin.astimezone(zone).utcoffset()
    if before == end.astimezone(zone).utcoffset():
        return
    minutes = range((end - begin) // timedelta(minutes=1) + 1)
    changed = bisect_right(
        minutes,
        False,
        key=lambda n: (begin + timedelta(minutes=n)).astimezone(zone).utcoffset() != before,
    )
    yield begin + timedelta(minutes=changed)
