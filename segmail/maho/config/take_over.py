"""Which program does the automation's jobs: the settings that hand them over, and back."""

from __future__ import annotations

from dataclasses import dataclass, field

from segmail.maho.config.rows import delete_config, write_config
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.config.switch import FLAG, MAHOS_JOBS, OWN
from segmail.maho.schema.layout import dates_are_timestamps
from segmail.maho.schema.transaction import Transaction


@dataclass(frozen=True)
class HandOver:
    """Settings at default scope: the values to write, and the paths to delete."""

    values: dict[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()

    @property
    def is_needed(self) -> bool:
        """Whether anything has to change."""
        return bool(self.values or self.removed)


def plan_hand_over(tx: Transaction, config: StoreConfig, *, undo: bool) -> HandOver:
    """Return what has to change so that segmail (with `undo`: Maho) does the four jobs.

    Maho's flag stops its jobs in every release, also for `./maho cron:run`, and segmail's own
    switch keeps segmail on. From Maho 26.5 on each job also has a switch, which keeps it from being
    scheduled for nothing.
    """
    told = {path: config.rows.get(("default", 0, path)) for path in (FLAG, OWN, *MAHOS_JOBS)}
    if undo:
        removed = tuple(path for path in (OWN, *MAHOS_JOBS) if told[path] is not None)
        return HandOver({} if config.flag(FLAG) else {FLAG: "1"}, removed)
    wanted = {FLAG: "0", OWN: "1"}
    if not dates_are_timestamps(tx):
        wanted |= dict.fromkeys(MAHOS_JOBS, "0")
    return HandOver({path: value for path, value in wanted.items() if told[path] != value})


def hand_over(tx: Transaction, plan: HandOver) -> None:
    """Write a plan, in the caller's transaction. Raises Conflict if two hosts do so at once."""
    write_config(tx, plan.values)
    if plan.removed:
        delete_config(tx, plan.removed)
