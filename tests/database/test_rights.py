"""sql/grants.sql is enough for every command, and a missing right is told before a mail."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL, text

from segmail.cli import program
from segmail.maho.cron import cron_table
from segmail.maho.schema.rights import REFRESHING, Right
from tests import each_command
from tests.campaign_files import apply
from tests.program import ROOT
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
USER, PASSWORD = f"segmail_least_{WORKER}", "s3cret-word"  # one server for all workers
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


_NOT_TOLD = re.compile(r"denied|created  |Added|\(1\d{3},|pymysql|sqlalchemy|s3cret|ada@")


def test_who_may_only_read_is_told_by_every_command_what_to_grant(
    least: URL, mariadb_shop: ShopBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, user = mariadb_shop, f"'{USER}'@'%'"
    monkeypatch.chdir(tmp_path)
    each_command.write_files(tmp_path)
    shop.segment("Others", automation=False)
    shop.due(1, shop.customer(), status="failed")
    for key, value in (("name", "S"), ("email", "s@example.test")):
        shop.config(f"trans_email/ident_general/{key}", value)
    commands = {
        **each_command.WRITING,
        "campaign apply": (each_command.FILE, "--yes"),
        "recipe apply": ("abandoned-cart", "--yes"),
        "sequence edit": (f"{each_command.NAME}:enter:1", "--delay", "99"),
        "segment automation": (each_command.NAME, "off"),
    }
    with shop.database.engine.begin() as connection:
        connection.execute(text(f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {user}"))
        connection.execute(text(f"GRANT SELECT ON {least.database}.* TO {user}"))
    nothing_to_do = {"schema apply", "recover", "sequence enable", "sequence needs"}
    either = {"sequence add"}  # finds the step as wanted, but MySQL lets no reader lock its segment
    before = _checksums(shop)

    told = {
        name: segmail(least, tmp_path, *name.split(), *arguments)
        for name, arguments in commands.items()
    }

    assert _checksums(shop) == before
    assert not (tmp_path / "mails").exists()
    wrong = {
        name: done.output
        for name, done in told.items()
        if (done.exit_code != (0 if name in nothing_to_do else 78) and name not in either)
        or (done.exit_code and f" TO '{USER}'@'%';" not in done.output)
        or re.search(
            r"denied|created  |Added|\(1\d{3},|pymysql|sqlalchemy|s3cret|ada@", done.output
        )
    }
    assert not wrong


def _checksums(shop: ShopBuilder) -> list[tuple[object, ...]]:
    tables = ", ".join(table.name for table in shop.tables.metadata.sorted_tables)
    with shop.database.engine.begin() as connection:
        return [tuple(row) for row in connection.execute(text(f"CHECKSUM TABLE {tables}"))]


@pytest.mark.parametrize(
    ("verb", "table"),
    [("INSERT", "newsletter_problem"), ("INSERT", "newsletter_queue_link"),
     ("UPDATE", "customer_segment_sequence_progress"), ("INSERT", "salesrule_coupon"),
     ("INSERT", "customer_segment_sequence_progress")],
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
    [told] = _of_rights(least, tmp_path)
    assert f"may not {verb} {table}" in told["what"]
    with mariadb_shop.database.engine.begin() as connection:
        connection.execute(text(told["advice"].rstrip(";")))
    assert [one["severity"] for one in _of_rights(least, tmp_path)] == ["ok"]


def test_a_table_that_is_read_only_after_the_mails_is_asked_for_before(
    least: URL, mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    _hide(mariadb_shop, least, "newsletter_problem")

    done = segmail(least, tmp_path, "process-emails")

    assert done.exit_code == 78
    assert "may not SELECT newsletter_problem" in done.output
    assert not (tmp_path / "mails").exists()
    assert mariadb_shop.status(1) == "scheduled"


def test_a_table_that_is_written_only_after_the_mails_must_be_there_before(
    least: URL, mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    shop = mariadb_shop
    with shop.database.engine.begin() as connection:
        connection.execute(text("RENAME TABLE newsletter_queue_link TO away"))
    try:
        done = segmail(least, tmp_path, "process-emails")
    finally:
        with shop.database.engine.begin() as connection:
            connection.execute(text("RENAME TABLE away TO newsletter_queue_link"))

    assert done.exit_code == 78
    assert "newsletter_queue_link' doesn't exist" in done.output
    assert not (tmp_path / "mails").exists()
    assert shop.status(1) == "scheduled"


def _hide(shop: ShopBuilder, url: URL, *tables: str) -> None:
    """Take the right to read some tables from the test's user."""
    user = f"'{USER}'@'%'"
    with shop.database.engine.begin() as connection:
        connection.execute(text(f"REVOKE SELECT ON {url.database}.* FROM {user}"))
        for table in set(connection.scalars(text("SHOW TABLES"))) - set(tables):
            connection.execute(text(f"GRANT SELECT ON {url.database}.{table} TO {user}"))


def test_every_right_to_read_that_is_missing_is_told_at_once(
    least: URL, mariadb_shop: ShopBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = ("core_store_group", "core_website", "newsletter_template", "salesrule_website")
    _hide(mariadb_shop, least, *hidden)

    monkeypatch.chdir(tmp_path)
    each_command.write_files(tmp_path)
    asked = (("process-emails",), ("sequence", "validate"), ("campaign", "diff", each_command.FILE))
    told = [segmail(least, tmp_path, *one) for one in asked]

    assert [one.exit_code for one in told] == [78, 78, 78]
    for one in told:
        for table in hidden:
            assert f"GRANT SELECT ON `{least.database}`.`{table}` TO '{USER}'@'%';" in one.output


@pytest.mark.parametrize(
    ("hidden", "unchecked"),
    [
        (("cms_block", "newsletter_problem"), set()),
        (("core_website",), {"steps", "base URLs", "segments", "time zones"}),
        (
            ("core_config_data",),
            {"automation", "mail transport", "time zones", "base URLs", "steps", "attempts",
             "segments", "jobs"},
        ),
    ],
)  # fmt: skip
def test_the_doctor_goes_on_where_it_may_not_read(
    least: URL,
    mariadb_shop: ShopBuilder,
    tmp_path: Path,
    hidden: tuple[str, ...],
    unchecked: set[str],
) -> None:
    complete = {
        one["area"] for one in json.loads(segmail(least, tmp_path, "doctor", "--json").stdout)
    }
    _hide(mariadb_shop, least, *hidden)

    done = segmail(least, tmp_path, "doctor", "--json")

    found = json.loads(done.stdout)
    assert done.exit_code == 78
    assert {one["area"] for one in found} >= complete - {"indexes"}
    told = {one["what"]: one["advice"] for one in found if one["area"] == "schema"}
    for table in hidden:
        grant = f"GRANT SELECT ON `{least.database}`.`{table}` TO '{USER}'@'%';"
        assert told[f"The database's user may not SELECT {table}."] == grant
    assert {one["area"] for one in found if one["what"].startswith("Not checked")} == unchecked


def test_a_database_that_is_read_only_is_an_error(least: URL, tmp_path: Path) -> None:
    read_only = least.update_query_dict({"init_command": "SET SESSION TRANSACTION READ ONLY"})

    found = _of_rights(read_only, tmp_path)
    sent = segmail(read_only, tmp_path, "process-emails")

    assert [one["severity"] for one in found] == ["error"]
    assert "SELECT @@read_only tells" in found[0]["what"]
    assert sent.exit_code == 75
    assert not (tmp_path / "mails").exists()


def test_a_view_may_be_read_but_not_locked(
    least: URL, mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    shop = mariadb_shop
    with shop.database.engine.begin() as connection:
        for table in ("customer_entity", "newsletter_subscriber"):
            connection.execute(text(f"RENAME TABLE {table} TO own_{table}"))
            connection.execute(text(f"CREATE VIEW {table} AS SELECT * FROM own_{table}"))
    try:
        checked = segmail(least, tmp_path, "schema", "check")
        sent = segmail(least, tmp_path, "process-emails")
    finally:
        with shop.database.engine.begin() as connection:
            for table in ("customer_entity", "newsletter_subscriber"):
                connection.execute(text(f"DROP VIEW {table}"))
                connection.execute(text(f"RENAME TABLE own_{table} TO {table}"))

    assert (checked.exit_code, sent.exit_code) == (78, 78)
    for done in (checked, sent):
        assert "ut the table itself in its place" in done.output
    assert "newsletter_subscriber is a view" in checked.output
    assert "customer_entity" not in checked.output


def test_tuning_names_the_right_to_each_table(
    least: URL, mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    done = segmail(least, tmp_path, "schema", "tune", "--yes")

    assert done.exit_code == 78
    for table in ("customer_segment_sequence_progress", "newsletter_subscriber"):
        assert done.output.count(f"GRANT INDEX ON `{least.database}`.`{table}` TO") == 1


def _of_rights(url: URL, folder: Path) -> list[dict[str, str]]:
    """Return what `doctor` says of the rights."""
    printed = segmail(url, folder, "doctor", "--json").stdout
    return [one for one in json.loads(printed) if one["area"] == "rights"]


def _rights_of_refreshing(database: str) -> list[str]:
    """Return statements that give the test's user what a refresh asks for beforehand, no more."""
    user = f"'{USER}'@'%'"
    places = [(right.verb, f"{database}.{right.table or '*'}") for right in REFRESHING]
    return [
        f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {user}",
        *(f"GRANT {verb} ON {on} TO {user}" for verb, on in [("SELECT", f"{database}.*"), *places]),
    ]


def test_what_a_refresh_asks_for_beforehand_is_all_that_it_needs(
    least: URL, mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    shop = mariadb_shop
    leaver = shop.customer()
    listed = dict(shop.row(shop.tables.segment))
    shop.insert(shop.tables.member, segment_id=listed["segment_id"], customer_id=leaver,
                website_id=1, added_at=shop.now, updated_at=shop.now)  # fmt: skip
    shop.due(1, leaver)
    shop.change(shop.tables.customer, {"entity_id": leaver}, is_active=0)
    unsubscribed = shop.customer(subscribed=False)
    shop.due(1, unsubscribed)
    with shop.database.engine.begin() as connection:
        for statement in _rights_of_refreshing(str(least.database)):
            connection.execute(text(statement))

    done = segmail(least, tmp_path, "refresh-segments", "--all")

    assert done.exit_code == 0, done.output
    states = {row["customer_id"]: row["status"] for row in shop.rows(shop.tables.progress)}
    assert states[unsubscribed] == "skipped"


@pytest.mark.parametrize("right", REFRESHING, ids=lambda one: f"{one.verb} {one.table}".strip())
def test_a_right_that_a_refresh_lacks_is_told_before_anything_is_written(
    least: URL, mariadb_shop: ShopBuilder, tmp_path: Path, right: Right
) -> None:
    shop = mariadb_shop
    shop.due(1, shop.customer(subscribed=False))
    with shop.database.engine.begin() as connection:
        for statement in _rights_of_refreshing(str(least.database)):
            connection.execute(text(statement))
        place = f"{least.database}.{right.table or '*'}"
        connection.execute(text(f"REVOKE {right.verb} ON {place} FROM '{USER}'@'%'"))

    done = segmail(least, tmp_path, "refresh-segments", "--all")

    assert done.exit_code == 78
    assert f"may not {right.verb} {right.table}" in done.output or "temporary" in done.output
    assert {row["status"] for row in shop.rows(shop.tables.progress)} == {"scheduled"}
    assert not shop.rows(shop.tables.member)
    assert "may not" in segmail(least, tmp_path, "doctor", "--json").output


CAMPAIGN = """\
templates:
  - {name: One, subject: One, sender: {name: S, email: s@example.test}, html: "<p>😀</p>"}
  - {name: Two, subject: Two, sender: {name: S, email: s@example.test}, html: "<p>2</p>"}
sales rules:
  - {name: Ten, discount: 10 %, websites: [base]}
segments:
  - name: Buyers
    websites: [base]
    conditions: {all: ["order item: product = ts-1"]}
    automation: {active: yes}
    steps:
      - {after: 1 day, template: One, coupon: {rule: Ten, prefix: TEN, expires: 7 days}}
      - {after: 3 days, template: Two}
      - {after: 9 days, template: One}
"""


def test_who_may_only_read_gets_the_plan_of_who_may_write(
    least: URL, mariadb_shop: ShopBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, user = mariadb_shop, f"'{USER}'@'%'"
    monkeypatch.chdir(tmp_path)
    sales = SalesBuilder(shop)
    sales.product("OTHER")
    sales.product("TS-1")
    for key, value in (("name", "S"), ("email", "s@example.test")):
        shop.config(f"trans_email/ident_general/{key}", value)
    apply(shop, CAMPAIGN)
    [first, second, _] = [one["sequence_id"] for one in shop.rows(shop.tables.sequence)[-3:]]
    shop.due(first, shop.customer(), status="sent")
    shop.due(second, shop.customer())
    changed = CAMPAIGN.replace("3 days", "5 days").replace("10 %", "12 %").replace("<p>2", "<p>3")
    (tmp_path / "same.yaml").write_text(CAMPAIGN)
    (tmp_path / "new.yaml").write_text(
        changed.replace("      - {after: 9 days, template: One}\n", "")
    )
    asked = [
        ("campaign", "diff", "same.yaml"),
        ("campaign", "diff", "new.yaml"),
        ("campaign", "apply", "new.yaml", "--dry-run", "--prune", "--json"),
        ("recipe", "apply", "abandoned-cart", "--dry-run"),
        ("simulate", "same.yaml", "--days", "1", "--customer", "1"),
    ]

    told = [segmail(shop.url, tmp_path, *one) for one in asked]
    with shop.database.engine.begin() as connection:
        connection.execute(text(f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {user}"))
        connection.execute(text(f"GRANT SELECT ON {least.database}.* TO {user}"))
    by_reader = [segmail(least, tmp_path, *one) for one in asked]
    refused = segmail(least, tmp_path, "campaign", "apply", "new.yaml", "--prune", "--yes")
    rehearsed = segmail(least, tmp_path, "refresh-segments", "--dry-run")
    steps = [
        segmail(least, tmp_path, "sequence", "add", "Buyers", "--template", "Two", "--dry-run"),
        segmail(least, tmp_path, "segment", "automation", "Buyers", "off", "--dry-run"),
        segmail(least, tmp_path, "sequence", "disable", str(first), "--dry-run"),
    ]

    enrolled = segmail(least, tmp_path, "segment", "enrol", "Buyers", "--dry-run")
    taken_over = segmail(least, tmp_path, "take-over")

    assert (enrolled.exit_code, taken_over.exit_code) == (78, 78)
    assert "may not make temporary tables" in enrolled.output
    assert "may not INSERT and DELETE core_config_data" in taken_over.output
    assert [one.exit_code for one in told] == [0, 1, 0, 0, 0], [one.output for one in told]
    assert [one.output for one in by_reader] == [one.output for one in told]
    assert "1 scheduled row move" in told[1].output
    assert refused.exit_code == 78
    assert "changed" not in refused.output
    assert "may not INSERT and UPDATE customer_segment." in refused.output
    assert "may not INSERT and UPDATE salesrule." in refused.output
    assert rehearsed.exit_code == 78
    assert "may not make temporary tables" in rehearsed.output
    assert "may not UPDATE customer_segment." in rehearsed.output
    for one in steps:
        assert one.exit_code == 78
        assert "may not UPDATE customer_segment." in one.output
        assert "may not INSERT and UPDATE and DELETE customer_segment_email_seq" in one.output
        assert "may not INSERT and DELETE core_config_data" in one.output
