"""What every command works with, opened when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from segmail.clock import Clock
from segmail.maho.config import StoreConfig
from segmail.maho.shop import Shop
from segmail.settings import Settings


@dataclass(frozen=True)
class App:
    """The settings and the clock of this run, and the shop they lead to."""

    settings: Settings
    clock: Clock

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return self.clock.now()

    @cached_property
    def shop(self) -> Shop:
        """The shop; raises ConfigError, SchemaError or DatabaseUnavailable on first use."""
        return Shop.open(
            self.settings.require_database(),
            prefix=self.settings.table_prefix,
            crypt_key=self.settings.crypt_key,
        )

    @cached_property
    def config(self) -> StoreConfig:
        """The shop's configuration as it was when this run first looked."""
        with self.shop.database.read() as connection:
            return StoreConfig.load(connection, self.shop.tables, self.settings.overrides)

    @property
    def automation_enabled(self) -> bool:
        """Whether the jobs may run.

        SPEC's flag decides, unless segmail's own switch does: `enabled` in segmail.toml, or
        `customer_segmentation/segmail/enabled` in the shop's configuration. So a shop can switch
        Maho's jobs off by the flag and keep segmail on.
        """
        if self.settings.enabled is not None:
            return self.settings.enabled
        own = "customer_segmentation/segmail/enabled"
        if self.config.value(own) is not None:
            return self.config.flag(own)
        return self.config.flag("customer_segmentation/email_automation/enabled")
