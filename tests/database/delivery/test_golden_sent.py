"""Recorded runs of Maho's job: segmail leaves the same rows and mails, or differs as listed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from segmail.errors import ConfigError
from tests.database.delivery.sent_differences import (
    DIFFERENCES,
    SERVER_DOWN,
    Difference,
    concerned,
    expected,
)
from tests.jobs import Runner
from tests.recorded_sent import CASES, Case, build, observe
from tests.shop_builder import ShopBuilder
from tests.smtp_server import Server, closed_port, recording_server


@pytest.fixture
def mail_server() -> Iterator[Server]:
    with recording_server() as server:
        yield server


def _run(run_emails: Runner, case: Case) -> int:
    """Send by Maho's own mail settings, and return the exit code of the run."""
    try:
        fault = run_emails(smtp_url=None, now=case.now).summary.fault
    except ConfigError as error:
        return error.exit_code
    return fault.exit_code if fault else 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.release}-{case.number}")
def test_a_recorded_run_ends_as_in_maho(
    shop: ShopBuilder, run_emails: Runner, mail_server: Server, case: Case
) -> None:
    build(shop, case)
    port = closed_port() if case.number == SERVER_DOWN else mail_server.port
    shop.config("system/smtp/port", str(port))

    exit_code = _run(run_emails, case)

    mails = [message.data for message in mail_server.messages]
    assert observe(shop, case, mails=mails, exit_code=exit_code) == expected(case)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.reason)
def test_every_listed_difference_is_one(difference: Difference) -> None:
    cases = concerned(difference)

    assert any(expected(case) != expected(case, without=difference) for case in cases)


def test_no_recorded_run_is_left_out() -> None:
    assert [case.number for case in CASES] == [*range(1, 10), *range(1, 10)]
