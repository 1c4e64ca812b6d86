"""What every command works with, opened when it is first needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from segmail.clock import Clock
from segmail.errors import SegmailError
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.config.switch import automation_switch
from segmail.maho.shop import Shop
from segmail.settings import Settings


@dataclass(frozen=True)
class App:
    """The settings and the clock of this run, and the shop that they name.

    `run_id` distinguishes its log lines and its row of `cron_schedule` from those of other runs.
    """

    settings: Settings
    clock: Clock
    run_id: str = ""

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

    def with_every_right(self, error: SegmailError) -> SegmailError:
        """Return an error that names all rights to read that are missing, if one was refused."""
        from segmail.maho.schema.rights import rights_told  # few runs need it

        if "shop" not in vars(self):
            return error
        try:
            with rights_told(self.shop.read):
                raise error
        except SegmailError as told:
            return told

    def close(self) -> None:
        """Close the connections to the shop's database, if there are any."""
        if "shop" in vars(self):
            self.shop.database.close()

    @cached_property
    def config(self) -> StoreConfig:
        """The shop's configuration as it was when this run first read it."""
        with self.shop.read() as tx:
            return StoreConfig.load(tx, self.settings.overrides)

    @property
    def held_because(self) -> str | None:
        """Why the jobs do nothing now; None if they may run.

        Either the automation is switched off (see `automation_switch`), or Maho is in maintenance.
        """
        if not automation_switch(self.config, self.settings.enabled).on:
            return "Email automation is switched off"
        if flag := self.settings.maintenance_flag:
            return f"Maho is in maintenance ({flag.name})"
        return None
