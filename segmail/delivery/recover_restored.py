"""The use case of `recover`: rows that were sent although a restored database forgot it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import partial

from sqlalchemy import select

from segmail.delivery.job import Job
from segmail.maho.db.value_lists import among
from segmail.maho.progress import forgotten, settle_forgotten
from segmail.maho.repeating import continue_repeats
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step, load_steps

_CHUNK = 1_000  # rows per transaction


def find_forgotten(job: Job) -> dict[int, datetime]:
    """Return when each waiting row was accepted by this host's journal (UTC), by progress id."""
    tables, found = job.shop.tables, {}
    for sent in _parts({it.progress_id: it.at for it in job.journal().accepted()}):
        with job.shop.database.read() as connection:
            query = select(tables.progress.c.progress_id).where(forgotten(tables, sent))
            found.update({id_: sent[id_] for id_ in connection.scalars(query)})
    return found


def settle_found(job: Job, found: Mapping[int, datetime], *, advance: Callable[[int], None]) -> int:
    """Settle the found rows as sent, and return how many were; after that, runs send again."""
    count = 0
    for sent in _parts(found):
        count += job.shop.transact(partial(_settle, sent=sent, now=job.clock.now()))
        advance(len(sent))
    journal = job.journal()
    journal.note_settled()
    journal.close()
    return count


def _settle(tx: Transaction, sent: Mapping[int, datetime], now: datetime) -> int:
    settled = settle_forgotten(tx, sent)
    continue_repeats(tx, _steps(tx, sent), now=now)
    return settled


def _steps(tx: Transaction, progress_ids: Collection[int]) -> dict[int, Step]:
    c, steps = tx.tables.progress.c, {step.sequence_id: step for step in load_steps(tx)}
    query = select(c.progress_id, c.sequence_id).where(among(c.progress_id, progress_ids))
    return {row[0]: steps[row[1]] for row in tx.connection.execute(query)}


def _parts(times: Mapping[int, datetime]) -> Iterator[dict[int, datetime]]:
    all_ = list(times.items())
    for start in range(0, len(all_), _CHUNK):
        yield dict(all_[start : start + _CHUNK])
