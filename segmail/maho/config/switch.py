"""Whether the jobs may run, segmail's and Maho's own, and which setting decides."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from segmail.maho.config.store_config import StoreConfig
from segmail.maho.schema.transaction import Transaction

FLAG = "customer_segmentation/email_automation/enabled"
OWN = "customer_segmentation/segmail/enabled"
MAHOS_JOB = "crontab/jobs/customersegmentation_process_emails/schedule/enabled"
# The switches of the four jobs that segmail replaces, from Maho 26.5 on.
MAHOS_JOBS = tuple(
    f"crontab/jobs/customersegmentation_{job}/schedule/enabled"
    for job in ("process_emails", "cleanup_progress", "cleanup_coupons", "automation_report")
)


@dataclass(frozen=True)
class Switch:
    """Whether segmail's jobs may run; `setting` is the one that decides."""

    on: bool
    setting: str


def automation_switch(config: StoreConfig, told: bool | None) -> Switch:
    """Return whether segmail's jobs may run, and what decides.

    SPEC's flag decides, unless segmail's own switch does: `told`, which is `enabled` in
    segmail.toml, or `customer_segmentation/segmail/enabled` in the shop's configuration. So a shop
    can switch Maho's jobs off by the flag and keep segmail on.
    """
    if told is not None:
        return Switch(told, "`enabled` in segmail.toml")
    path = FLAG if config.value(OWN) is None else OWN
    return Switch(config.flag(path), path)


def load_switch(tx: Transaction, config: StoreConfig, told: bool | None) -> Switch:
    """Return what decides now, with one statement; `config` was loaded a while ago."""
    c = tx.tables.config.c
    query = select(c.path, c.value).where(
        c.scope == "default", c.scope_id == 0, c.path.in_((FLAG, OWN))
    )
    now = {("default", 0, path): value or "" for path, value in tx.connection.execute(query)}
    before = {
        key: value
        for key, value in config.rows.items()
        if key[0] != "default" or key[2] not in (FLAG, OWN)
    }
    return automation_switch(StoreConfig({**before, **now}, config.websites), told)


def maho_sends(config: StoreConfig, *, jobs_have_switches: bool) -> bool:
    """Return whether Maho's own job sends mails, according to the configuration.

    `jobs_have_switches` is true from Maho 26.5 on; earlier releases have the flag only.
    """
    switched_off = config.value(MAHOS_JOB) is not None and not config.flag(MAHOS_JOB)
    return config.flag(FLAG) and not (jobs_have_switches and switched_off)
