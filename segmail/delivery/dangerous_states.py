"""States in which sending would do harm, noticed before the first mail of a run."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from segmail.delivery.job import Job
from segmail.delivery.rows.journal import AcceptedAttempt
from segmail.errors import ConfigError
from segmail.maho.config.switch import maho_sends
from segmail.maho.cron import RECENTLY, SENDS, has_cron_table, mahos_own_entry
from segmail.maho.progress import ProgressStatus
from segmail.maho.schema.layout import dates_are_timestamps
from segmail.maho.schema.rights import COUPONS, SENDING, check_rights
from segmail.maho.schema.transaction import Transaction
from segmail.once_a_day import log_once_a_day

_SUMMER_TIME = timedelta(hours=1)  # times in a column may be that far off


def check_beforehand(job: Job) -> None:
    """Raise ConfigError if a run would send mails again, or mails that somebody else sends, too."""
    now = job.clock.now()
    with job.shop.read() as tx:
        check_rights(tx, (*SENDING, *COUPONS))  # no import may fail after the first mails are out
        _check_mahos_job(tx, job, now)
        _check_restored(tx.connection, job, now)


def _check_mahos_job(tx: Transaction, job: Job, now: datetime) -> None:
    """Refuse if Maho's cron runs its own job; if it does not seem to, warn once a day."""
    if job.settings.delivery.beside_maho:
        return
    switches = not dates_are_timestamps(tx)
    if not maho_sends(job.config, jobs_have_switches=switches):
        return
    seen = mahos_own_entry(tx, SENDS, since=now - RECENTLY)
    if seen is not None:
        raise ConfigError(
            f"Maho's own job sends these mails, too: cron_schedule has a run of {SENDS} at "
            f"{seen:%Y-%m-%d %H:%M} UTC. Customers would get them twice, so nothing was sent. "
            "`segmail take-over` switches Maho's jobs off; `beside_maho = true` in the [delivery] "
            "table of segmail.toml insists."
        )
    if not has_cron_table(tx):
        return  # nothing of Maho's can run there; the doctor reports the switch
    log_once_a_day(
        "Maho's own jobs are switched on, though its cron does not seem to run them; "
        "`segmail take-over` switches them off",
        job.settings.state_dir,
        "mahos-jobs",
        now=now,
    )


def _check_restored(connection: Connection, job: Job, now: datetime) -> None:
    """Refuse if the database has forgotten the newest mail that this host handed over."""
    newest = job.journal().newest_unsettled()
    if newest is None or _is_remembered(connection, job, newest):
        return
    raise ConfigError(
        f"This database looks restored from a backup: by this host's journal a mail of progress "
        f"row {newest.progress_id} was accepted at {newest.at:%Y-%m-%d %H:%M} UTC, and the "
        "database does not know of it. What was sent since the backup would be sent again, so "
        "nothing was sent. `segmail recover --dry-run` lists it, `segmail recover` settles it."
    )


def _is_remembered(connection: Connection, job: Job, accepted: AcceptedAttempt) -> bool:
    """Return whether the attempt's queue row exists, or its progress row says that it was sent."""
    q, p = job.shop.tables.queue.c, job.shop.tables.progress.c
    began = connection.scalar(select(q.queue_start_at).where(q.queue_id == accepted.queue_id))
    if began is not None and began - accepted.at in (timedelta(0), _SUMMER_TIME):
        return True
    status = connection.scalar(
        select(p.status).where(
            p.progress_id == accepted.progress_id, p.queue_id == accepted.queue_id
        )
    )
    return status is not None and status != ProgressStatus.SCHEDULED.value
