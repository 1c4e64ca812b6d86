"""A Maho from before its automation module gets the specification's tables and columns."""

from __future__ import annotations

import json

import pytest

from tests.golden_shops.golden_shop import GoldenShop

SEGMENT_COLUMNS = ("auto_email_active", "allow_overlapping_sequences")
QUEUE_COLUMNS = ("automation_source", "automation_source_id")


@pytest.fixture
def older(golden: GoldenShop) -> GoldenShop:
    """The shop without anything that Maho's module brought."""
    golden.change(
        "DROP TABLE customer_segment_sequence_progress, customer_segment_email_sequence",
        *(f"ALTER TABLE customer_segment DROP COLUMN {name}" for name in SEGMENT_COLUMNS),
        *(f"ALTER TABLE newsletter_queue DROP COLUMN {name}" for name in QUEUE_COLUMNS),
    )
    return golden


def test_a_shop_without_the_automation_is_told_what_is_missing(older: GoldenShop) -> None:
    check, send = older.run("schema", "check"), older.run("process-emails")

    for name in ("customer_segment_email_sequence", "customer_segment_sequence_progress",
                 "auto_email_trigger", *QUEUE_COLUMNS):  # fmt: skip
        assert name in check.stdout
    assert (check.returncode, send.returncode) == (78, 78)
    assert "segmail schema apply" in send.stderr


def test_a_dry_run_prints_the_statements_and_runs_none(older: GoldenShop) -> None:
    before = older.content()

    ran = older.run("schema", "apply", "--dry-run")

    assert ran.returncode == 0
    assert "CREATE TABLE" in ran.stdout
    assert older.content() == before


def test_the_changes_make_a_shop_on_which_a_sequence_is_set_up_and_sent(older: GoldenShop) -> None:
    applied = older.run("schema", "apply", "--yes")
    again = older.run("schema", "apply")
    older.run("sequence", "add", "1", "--template", "bench-welcome")
    switched = older.run("segment", "automation", "1", "on", "--trigger", "enter")
    older.change(
        "INSERT INTO customer_segment_sequence_progress (customer_id, segment_id, sequence_id,"
        " step_number, trigger_type, scheduled_at, created_at)"
        " SELECT entity_id, 1, 1, 1, 'enter', '2026-11-01 00:00:00', '2026-11-01 00:00:00'"
        " FROM customer_entity WHERE entity_id <= 50"
    )

    sent = older.run("process-emails", "--json")

    checked = json.loads(older.run("schema", "check", "--json").stdout)
    assert (applied.returncode, again.stdout) == (0, "There is nothing to create.\n")
    assert switched.returncode == 0
    assert json.loads(sent.stdout)["sent"] == 50
    assert (checked["layout"], checked["missing"], checked["faults"]) == ("spec", [], [])
