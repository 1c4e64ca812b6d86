"""What a shop's database lacks, and how the specification's changes are made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, inspect
from sqlalchemy.types import TypeDecorator, TypeEngine

from segmail.errors import ConfigError, SchemaError
from segmail.maho.db.database import Database
from segmail.maho.schema.changes import apply_changes, plan_changes
from segmail.maho.schema.check import Missing, MissingKind, check_schema
from segmail.maho.schema.tables import Layout, build_tables
from segmail.maho.shop import Shop
from segmail.maho.steps import Trigger, load_steps
from tests.bare_database import bare_database, run
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines

PREFIXES = pytest.mark.parametrize("prefix", ["", "mg_"])


@pytest.fixture
def bare(engine_name: str, server_url: URL, tmp_path: Path, prefix: str) -> Iterator[URL]:
    with bare_database(engine_name, server_url, tmp_path, prefix) as url:
        yield url


@pytest.fixture
def database(bare: URL) -> Iterator[Database]:
    database = Database(bare)
    yield database
    database.close()


def python_type(type_: TypeEngine[Any]) -> type:
    return (type_.impl_instance if isinstance(type_, TypeDecorator) else type_).python_type


def apply_all(database: Database, prefix: str = "") -> list[str]:
    statements = plan_changes(database, prefix)
    apply_changes(database, prefix, statements)
    return statements


@pytest.mark.parametrize("layout", Layout)
@PREFIXES
def test_a_shop_that_has_everything_lacks_nothing(shop: ShopBuilder, prefix: str) -> None:
    report = check_schema(shop.database, prefix)

    assert report.complete
    assert report.layout is shop.shop.layout


def test_the_server_is_named(shop: ShopBuilder, engine_name: str) -> None:
    report = check_schema(shop.database, "")

    assert report.engine in {"mariadb": ("MariaDB", "MySQL"), "sqlite": ("SQLite",)}[engine_name]
    assert report.version[0].isdigit()
    assert set(report.time_types.values()) == {"DATETIME"}


@PREFIXES
def test_everything_the_specification_adds_is_missed(database: Database, prefix: str) -> None:
    report = check_schema(database, prefix)

    assert report.layout is None
    assert {str(item).replace(prefix, "") if prefix else str(item) for item in report.missing} == {
        "column customer_segment.auto_email_trigger",
        "column customer_segment.auto_email_active",
        "column newsletter_queue.automation_source",
        "column newsletter_queue.automation_source_id",
        "table customer_segment_email_sequence",
        "table customer_segment_sequence_progress",
    }


@PREFIXES
def test_the_changes_complete_the_schema_once_and_a_sequence_works_on_it(
    database: Database, bare: URL, prefix: str, now: datetime
) -> None:
    apply_all(database, prefix)

    report = check_schema(database, prefix)
    assert report.complete
    assert report.layout is Layout.SPEC
    assert apply_all(database, prefix) == []

    shop = ShopBuilder(Shop.open(bare, prefix=prefix), bare, now=now)
    step = shop.step(shop.segment(trigger="exit"))
    progress = shop.due(step, shop.customer())

    with shop.read() as tx:
        [loaded] = load_steps(tx)
    assert (loaded.sequence_id, loaded.trigger, loaded.max_sends) == (step, Trigger.EXIT, 1)
    assert shop.status(progress) == "scheduled"
    shop.database.close()


def test_a_run_that_was_cut_can_be_finished(database: Database) -> None:
    statements = plan_changes(database, "")
    with pytest.raises(SchemaError):
        apply_changes(database, "", statements[:3])

    assert apply_all(database) == statements[3:]
    assert check_schema(database, "").complete


def test_the_changes_make_the_columns_that_segmail_knows(database: Database, bare: URL) -> None:
    apply_all(database)

    engine = create_engine(bare)
    tables = build_tables("", Layout.SPEC)
    for table in (tables.segment, tables.sequence, tables.queue, tables.progress):
        made = {c["name"]: c["type"].python_type for c in inspect(engine).get_columns(table.name)}
        assert made == {column.name: python_type(column.type) for column in table.columns}
    engine.dispose()


def test_deleting_a_segment_takes_its_steps_and_progress_along(
    database: Database, bare: URL, now: datetime
) -> None:
    apply_all(database)
    shop = ShopBuilder(Shop.open(bare), bare, now=now)
    segment = shop.segment()
    shop.due(shop.step(segment), shop.customer())

    shop.database.transact(lambda c: c.execute(shop.tables.segment.delete()))

    assert shop.rows(shop.tables.sequence) == shop.rows(shop.tables.progress) == []
    shop.database.close()


@pytest.mark.parametrize("engine_name", ["mariadb"])
def test_ids_and_times_get_the_types_of_what_they_refer_to(database: Database, bare: URL) -> None:
    run(bare, "ALTER TABLE newsletter_queue MODIFY queue_start_at timestamp NULL")

    apply_all(database)

    columns = inspect(create_engine(bare)).get_columns("customer_segment_sequence_progress")
    types = {column["name"]: str(column["type"]) for column in columns}
    assert types["scheduled_at"] == types["sent_at"] == "TIMESTAMP"
    assert all("UNSIGNED" in repr(c["type"]).upper() for c in columns if c["name"] == "queue_id")
    times = check_schema(database, "").time_types
    assert times["customer_segment_sequence_progress"] == "TIMESTAMP"
    assert times["newsletter_subscriber"] == "DATETIME"


@pytest.mark.parametrize("engine_name", ["mariadb"])
def test_signed_ids_of_a_shop_made_by_the_specification_are_met(
    database: Database, bare: URL
) -> None:
    run(
        bare,
        "DROP TABLE customer_segment_customer",
        "ALTER TABLE customer_segment MODIFY segment_id int NOT NULL AUTO_INCREMENT",
    )

    with pytest.raises(SchemaError, match="table customer_segment_customer is still missing"):
        apply_all(database)

    [item] = check_schema(database, "").missing
    assert item == Missing(MissingKind.TABLE, "customer_segment_customer")


def test_an_index_that_somebody_dropped_is_missed_and_made_again(
    database: Database, bare: URL, engine_name: str
) -> None:
    apply_all(database)
    on = "" if engine_name == "sqlite" else " ON customer_segment_sequence_progress"
    run(bare, f"DROP INDEX idx_scheduled{on}")

    assert [str(item) for item in check_schema(database, "").missing] == [
        "index on customer_segment_sequence_progress (scheduled_at, status)"
    ]
    assert len(apply_all(database)) == 1
    assert check_schema(database, "").complete


def test_of_a_shipped_shop_only_what_it_lacks_is_created(shop: ShopBuilder) -> None:
    assert plan_changes(shop.database, "") == []


def test_what_exists_keeps_its_rows(database: Database, bare: URL, now: datetime) -> None:
    run(
        bare,
        "ALTER TABLE customer_segment ADD COLUMN auto_email_active smallint DEFAULT 1",
        "INSERT INTO customer_segment (name, created_at, updated_at) "
        "VALUES ('Old', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    )

    apply_all(database)

    shop = ShopBuilder(Shop.open(bare), bare, now=now)
    [segment] = shop.rows(shop.tables.segment)
    assert (segment["auto_email_active"], segment["auto_email_trigger"]) == (1, "none")
    shop.database.close()


def test_a_shop_without_segmentation_is_told_so(database: Database) -> None:
    with pytest.raises(ConfigError, match="customer segmentation is not installed"):
        plan_changes(database, "other_")


def test_a_wrong_prefix_is_answered_with_the_right_one(
    engine_name: str, server_url: URL, tmp_path: Path
) -> None:
    with bare_database(engine_name, server_url, tmp_path, "mg_") as url:
        database = Database(url)
        [note] = check_schema(database, "").notes
        database.close()

    assert str(note) == "No shop here has the table prefix ''. --table-prefix could be: 'mg_'."


def test_what_maho_has_to_create_is_left_to_maho(database: Database, bare: URL) -> None:
    run(bare, "DROP TABLE salesrule_coupon_usage")

    with pytest.raises(SchemaError, match="table salesrule_coupon_usage is still missing"):
        apply_all(database)


@pytest.mark.parametrize("engine_name", ["mariadb"])
def test_tables_without_transactions_are_a_fault(database: Database) -> None:
    statements = [s.replace("InnoDB", "MyISAM") for s in plan_changes(database, "")]
    apply_changes(database, "", statements)

    report = check_schema(database, "")

    assert not report.complete
    assert "knows no transactions" in report.faults[0].what
    run(database.url, *(fault.advice.rstrip(";") for fault in report.faults))
    assert check_schema(database, "").complete


@pytest.mark.parametrize("engine_name", ["mariadb"])
def test_text_columns_that_hold_no_emoji_are_noted(database: Database, bare: URL) -> None:
    run(bare, "ALTER TABLE newsletter_queue MODIFY newsletter_subject varchar(200) CHARSET latin1")

    notes = " ".join(map(str, check_schema(database, "").notes))

    assert "newsletter_queue.newsletter_text" in notes
    assert "newsletter_queue.newsletter_subject: latin1 holds only few languages" in notes
