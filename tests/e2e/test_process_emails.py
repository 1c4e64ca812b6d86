"""`segmail process-emails` as cron runs it: exit codes, log lines, overlapping and killed runs."""

from __future__ import annotations

import collections
import json
import re
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from segmail.cli import INTERRUPTED
from segmail.maho.newsletter_queue import QueueStatus
from tests.jobs import read_mail
from tests.program import run, start
from tests.shop_builder import ShopBuilder
from tests.smtp_server import STAGES, Fault, closed_port, recording_server, scripted_server

CLOCK = ("--now", "2026-03-10 12:00")


@pytest.fixture
def engine_name() -> str:
    """The server alone, but where processes meet: it is about the program, not its SQL."""
    return "mariadb"


def test_a_run_prints_nothing_and_logs_the_lines_of_the_specification(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    shop.due(shop.step(shop.segment(), rule_id=shop.rule(), coupon_prefix="WB"), shop.customer())

    ran = run(shop.url, tmp_path, *CLOCK, "process-emails")

    lines = (tmp_path / "segmail.log").read_text().splitlines()
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    for line, pattern in zip(
        lines,
        (
            r"Processing 1 scheduled email sequences",
            r"Generated coupon WB1[A-Z]{10} for customer 1 in sequence 1",
            r"Sent automation email to customer 1, template 1, queue 1",
            r"Email automation cron: processed 1, failed 0 emails in \d+\.\d\ds",
        ),
        strict=True,
    ):
        assert re.fullmatch(rf"2026-03-10 12:00:\d\d: {pattern}", line)


def test_nothing_due_is_no_failure(shop: ShopBuilder, tmp_path: Path) -> None:
    ran = run(shop.url, tmp_path, *CLOCK, "process-emails")

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_failed_steps_end_the_program_with_1_and_are_told_once_a_kind_in_exception_log(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    segment = shop.segment()
    for number in (1, 2):
        step = shop.step(segment, shop.template("{{var customer}}"), number=number)
        shop.due(step, shop.customer())
        shop.due(step, shop.customer())

    ran = run(shop.url, tmp_path, *CLOCK, "process-emails")

    assert (ran.returncode, ran.stdout) == (1, "")
    assert re.fullmatch(
        r"Error: 4 of 4 steps failed: 2 × .*; 2 × .*\{\{var customer\}\}.* The log has each\.\n",
        ran.stderr,
    )
    assert (tmp_path / "segmail.log").read_text().count("Failed step") == 4
    told = (tmp_path / "exception.log").read_text().splitlines()
    assert [line.partition(" (enter)")[0][-6:] for line in told] == ["step 1", "step 2"]


def test_a_mail_server_out_of_reach_ends_the_program_with_75(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())
    port = closed_port()

    ran = run(shop.url, tmp_path, *CLOCK, "process-emails",
              env={"SEGMAIL_SMTP_URL": f"smtp://127.0.0.1:{port}"})  # fmt: skip

    assert ran.returncode == 75
    assert f"127.0.0.1:{port}" in ran.stderr
    assert shop.status(progress) == "scheduled"


def test_an_impossible_mail_url_ends_the_program_with_78(shop: ShopBuilder, tmp_path: Path) -> None:
    env = {"SEGMAIL_SMTP_URL": "smtp://user:s3cret@host:no-port?starttls=perhaps"}
    ran = run(shop.url, tmp_path, "process-emails", env=env)

    assert ran.returncode == 78
    assert "starttls" in ran.stderr
    assert "s3cret" not in ran.stderr


def test_the_specifications_flag_switches_the_job_off_unless_segmails_own_says_otherwise(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())
    shop.config("customer_segmentation/email_automation/enabled", "0")

    run(shop.url, tmp_path, *CLOCK, "process-emails")
    off = shop.status(progress)
    shop.config("customer_segmentation/segmail/enabled", "1")
    run(shop.url, tmp_path, *CLOCK, "process-emails")

    assert (off, shop.status(progress)) == ("scheduled", "sent")


def test_a_script_is_told_that_the_job_is_switched_off(shop: ShopBuilder, tmp_path: Path) -> None:
    shop.config("customer_segmentation/email_automation/enabled", "0")

    told = json.loads(run(shop.url, tmp_path, *CLOCK, "process-emails", "--json").stdout)

    assert (told["enabled"], told["sent"]) == (False, 0)


def test_a_dry_run_says_what_would_happen_to_each_row_and_changes_nothing(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    step = shop.step(shop.segment("VIP"), rule_id=shop.rule())
    good = shop.due(step, shop.customer("ada@example.test"))
    bad = shop.due(step, shop.customer(subscribed=False))
    before = [shop.rows(table) for table in shop.tables.metadata.sorted_tables]

    ran = run(shop.url, tmp_path, *CLOCK, "process-emails", "--dry-run", "--json")

    told = {line["progress_id"]: line for line in json.loads(ran.stdout)}
    assert told[good]["result"] == "sent"
    assert told[good]["reason"] == "to ada@example.test: Hello Ada"
    assert told[bad]["result"] == "skipped"
    assert [shop.rows(table) for table in shop.tables.metadata.sorted_tables] == before
    assert not (tmp_path / "mails").exists()


def test_the_summary_comes_as_json_for_scripts(shop: ShopBuilder, tmp_path: Path) -> None:
    shop.due(shop.step(shop.segment()), shop.customer())

    ran = run(shop.url, tmp_path, *CLOCK, "process-emails", "--json")

    told = json.loads(ran.stdout)
    assert (told["sent"], told["failed"], told["held"], told["fault"]) == (1, 0, 0, None)


def test_an_unknown_segment_is_named(shop: ShopBuilder, tmp_path: Path) -> None:
    shop.segment("Newsletter readers")

    ran = run(shop.url, tmp_path, "process-emails", "--segment", "Newsleter readers")

    assert ran.returncode == 2
    assert "Newsletter readers" in ran.stderr


@pytest.mark.both_engines
@pytest.mark.parametrize("engine_name", ["mariadb", "sqlite"])
def test_overlapping_runs_send_nothing_twice(shop: ShopBuilder, tmp_path: Path) -> None:
    step = shop.step(shop.segment(), rule_id=shop.rule())
    rows = [shop.due(step, shop.customer()) for _ in range(150)]

    with recording_server() as server:
        env = {"SEGMAIL_SMTP_URL": server.url()}
        command = (*CLOCK, "process-emails", "--limit", "0")
        runs = [start(shop.url, tmp_path, *command, env=env) for _ in range(3)]
        codes = [process.wait(timeout=600) for process in runs]
        for process in runs:
            process.communicate()

    received = collections.Counter(message.rcpt_to for message in server.messages)
    assert codes == [0, 0, 0]
    assert set(received.values()) == {1}
    assert len(received) == 150
    assert {shop.status(row) for row in rows} == {"sent"}


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "end"])
def test_a_killed_run_repeats_nothing_and_loses_nothing(
    shop: ShopBuilder, tmp_path: Path, stage: str
) -> None:
    """Killed while the server keeps its second answer back.

    Where that is the answer to the content, nobody can know of the message; before it, nothing of
    it has left.
    """
    unknown = int(stage == "end")
    step = shop.step(shop.segment())
    rows = [shop.due(step, shop.customer()) for _ in range(3)]
    command = ("process-emails", "--connections", "1")

    with scripted_server({stage: [STAGES[stage], Fault.HANG]}) as server:
        env = {"SEGMAIL_SMTP_URL": server.url("starttls=never")}
        process = start(shop.url, tmp_path, *CLOCK, *command, env=env)
        assert server.hanging.wait(300)
        process.kill()
        process.communicate()
    run(shop.url, tmp_path, "--now", "2026-03-10 12:16", *command)

    later = [read_mail(file.read_bytes())["To"] for file in (tmp_path / "mails").glob("*.eml")]
    assert collections.Counter(map(shop.status, rows)) == {
        "sent": 3 - unknown,
        **({"failed": 1} if unknown else {}),
    }
    assert (len(server.messages), len(later)) == (1, 2 - unknown)
    assert not shop.rows(shop.tables.queue, queue_status=QueueStatus.PAUSE)
    told = [row["problem_error_text"] for row in shop.rows(shop.tables.problem)]
    assert [text.partition(": ")[0] for text in told] == ["interrupted"] * unknown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_in_order(
    shop: ShopBuilder, tmp_path: Path, number: signal.Signals
) -> None:
    """The message under way is finished, the others are scheduled as they were."""
    step = shop.step(shop.segment())
    rows = [shop.due(step, shop.customer()) for _ in range(3)]
    command = ("process-emails", "--connections", "1", "--rate", "2", "--json")

    with recording_server() as server:
        process = start(shop.url, tmp_path, *CLOCK, *command,
                        env={"SEGMAIL_SMTP_URL": server.url()})  # fmt: skip
        assert server.accepted.wait(300)
        process.send_signal(number)
        out, _ = process.communicate(timeout=300)

    statuses = [shop.status(row) for row in rows]
    assert process.returncode == (INTERRUPTED if number is signal.SIGINT else 0)
    assert json.loads(out)["sent"] == len(server.messages) == statuses.count("sent") < 3
    assert {shop.progress(row)["scheduled_at"] for row in rows} == {shop.now - timedelta(minutes=1)}


def test_json_lines_of_one_run_have_one_id_and_those_of_the_next_another(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    step = shop.step(shop.segment())
    for _ in range(2):
        shop.due(step, shop.customer())
        shop.due(step, shop.customer())
        run(shop.url, tmp_path, *CLOCK, "--log-format", "json", "process-emails")

    lines = list(map(json.loads, (tmp_path / "segmail.log").read_text().splitlines()))
    assert len({line["run"] for line in lines}) == 2
    assert [line["message"].split()[0] for line in lines] == [
        "Processing", "Sent", "Sent", "Email",
    ] * 2  # fmt: skip
    assert {line["command"] for line in lines} == {"process-emails"}


def test_the_log_of_a_shop_at_rest_stays_empty(shop: ShopBuilder, tmp_path: Path) -> None:
    shop.segment(website_ids="1")

    for command in ("process-emails", "refresh-segments", "refresh-segments"):
        assert run(shop.url, tmp_path, *CLOCK, command).returncode == 0

    assert (tmp_path / "segmail.log").read_text() == ""


def test_crons_mail_groups_what_failed_and_names_no_customer(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    segment, refused = shop.segment(), {}
    for number, template in enumerate(("{{var customer}}", "<p>Hello</p>"), 1):
        step = shop.step(segment, shop.template(template), number=number)
        for _ in range(2):
            customer = shop.customer()
            shop.due(step, customer)
            address = shop.row(shop.tables.customer, entity_id=customer)["email"]
            refused[address] = f"550 5.1.1 <{address}>: No such user"
    shop.due(shop.step(segment, shop.template(sender=""), number=3), shop.customer())

    with recording_server(refuse=refused) as server:
        env = {"SEGMAIL_SMTP_URL": server.url()}
        ran = run(shop.url, tmp_path, *CLOCK, "process-emails", env=env)

    assert ran.returncode == 1
    assert ran.stderr.startswith("Error: 5 of 5 steps failed: 2 × ")
    assert ran.stderr.count("2 × ") == 2
    assert ran.stderr.count("1 × ") == 1
    assert "550 5.1.1 ADDRESS" in ran.stderr
    assert "@" not in ran.stderr
    assert ran.stderr.count("\n") == 1
