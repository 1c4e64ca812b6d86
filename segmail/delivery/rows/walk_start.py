"""Where the walk over the due rows may begin: remembered between runs, harmless if wrong.

Maho's index on `(scheduled_at, status)` makes a claim walk over every finished row of the past: 0.4
seconds in a shop with five million of them, each time cron runs. So a host whose walk took long
remembers the time of the earliest due row, and its next runs begin there. Rows that come to lie
before it (scheduled by hand, released by another host) are found by the next whole walk, a quarter
of an hour later at most; rows of steps that were just switched on, at once. Shops with the better
index (`segmail schema tune`) never need it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from segmail.errors import ConfigError
from segmail.state_files import read_state, write_state

_WORTH_IT = 0.1  # seconds; a quicker walk is made from the start each time
_TRUSTED_FOR = timedelta(minutes=15)
MARGIN = timedelta(minutes=10)  # for transactions that were slow to commit what they scheduled


@dataclass(frozen=True)
class KnownStart:
    """When all rows of these steps were last `walked` over, none was due before `since`."""

    since: datetime
    walked: datetime


class WalkStart:
    """The start of the walks of one database and set of steps on this host, in a file."""

    def __init__(self, folder: Path, database: str, sequence_ids: Collection[int]) -> None:
        name = hashlib.sha256(database.encode()).hexdigest()[:12]
        self._file = folder / "claim" / f"{name}.json"
        ids = ",".join(map(str, sorted(sequence_ids)))
        self._steps = hashlib.sha256(ids.encode()).hexdigest()

    def load(self, now: datetime) -> KnownStart | None:
        """Return what is remembered, if it is still valid at `now`; None: walk over everything."""
        try:
            told = json.loads(read_state(self._file))
            since, walked = map(datetime.fromisoformat, (told["since"], told["walked"]))
        except (ValueError, KeyError, TypeError):
            return None  # missing, or incomplete: it is only a hint
        is_fresh = walked <= now < walked + _TRUSTED_FOR
        return KnownStart(since, walked) if is_fresh and told.get("steps") == self._steps else None

    def save(
        self, used: KnownStart | None, earliest: datetime | None, *, now: datetime, seconds: float
    ) -> None:
        """Remember that at `now` nothing was due before `earliest`, or at all (None).

        `used` is the hint with which the walk began, `seconds` is its duration. Raises ConfigError
        if the state directory cannot be written.
        """
        if used is None and seconds < _WORTH_IT:
            return
        since = min(earliest or now, now) - MARGIN
        told = {
            "since": since.isoformat(),
            "walked": (used.walked if used else now).isoformat(),
            "steps": self._steps,
        }
        try:
            write_state(self._file, json.dumps(told))
        except OSError as error:
            raise ConfigError(
                f"The file {self._file} cannot be written: {error.strerror}. Fix its permissions "
                "or disk, or give another folder with --state-dir."
            ) from error

    def forget(self) -> None:
        """Make the next run walk over everything: this one released rows that it had taken."""
        with suppress(OSError):  # a stale hint is harmless, and a bad disk is reported
            self._file.unlink(missing_ok=True)
