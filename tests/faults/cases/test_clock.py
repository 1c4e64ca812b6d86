"""A clock that is set ahead or back, between runs and on the way."""

from __future__ import annotations

import collections
import signal
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from segmail.clock import Clock
from segmail.settings import DeliverySettings
from tests.faults.cases.database_faults import JOB, assert_each_once
from tests.faults.cases.end_state import due_rows
from tests.jobs import Runner
from tests.program import run, start
from tests.shop_builder import ShopBuilder
from tests.smtp_server import STAGES, Fault, recording_server, scripted_server

HOUR = timedelta(hours=1)


class SetClock(Clock):
    """Stands still; it can be set, or sets itself when it has been looked at often enough."""

    def __init__(self, moment: datetime, *, by: timedelta = timedelta(0), at_look: int = 0) -> None:
        super().__init__(moment)
        self.moment = moment
        self._by = by
        self._looks_left = at_look

    def now(self) -> datetime:
        self._looks_left -= 1
        if self._looks_left == 0:
            self.moment += self._by
        return self.moment


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["ahead", "back"])
@pytest.mark.parametrize("look", range(2, 40, 9))
def test_a_clock_that_is_set_on_the_way(
    mariadb_shop: ShopBuilder, tmp_path: Path, look: int, by: timedelta
) -> None:
    due = due_rows(mariadb_shop, 5)
    runs = Runner(mariadb_shop, tmp_path, delivery=DeliverySettings(batch=2))

    with recording_server() as server:
        clock = SetClock(mariadb_shop.now, by=by, at_look=look)
        runs(smtp_url=server.url(), clock=clock, connections=1)
        runs(smtp_url=server.url(), now=mariadb_shop.now + 3 * HOUR)

    assert_each_once(due, server)


@pytest.mark.parametrize(
    ("hangs_at", "became", "by_others"), [("RCPT", "sent", 2), ("end", "failed", 1)]
)
def test_a_run_that_slept_beyond_its_lease_takes_nothing_from_the_one_that_took_over(
    mariadb_shop: ShopBuilder, tmp_path: Path, hangs_at: str, became: str, by_others: int
) -> None:
    """The sleeper may have begun the first row, which nobody sends again then, and not the second.

    A message is begun once its content leaves.
    """
    due, clock = due_rows(mariadb_shop, 2), SetClock(mariadb_shop.now)
    runs = Runner(mariadb_shop, tmp_path)

    with recording_server() as quick:
        with scripted_server({hangs_at: Fault.HANG}) as slow:
            arguments = {"smtp_url": slow.url("timeout=60"), "clock": clock, "connections": 1}
            sleeper = threading.Thread(target=runs, kwargs=arguments)
            sleeper.start()
            assert slow.hanging.wait(60)
            clock.moment += timedelta(minutes=16)
            runs(smtp_url=quick.url(), now=clock.moment)
        sleeper.join()

    assert [mariadb_shop.status(id) for id in due.ids] == [became, "sent"]
    assert (len(slow.messages), len(quick.messages)) == (0, by_others)
    assert len(mariadb_shop.rows(mariadb_shop.tables.queue_link)) == by_others
    reasons = [words.partition(":")[0] for _, words in due.problems]
    assert reasons == ["interrupted"] * (2 - by_others)


def test_a_clock_set_back_after_a_crash_repeats_nothing(
    mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    due = due_rows(mariadb_shop)
    with scripted_server({"end": [STAGES["end"], Fault.HANG]}) as server:
        process = start(mariadb_shop.url, tmp_path, *JOB, env={"SEGMAIL_SMTP_URL": server.url()})
        assert server.hanging.wait(60)
        process.send_signal(signal.SIGKILL)
        process.communicate()

    back = run(mariadb_shop.url, tmp_path, "--now", "2026-03-09 12:00", "process-emails")
    Runner(mariadb_shop, tmp_path)(now=mariadb_shop.now + timedelta(minutes=16))

    assert (back.returncode, back.stderr) == (0, "")
    states = collections.Counter(mariadb_shop.status(id) for id in due.ids)
    assert states == {"sent": 2, "failed": 1}
    assert len(list(tmp_path.glob("mails/*.eml"))) == 1
