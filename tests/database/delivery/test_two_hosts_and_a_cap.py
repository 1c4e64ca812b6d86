"""Two hosts that have counted the same mails of a customer do not both record one more."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import text

from segmail.delivery.rows.attempts import Recorder
from segmail.delivery.rows.outcome import Attempt, Status
from segmail.settings import SendingRuleSettings
from tests.jobs import Ran, Runner
from tests.shop_builder import ShopBuilder
from tests.waiting import PATIENCE, until

_WAITING = text("SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")


def test_a_host_counts_again_what_another_records_at_the_same_moment(
    mariadb_shop: ShopBuilder, mariadb_runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has planned its mail when the other records one, and goes on before that commits."""
    shop, runner = mariadb_shop, mariadb_runner
    runner.rules = SendingRuleSettings(cap="1 per day")
    customer, at = shop.customer(), shop.now - timedelta(minutes=1)
    for _ in range(2):
        shop.due(shop.step(shop.segment()), customer, scheduled_at=at, created_at=at)
    has_planned, may_record = Event(), Event()
    record = Recorder.record

    def watched(self: Recorder, *prepared: Any, before_commit: Any, **options: Any) -> Any:
        if not has_planned.is_set():
            has_planned.set()
            assert may_record.wait(PATIENCE)
            return record(self, *prepared, before_commit=before_commit, **options)

        def before_it_is_committed(attempts: list[Attempt]) -> None:
            before_commit(attempts)
            may_record.set()
            # InnoDB shows what it showed to whoever looks again within 0.1 seconds.
            until(lambda: planned.done() or _somebody_waits(shop), every=0.2)

        return record(self, *prepared, before_commit=before_it_is_committed, **options)

    monkeypatch.setattr(Recorder, "record", watched)
    with ThreadPoolExecutor(1) as thread:
        planned: Future[Ran] = thread.submit(replace(runner, state="other host"), limit=1)
        assert has_planned.wait(PATIENCE)
        recorded = runner(limit=1)
        postponed = planned.result()

    assert (recorded.count(Status.SENT), postponed.count(Status.SENT)) == (1, 0)
    assert postponed.count(Status.POSTPONED) == 1


def _somebody_waits(shop: ShopBuilder) -> bool:
    with shop.database.read() as connection:
        return bool(connection.scalar(_WAITING))
