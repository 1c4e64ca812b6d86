"""What a run of `process-emails` is asked to do, and the shop on which it works."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from segmail.delivery.rows.journal import Journal

if TYPE_CHECKING:
    from segmail.clock import Clock
    from segmail.maho.config.store_config import StoreConfig
    from segmail.maho.shop import Shop
    from segmail.settings import Settings


@dataclass(frozen=True)
class Options:
    """The options of one run; `limit` 0 means every due row, `rate` 0 as fast as possible."""

    limit: int = 100
    max_time: float | None = None  # seconds
    connections: int | None = None
    workers: int | None = None
    rate: float = 0
    segments: Sequence[str] = ()  # ids or names; none: all


@dataclass(frozen=True)
class Stop:
    """How a run is ended early.

    `no_new`: no further message is begun. `abort`: those under way get only a short time.
    """

    no_new: threading.Event = field(default_factory=threading.Event)
    abort: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        """End the run in order, as SIGTERM and SIGINT do."""
        self.no_new.set()
        self.abort.set()


@dataclass(frozen=True)
class Job:
    """The shop, the settings and the clock of a run, and what ends it early."""

    shop: Shop
    config: StoreConfig
    settings: Settings
    clock: Clock
    stop: Stop = field(default_factory=Stop)

    @property
    def database_name(self) -> str:
        """The name for the shop's tables in this host's files, without a password."""
        database = self.shop.database.url.set(password=None).render_as_string()
        return f"{database} {self.shop.tables.progress.name}"

    def journal(self) -> Journal:
        """Return this host's journal of the shop, which opens its file when it needs it."""
        return Journal(self.settings.state_dir, self.database_name, now=self.clock.now())
