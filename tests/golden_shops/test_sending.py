"""A thousand due rows of a shop that Maho installed go through a mail server."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.golden_shops.golden_shop import ALL_STEPS, FIRST_TWO_STEPS, GoldenShop, Row
from tests.jobs import read_mail, shown
from tests.smtp_server import Server, recording_server

STEP_OF_SUBJECT = {"Welcome": 1, "15% off": 2, "We miss": 3}

PROGRESS = (
    "SELECT p.*, s.subscriber_id, s.subscriber_email, e.template_id"
    " FROM customer_segment_sequence_progress p JOIN newsletter_subscriber s USING (customer_id)"
    " JOIN customer_segment_email_sequence e USING (sequence_id)"
    " WHERE p.step_number {steps} ORDER BY progress_id"
)
THE_THOUSAND, THE_OTHERS = PROGRESS.format(steps="< 3"), PROGRESS.format(steps="= 3")


@dataclass(frozen=True)
class Sent:
    """A shop whose first thousand rows were sent by one run."""

    shop: GoldenShop
    before: list[Row]
    ran: subprocess.CompletedProcess[str]
    server: Server


@pytest.fixture(scope="module")
def sent(golden_of_module: GoldenShop) -> Iterator[Sent]:
    shop = golden_of_module
    before = shop.rows(THE_THOUSAND)
    with recording_server() as server:
        env = {"SEGMAIL_SMTP_URL": server.url()}
        ran = shop.run("process-emails", "--limit", "1000", now=FIRST_TWO_STEPS, env=env)
        yield Sent(shop, before, ran, server)


def received(server: Server) -> Counter[tuple[str, int]]:
    """Count the messages by recipient and step."""
    return Counter((to, step) for to, step, _ in letters(server))


def letters(server: Server) -> list[tuple[str, int, str]]:
    """Return recipient, step and text of each message."""
    mails = [(message.rcpt_to, read_mail(message.data)) for message in server.messages]
    return [(to, STEP_OF_SUBJECT[mail["Subject"][:7]], shown(mail)) for (to,), mail in mails]


def expected(rows: list[Row]) -> Counter[tuple[str, int]]:
    return Counter((row["subscriber_email"], row["step_number"]) for row in rows)


def happened(moment: datetime | None) -> bool:
    """Whether a literal, as Maho reads it, is the time of the run in UTC."""
    start = datetime.fromisoformat(FIRST_TWO_STEPS)
    return moment is not None and start <= moment < start + timedelta(minutes=10)


def test_each_due_row_is_exactly_one_message(sent: Sent) -> None:
    assert len(sent.before) == 1000
    assert received(sent.server) == expected(sent.before)


def test_the_run_prints_nothing_and_logs_the_lines_of_the_specification(sent: Sent) -> None:
    kinds = Counter(re.sub(r"WB\w+|\d+(\.\d+)?", "N", line) for line in sent.shop.log)
    claims = [line.split()[1] for line in sent.shop.log if line.startswith("Processing ")]

    assert (sent.ran.returncode, sent.ran.stdout, sent.ran.stderr) == (0, "", "")
    assert sum(map(int, claims)) == 1000, "claims are as large as a few seconds send"
    assert kinds == {
        "Maho's own jobs are switched on, though its cron does not seem to run them; "
        "`segmail take-over` switches them off": 1,
        "Processing N scheduled email sequences": len(claims),
        "Generated coupon N for customer N in sequence N": 500,
        "Sent automation email to customer N, template N, queue N": 1000,
        "Email automation cron: processed N, failed N emails in Ns": 1,
    }
    assert sent.shop.log[-1].startswith("Email automation cron: processed 1000, failed 0 emails in")


def test_each_progress_row_is_sent_and_was_due_when_it_was(sent: Sent) -> None:
    after = sent.shop.rows(THE_THOUSAND)
    written = {"status", "sent_at", "queue_id"}

    assert {row["status"] for row in after} == {"sent"}
    assert all(happened(row["sent_at"]) for row in after)
    assert len({row["queue_id"] for row in after}) == 1000
    for old, new in zip(sent.before, after, strict=True):
        assert {key for key in old if old[key] != new[key]} == written


def test_each_queue_row_is_finished_and_says_whose_automation_made_it(sent: Sent) -> None:
    queue = {row["queue_id"]: row for row in sent.shop.rows("SELECT * FROM newsletter_queue")}

    for row in sent.shop.rows(THE_THOUSAND):
        made = queue.pop(row["queue_id"])
        assert (made["queue_status"], made["newsletter_type"]) == (3, 2)
        assert happened(made["queue_start_at"])
        assert happened(made["queue_finish_at"])
        assert made["template_id"] == row["template_id"]
        assert made["automation_source"] == "customer_segmentation"
        assert made["automation_source_id"] == row["segment_id"]
        assert made["newsletter_sender_email"] == "shop@example.test"
        assert made["customer_segment_ids"] is None
    assert queue == {}


def test_each_queue_row_has_one_link_that_says_who_received_it_and_when(sent: Sent) -> None:
    links = sent.shop.rows("SELECT * FROM newsletter_queue_link")
    received_by = Counter((link["queue_id"], link["subscriber_id"]) for link in links)

    assert all(happened(link["letter_sent_at"]) for link in links)
    assert received_by == Counter(
        (row["queue_id"], row["subscriber_id"]) for row in sent.shop.rows(THE_THOUSAND)
    )


def test_nothing_is_left_for_mahos_newsletter_cron(sent: Sent) -> None:
    open_queues = "SELECT COUNT(*) FROM newsletter_queue WHERE queue_status IN (0, 1)"
    unsent_links = "SELECT COUNT(*) FROM newsletter_queue_link WHERE letter_sent_at IS NULL"

    assert sent.shop.value(open_queues) == 0
    assert sent.shop.value(unsent_links) == 0
    assert sent.shop.value("SELECT COUNT(*) FROM newsletter_problem") == 0


def test_each_customer_got_a_coupon_of_their_own(sent: Sent) -> None:
    coupons = {row["code"]: row for row in sent.shop.rows("SELECT * FROM salesrule_coupon")}
    customers = {row["subscriber_email"]: row["customer_id"] for row in sent.before}

    for to, step, text in letters(sent.server):
        if step == 2:
            [code] = re.findall(r"\bWB[0-9A-Z]+\b", text)
            coupon = coupons.pop(code)
            assert re.fullmatch(rf"WB{customers[to]}[A-Z]{{10}}", code)
            assert (coupon["type"], coupon["usage_limit"], coupon["is_primary"]) == (1, 1, None)
            assert str(coupon["expiration_date"]) == "2026-12-03 23:59:59"
            assert happened(coupon["created_at"])
    assert coupons == {}


def test_times_are_utc_literals_in_either_type_of_column(sent: Sent) -> None:
    """A TIMESTAMP of the older shop would show it: its server is at +05:30."""
    table = "customer_segment_sequence_progress"
    type_ = sent.shop.value(
        "SELECT DATA_TYPE AS type FROM information_schema.columns WHERE column_name = 'sent_at' "
        f"AND table_schema = DATABASE() AND table_name = '{table}'"
    )
    literal = sent.shop.value(f"SELECT CAST(MIN(sent_at) AS CHAR) FROM {table}")

    assert type_ == {"26.7": "datetime", "25.11": "timestamp"}[sent.shop.release]
    assert literal.startswith("2026-11-03 00:0")
    if type_ == "timestamp":
        assert sent.shop.value("SELECT @@session.time_zone") == "+05:30"


def test_steps_that_were_not_due_are_untouched(golden: GoldenShop, sent: Sent) -> None:
    assert sent.shop.rows(THE_OTHERS) == golden.rows(THE_OTHERS)


def test_a_second_run_sends_nothing_and_changes_nothing(sent: Sent) -> None:
    before, count = sent.shop.content_but_job_records(), len(sent.server.messages)
    env = {"SEGMAIL_SMTP_URL": sent.server.url()}

    ran = sent.shop.run("process-emails", "--limit", "1000", now=FIRST_TWO_STEPS, env=env)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert len(sent.server.messages) == count
    assert sent.shop.content_but_job_records() == before


def test_two_overlapping_runs_send_the_other_500_once(sent: Sent) -> None:
    others = sent.shop.rows(THE_OTHERS)

    with recording_server() as server:
        env = {"SEGMAIL_SMTP_URL": server.url()}
        command = ("process-emails", "--limit", "0", "--rate", "150", "--json")
        runs = [sent.shop.start(*command, now=ALL_STEPS, env=env) for _ in range(2)]
        told = [json.loads(process.communicate(timeout=300)[0]) for process in runs]

    assert [process.returncode for process in runs] == [0, 0]
    assert received(server) == expected(others)
    assert {row["status"] for row in sent.shop.rows(THE_OTHERS)} == {"sent"}
    assert sum(each["sent"] for each in told) == 500
    assert all(each["sent"] for each in told), "the runs did not overlap"
