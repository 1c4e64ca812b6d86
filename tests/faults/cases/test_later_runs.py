"""What later runs make of a mail that was put off, and of one that nobody knows about."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from segmail.settings import DeliverySettings
from tests.faults.cases.database_faults import JOB
from tests.faults.cases.end_state import DueRows, due_rows
from tests.jobs import Runner
from tests.program import run, start
from tests.shop_builder import ShopBuilder
from tests.smtp_server import STAGES, Fault, recording_server, scripted_server


def test_a_mail_that_is_put_off_fails_with_the_last_try(
    mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    """Each pause is twice as long as the last, give or take a fifth, and differs by row."""
    due = due_rows(mariadb_shop, 8)
    (tmp_path / "segmail.toml").write_text("[delivery]\nattempts = 3\n")
    later = Runner(mariadb_shop, tmp_path, delivery=DeliverySettings(attempts=3))
    hour = timedelta(hours=1)

    with scripted_server({"RCPT": "451 4.3.0 Try later"}) as server:
        env = {"SEGMAIL_SMTP_URL": server.url()}
        first = run(mariadb_shop.url, tmp_path, *JOB, env=env)
        pauses = [_pauses(due, timedelta(0))]
        later(smtp_url=server.url(), now=mariadb_shop.now + hour)
        pauses.append(_pauses(due, hour))
        last = run(mariadb_shop.url, tmp_path, "--now", "2026-03-10 14:00", *JOB[2:], env=env)

    assert (first.returncode, last.returncode) == (0, 1)
    assert all(8 <= pause <= 12 + 5 for pause in pauses[0])  # and what a slow machine adds
    assert all(16 <= pause <= 24 for pause in pauses[1])
    assert len(set(pauses[1])) > 1
    assert {mariadb_shop.status(id) for id in due.ids} == {"failed"}
    words = {
        "451 4.3.0 Try later (at RCPT)",
        "given up after 3 tries: 451 4.3.0 Try later (at RCPT)",
    }
    assert set(due.problems) == {(451, text) for text in words}
    assert len(due.problems) == 8 * 3


def test_a_mail_of_unknown_acceptance_is_left_to_its_host_and_never_sent_again(
    mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    due = due_rows(mariadb_shop, 1)
    with scripted_server({"end": [Fault.HANG, STAGES["end"]]}) as server:
        process = start(mariadb_shop.url, tmp_path, *JOB, env={"SEGMAIL_SMTP_URL": server.url()})
        assert server.hanging.wait(60)
        process.kill()
        process.communicate()
    other = Runner(mariadb_shop, tmp_path, state="another host")

    with recording_server() as server:
        other(smtp_url=server.url(), now=mariadb_shop.now + timedelta(minutes=16))
        waiting = mariadb_shop.progress(due.ids[0])
        other(smtp_url=server.url(), now=mariadb_shop.now + timedelta(minutes=76))
        Runner(mariadb_shop, tmp_path)(smtp_url=server.url(), now=mariadb_shop.now + timedelta(1))

    assert server.messages == []
    assert (waiting["status"], waiting["queue_id"]) == ("scheduled", 1)
    assert mariadb_shop.status(due.ids[0]) == "failed"
    [(_, words)] = due.problems
    assert words.startswith("interrupted: ")


def _pauses(due: DueRows, since: timedelta) -> list[float]:
    """Return the minutes until each row comes due again."""
    at = due.shop.now + since
    scheduled = [due.shop.progress(id)["scheduled_at"] for id in due.ids]
    return [(moment - at) / timedelta(minutes=1) for moment in scheduled]
