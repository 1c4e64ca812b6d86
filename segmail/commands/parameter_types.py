"""What options mean beyond numbers and text."""

from __future__ import annotations

from datetime import UTC, datetime

import click


def moment(value: str) -> datetime:
    """Return the time that an option names: `2026-03-10`, `2026-03-10 12:00`, or with an offset.

    Without an offset it is UTC; the result is aware UTC.
    """
    try:
        given = datetime.fromisoformat(value)
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{value!r} is not a time such as '2026-03-10 12:00'.") from error
