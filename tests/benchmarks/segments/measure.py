"""One refresh by the real program, and what it took."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.program import Segmail
from tests.benchmarks.segments.server import Locks, watched
from tests.benchmarks.segments.shop import LargeShop
from tests.benchmarks.server import Counters, Spent

FIRST = "2026-11-22 12:00"
LATER = "2026-11-22 12:15"


@dataclass(frozen=True)
class Refreshed:
    """A run of `refresh-segments`: what it told of each segment, and what it used."""

    segments: list[dict[str, Any]]
    wall: float  # seconds, with the program's start
    peak_mib: float
    statements: int  # of segmail, its session settings included
    server: Spent
    locks: Locks


@dataclass(frozen=True)
class Bench:
    """The shop, the program and the counters that all measurements share."""

    shop: LargeShop
    segmail: Segmail
    counters: Counters

    def refresh(self, *options: str, now: str) -> Refreshed:
        """Run `refresh-segments`; the locks are watched in a run of their own (`locks_of`)."""
        self.counters.start()
        out, used = self.segmail.run(
            "--now", now, "refresh-segments", "--json", *options, smtp_url=self._nowhere
        )
        spent = self.counters.spent()
        told = json.loads(out)["segments"]
        statements = spent.statements["Questions"]
        return Refreshed(told, used.seconds, used.peak_mib, statements, spent, Locks())

    def watch(self, *options: str, now: str) -> Refreshed:
        """Run `refresh-segments` while others write to the shop; statements are not told."""
        with watched(self.shop.url, self.shop.customers) as locks:
            done = self.refresh(*options, now=now)
        return Refreshed(done.segments, done.wall, done.peak_mib, 0, done.server, locks)

    @property
    def _nowhere(self) -> str:
        return f"file://{self.segmail.folder}/mails"
