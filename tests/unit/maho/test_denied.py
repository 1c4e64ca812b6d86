"""What the servers say when a right is missing, and the GRANT that is made of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import Connection

from segmail.errors import Fault
from segmail.maho.db.denied import refused_right

ASKED = SimpleNamespace(one=lambda: ("shop@%", "maho"))
CONNECTION = cast(Connection, SimpleNamespace(exec_driver_sql=lambda _query: ASKED))


@pytest.mark.parametrize(
    ("number", "message", "grant"),
    [
        (
            1142,
            "INSERT command denied to user 'shop'@'web1' for table `maho`.`cron_schedule`",
            "INSERT ON `maho`.`cron_schedule`",
        ),
        (  # MySQL
            1142,
            "INSERT, DELETE command denied to user 'shop'@'web1' for table 'cron_schedule'",
            "INSERT, DELETE ON `maho`.`cron_schedule`",
        ),
        (
            1142,
            "SHOW VIEW command denied to user 'shop'@'web1' for table `of shop`.`a-b`",
            "SHOW VIEW ON `of shop`.`a-b`",
        ),
        (
            1143,
            "SELECT command denied to user 'shop'@'web1' for column 'a' in table 'cron_schedule'",
            "SELECT ON `maho`.`cron_schedule`",
        ),
        (
            1044,
            "Access denied for user 'shop'@'%' to database 'maho'",
            "CREATE TEMPORARY TABLES ON `maho`.*",
        ),
    ],
)
def test_a_refusal_becomes_a_grant_for_the_account(number: int, message: str, grant: str) -> None:
    told = refused_right(CONNECTION, number, message)

    assert told is not None
    assert told.advice == f"GRANT {grant} TO 'shop'@'%';"


@pytest.mark.parametrize(
    "message", ["INSERT Befehl nicht erlaubt für 'shop'@'web1'", "Access denied; you need SUPER"]
)
def test_no_grant_is_made_up(message: str) -> None:
    assert refused_right(CONNECTION, 1142, message) is None


def test_a_refusal_says_what_is_missing() -> None:
    message = "INSERT, DELETE command denied to user 'shop'@'web1' for table 'cron_schedule'"

    assert refused_right(CONNECTION, 1142, message) == Fault(
        "The database's user may not INSERT and DELETE cron_schedule.",
        "GRANT INSERT, DELETE ON `maho`.`cron_schedule` TO 'shop'@'%';",
    )
