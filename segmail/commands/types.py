"""Types of command-line values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click


class _Moment(click.ParamType[datetime]):
    """A time in UTC: `2026-03-10`, `2026-03-10 12:00` or ISO 8601 with an offset."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a time such as '2026-03-10 12:00' (UTC).", param, ctx)


MOMENT = _Moment()
