"""`segmail schema check` and `segmail schema apply`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL

from segmail.cli import program
from segmail.maho.db.database import Database
from segmail.maho.db.information_schema import index_columns
from segmail.maho.schema.check import check_schema
from tests.bare_database import bare_database, run


@pytest.fixture
def bare(server_url: URL, tmp_path: Path) -> Iterator[URL]:
    with bare_database("sqlite", server_url, tmp_path) as url:
        yield url


def segmail(url: URL, *arguments: str, answer: str = "") -> Result:
    shown = url.render_as_string(hide_password=False)
    return CliRunner().invoke(program, ["--database-url", shown, *arguments], input=answer)


def is_complete(url: URL) -> bool:
    database = Database(url)
    complete = check_schema(database, "").complete
    database.close()
    return complete


def test_check_lists_what_is_missing_and_exits_with_78(bare: URL) -> None:
    result = segmail(bare, "schema", "check")

    assert result.exit_code == 78
    assert "SQLite 3." in result.stdout
    assert "no automation tables" in result.stdout
    assert "table customer_segment_sequence_progress" in result.stdout
    assert "`segmail schema apply` creates" in result.stderr


def test_check_is_content_once_everything_is_there(bare: URL) -> None:
    segmail(bare, "schema", "apply", "--yes")

    result = segmail(bare, "schema", "check")

    assert result.exit_code == 0
    assert "spec" in result.stdout
    assert result.stderr == ""


def test_check_prints_a_note_as_one_text(bare: URL) -> None:
    result = segmail(bare, "--table-prefix", "mg_", "schema", "check", "--json")

    assert json.loads(result.stdout)["notes"] == [
        "No shop here has the table prefix 'mg_'. --table-prefix could be: none."
    ]


def test_check_prints_json(bare: URL) -> None:
    result = segmail(bare, "schema", "check", "--json")

    report = json.loads(result.stdout)
    assert result.exit_code == 78
    assert (report["engine"], report["layout"]) == ("SQLite", None)
    assert {
        "kind": "column",
        "table": "newsletter_queue",
        "name": "automation_source",
    } in report["missing"]


def test_apply_prints_and_runs_the_statements(bare: URL) -> None:
    result = segmail(bare, "schema", "apply", "--yes")

    assert result.exit_code == 0
    assert "ADD COLUMN auto_email_trigger" in result.stdout
    assert is_complete(bare)


def test_apply_dry_run_changes_nothing(bare: URL) -> None:
    result = segmail(bare, "schema", "apply", "--dry-run")

    assert result.exit_code == 0
    assert "CREATE TABLE customer_segment_email_sequence" in result.stdout
    assert not is_complete(bare)


def test_apply_without_a_terminal_wants_yes(bare: URL) -> None:
    result = segmail(bare, "schema", "apply", answer="y\n")

    assert result.exit_code == 2
    assert "give --yes" in result.stderr
    assert not is_complete(bare)


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_apply_asks_on_a_terminal(bare: URL, answer: str, code: int) -> None:
    terminal, stdin = os.openpty()
    os.write(terminal, f"{answer}\n".encode())
    command = [sys.executable, "-m", "segmail", "--database-url", str(bare), "schema", "apply"]

    result = subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=300)

    assert result.returncode == code
    assert "Run 11 statements?" in result.stdout
    assert is_complete(bare) is (answer == "y")


def test_apply_a_second_time_has_nothing_to_do(bare: URL) -> None:
    segmail(bare, "schema", "apply", "--yes")

    result = segmail(bare, "schema", "apply")

    assert result.exit_code == 0
    assert result.stdout == "There is nothing to create.\n"


def test_apply_refuses_a_database_without_segmentation(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    result = segmail(URL.create("sqlite", database=str(tmp_path / "empty")), "schema", "apply")

    assert result.exit_code == 78
    assert "customer segmentation is not installed" in result.stderr
    assert "no tables of a Maho shop" in result.stderr


def test_tune_creates_the_better_index_once_and_only_when_told(bare: URL) -> None:
    segmail(bare, "schema", "apply", "--yes")

    shown = segmail(bare, "schema", "tune", "--dry-run")
    unasked = segmail(bare, "schema", "tune")
    done = segmail(bare, "schema", "tune", "--yes")
    again = segmail(bare, "schema", "tune", "--yes")

    assert "CREATE INDEX IDX_SEGMENT_PROGRESS_STATUS_SCHEDULED" in shown.stdout
    assert (unasked.exit_code, done.exit_code) == (2, 0)
    assert "CREATE INDEX IDX_SEGMENT_PROGRESS_STATUS_SENT" in shown.stdout
    assert again.stdout == "The indexes are there already.\n"


@pytest.mark.parametrize("engine", ["sqlite", "mariadb"])
def test_tune_gives_an_index_of_an_earlier_version_its_new_columns(
    engine: str, server_url: URL, tmp_path: Path
) -> None:
    name = "IDX_SEGMENT_PROGRESS_STATUS_SCHEDULED"
    table = "customer_segment_sequence_progress"
    with bare_database(engine, server_url, tmp_path) as url:
        segmail(url, "schema", "apply", "--yes")
        run(url, f"CREATE INDEX {name} ON {table} (status, scheduled_at)")

        done = segmail(url, "schema", "tune", "--yes")
        again = segmail(url, "schema", "tune", "--dry-run")

        with Database(url).read() as connection:
            columns = index_columns(connection, table)[name]

    assert done.exit_code == 0
    assert f"DROP INDEX {name}" in done.stdout
    assert columns[:3] == ("status", "scheduled_at", "progress_id")
    assert len(columns) > 3
    assert again.stdout == "The indexes are there already.\n"


def test_tune_needs_the_automations_tables(bare: URL) -> None:
    result = segmail(bare, "schema", "tune", "--yes")

    assert result.exit_code == 78
    assert "segmail schema apply" in result.stderr
