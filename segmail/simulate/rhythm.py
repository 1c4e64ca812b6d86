"""When cron starts the jobs: every so many minutes, from the full hour on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rhythm:
    """Minutes between two runs of each job, and how many mails one sends; as in crontab.example.

    The cleanups run once a day, at these hours (UTC).
    """

    refresh: int = 15
    send: int = 5
    limit: int = 100
    cleanups: tuple[int, int] = (2, 3)

    def refresh_at(self, moment: datetime) -> datetime:
        """Return when the first refresh begins at `moment` or after."""
        return _first(moment, self.refresh)

    def send_at(self, moment: datetime) -> datetime:
        """Return when the first run of `process-emails` begins at `moment` or after."""
        return _first(moment, self.send)

    def cleanup_after(self, moment: datetime, hour: int) -> datetime:
        """Return when a cleanup runs next, after `moment`."""
        today = moment.replace(hour=hour, minute=0, second=0, microsecond=0)
        return today if today > moment else today + timedelta(days=1)


def _first(moment: datetime, minutes: int) -> datetime:
    pace = timedelta(minutes=minutes)
    begun = (moment - _EPOCH) // pace
    at = _EPOCH + begun * pace
    return at if at >= moment else at + pace
