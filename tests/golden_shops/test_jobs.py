"""The jobs of cron on shops that Maho installed: what they log, what they delete, how they end."""

from __future__ import annotations

import pytest

from tests.golden_shops.golden_shop import FIRST_TWO_STEPS, GoldenShop
from tests.smtp_server import closed_port, recording_server

STATUSES = (
    "SELECT status, COUNT(*) AS number FROM customer_segment_sequence_progress GROUP BY status"
)
FLAG = "customer_segmentation/email_automation"


def send_the_first_thousand(golden: GoldenShop) -> None:
    ran = golden.run("process-emails", "--limit", "1000", now=FIRST_TWO_STEPS)
    assert ran.returncode == 0


def statuses(golden: GoldenShop) -> dict[str, int]:
    return {row["status"]: row["number"] for row in golden.rows(STATUSES)}


def configure(golden: GoldenShop, path: str, value: str) -> None:
    golden.change(f"INSERT INTO core_config_data (path, value) VALUES ('{path}', '{value}')")


def test_the_report_counts_what_happened_on_its_day(golden: GoldenShop) -> None:
    send_the_first_thousand(golden)

    golden.run("report", "--log", now="2026-11-03 04:00")
    golden.run("report", "--log", now="2026-11-05 04:00")

    assert golden.log[-2:] == [
        "Daily automation report: 1,000 sent, 0 failed, 500 scheduled, 1,500 total active",
        "Daily automation report: 0 sent, 0 failed, 500 scheduled, 500 total active",
    ]


def test_old_progress_is_deleted_after_the_days_of_the_shops_setting(golden: GoldenShop) -> None:
    send_the_first_thousand(golden)
    golden.run("cleanup-progress", "--all", now="2027-01-31 23:00")
    golden.run("cleanup-progress", now="2027-02-02 00:00")
    early = statuses(golden)  # what max_sends is counted from stays, but for --all

    told = golden.run("cleanup-progress", "--all", "--dry-run", now="2027-02-02 00:00").stdout
    golden.run("cleanup-progress", "--all", now="2027-02-02 00:00")

    assert early == {"sent": 1000, "scheduled": 500}
    assert told == "Would delete 1,000 sequence progress records (older than 90 days).\n"
    assert statuses(golden) == {"scheduled": 500}
    assert golden.log[-1] == "Cleaned up 1,000 old sequence progress records (older than 90 days)"


def test_the_shops_own_number_of_days_counts(golden: GoldenShop) -> None:
    send_the_first_thousand(golden)
    configure(golden, f"{FLAG}/cleanup_days", "7")
    configure(golden, f"{FLAG}/coupon_cleanup_days", "1")

    golden.run("cleanup-progress", "--all", now="2026-11-11 00:00")
    golden.run("cleanup-coupons", now="2026-12-06 00:00")

    assert golden.log[-2:] == [
        "Cleaned up 1,000 old sequence progress records (older than 7 days)",
        "Cleaned up 500 expired automation coupons (older than 1 days)",
    ]


def test_expired_coupons_are_deleted_and_the_merchants_own_are_not(golden: GoldenShop) -> None:
    send_the_first_thousand(golden)
    golden.change(
        "UPDATE salesrule_coupon SET times_used = 1 WHERE code LIKE 'WB42%'",
        "INSERT INTO salesrule_coupon (rule_id, code, type, created_at, expiration_date) VALUES"
        " (1, 'SUMMER-7Q4K-22XW', 1, '2026-05-01 00:00:00', '2026-06-01 00:00:00'),"
        " (1, 'WB7A1B2C3', 1, '2026-05-01 00:00:00', '2026-06-01 10:11:12')",
    )
    used = {
        row["code"] for row in golden.rows("SELECT code FROM salesrule_coupon WHERE times_used")
    }

    golden.run("cleanup-coupons", now="2027-01-04 12:00")

    left = {row["code"] for row in golden.rows("SELECT code FROM salesrule_coupon")}
    assert left == {"SUMMER-7Q4K-22XW", *used}
    assert golden.log[-1] == (
        f"Cleaned up {501 - len(used)} expired automation coupons (older than 30 days)"
    )


def test_with_the_mail_server_down_the_run_ends_with_75_and_changes_nothing(
    golden: GoldenShop,
) -> None:
    before = golden.content_but_job_records()
    env = {"SEGMAIL_SMTP_URL": f"smtp://127.0.0.1:{closed_port()}"}

    ran = golden.run("process-emails", "--limit", "0", env=env)

    assert (ran.returncode, ran.stdout) == (75, "")
    assert "127.0.0.1" in ran.stderr
    assert golden.content_but_job_records() == before


def test_a_refused_and_a_deferred_address_do_not_stop_the_rest(golden: GoldenShop) -> None:
    refuse = {"c20@example.test": "550 5.1.1 No such user", "c21@example.test": "451 4.3.0 Later"}

    with recording_server(refuse=refuse) as server:
        env = {"SEGMAIL_SMTP_URL": server.url()}
        ran = golden.run("process-emails", "--limit", "0", now="2026-11-01 12:00", env=env)

    problems = golden.rows("SELECT * FROM newsletter_problem ORDER BY problem_error_code")
    assert ran.returncode == 1
    assert statuses(golden) == {"sent": 498, "failed": 1, "scheduled": 1001}
    assert [row["problem_error_code"] for row in problems] == [451, 550]
    assert golden.value("SELECT COUNT(*) FROM newsletter_queue WHERE queue_status IN (0, 1)") == 0


def test_a_broken_template_fails_its_own_step_only(golden: GoldenShop) -> None:
    golden.change(
        "UPDATE newsletter_template SET template_text = '{{var customer}}' WHERE template_id = 2"
    )

    ran = golden.run("process-emails", "--limit", "0", now=FIRST_TWO_STEPS)

    assert ran.returncode == 1
    assert ran.stderr.startswith("Error: 500 of 1,000 steps failed: 500 × ")
    assert statuses(golden) == {"failed": 500, "sent": 500, "scheduled": 500}


def test_an_inactive_rule_fails_the_steps_that_make_its_coupons(golden: GoldenShop) -> None:
    golden.change("UPDATE salesrule SET is_active = 0")

    ran = golden.run("process-emails", "--limit", "0", now=FIRST_TWO_STEPS)

    assert ran.returncode == 1
    assert statuses(golden) == {"failed": 500, "sent": 500, "scheduled": 500}
    assert golden.value("SELECT COUNT(*) FROM salesrule_coupon") == 0


def test_who_may_not_be_written_to_is_skipped(golden: GoldenShop) -> None:
    golden.change(
        "UPDATE newsletter_subscriber SET subscriber_status = 3 WHERE subscriber_id <= 100",
        "DELETE FROM newsletter_subscriber WHERE subscriber_id BETWEEN 101 AND 200",
        "UPDATE customer_entity SET is_active = 0 WHERE entity_id BETWEEN 201 AND 300",
    )

    ran = golden.run("process-emails", "--limit", "0")

    assert ran.returncode == 0
    assert statuses(golden) == {"skipped": 900, "sent": 600}


@pytest.mark.parametrize(
    "job", ["process-emails", "cleanup-progress", "cleanup-coupons", "report --log"]
)
def test_the_specifications_flag_switches_every_job_off(golden: GoldenShop, job: str) -> None:
    configure(golden, f"{FLAG}/enabled", "0")
    before = golden.content()

    ran = golden.run(*job.split())

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert "switched off" in golden.log[-1]
    assert golden.content() == before
