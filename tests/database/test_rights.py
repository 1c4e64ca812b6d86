"""sql/grants.sql is enough for every command, and a missing right is told before a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL, text

from segmail.cli import program
from segmail.maho.cron import cron_table
from tests import each_command
from tests.program import ROOT
from tests.shop_builder import ShopBuilder

USER, PASSWORD = "segmail_least", "least"
_SET_UP = {"schema apply", "schema tune"}  # these create; a person's own user does so


def statements(database: str) -> list[str]:
    """Return the statements of sql/grants.sql for a database and the test's user."""
    sql = re.sub(r"--.*", "", (ROOT / "sql" / "grants.sql").read_text())
    sql = sql.replace("maho.", f"{database}.").replace("'segmail'@'localhost'", f"'{USER}'@'%'")
    sql = sql.replace("choose a password", PASSWORD)
    return [one.strip() for one in sql.split(";") if one.strip()]


@pytest.fixture
def least(mariadb_shop: ShopBuilder) -> Iterator[URL]:
    """The shop's URL for a user with the rights of sql/grants.sql."""
    shop = mariadb_shop
    each_command.fill(shop)
    shop.config("customer_segmentation/segmail/enabled", "1")
    with shop.database.engine.begin() as connection:
        cron_table("").metadata.create_all(connection)
        for statement in statements(str(shop.url.database)):
            connection.execute(text(statement))
    yield shop.url.set(username=USER, password=PASSWORD)
    with shop.database.engine.begin() as connection:
        connection.execute(text(f"DROP USER '{USER}'@'%'"))
        cron_table("").drop(connection)


def segmail(url: URL, folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        program,
        ["--database-url", url.render_as_string(hide_password=False), "--state-dir",
         str(folder / "state"), "--log-file", str(folder / "log"), "--now", "2026-03-10 12:00",
         *arguments],
        env={"SEGMAIL_SMTP_URL": f"file://{folder}/mails"},
    )  # fmt: skip


def test_every_command_works_with_the_least_rights(
    least: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    each_command.write_files(tmp_path)
    commands = {**each_command.READING, **each_command.WRITING}
    denied = {}
    for name, arguments in commands.items():
        if name not in _SET_UP:
            done = segmail(least, tmp_path, *name.split(), *arguments)
            if re.search("denied|may not", done.output) or done.exit_code == 70:
                denied[name] = done.output

    assert not denied
    assert len(list((tmp_path / "mails").glob("*.eml"))) == 1


@pytest.mark.parametrize(
    ("verb", "table"),
    [("INSERT", "newsletter_problem"), ("INSERT", "newsletter_queue_link"),
     ("UPDATE", "customer_segment_sequence_progress"), ("INSERT", "salesrule_coupon")],
)  # fmt: skip
def test_a_missing_right_is_told_before_anything_is_claimed(
    least: URL, mariadb_shop: ShopBuilder, tmp_path: Path, verb: str, table: str
) -> None:
    with mariadb_shop.database.engine.begin() as connection:
        connection.execute(text(f"REVOKE {verb} ON {least.database}.{table} FROM '{USER}'@'%'"))

    done = segmail(least, tmp_path, "process-emails")

    assert done.exit_code == 78
    assert f"may not {verb} {table}" in done.output
    assert not (tmp_path / "mails").exists()
    assert mariadb_shop.status(1) == "scheduled"
    assert f"may not {verb} {table}" in segmail(least, tmp_path, "doctor", "--json").output
