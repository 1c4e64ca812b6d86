"""The doctor sees what runs and what does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from segmail.cli import program
from segmail.clock import Clock
from segmail.doctor.findings import AreaFinding
from segmail.doctor.jobs import clock_findings, disk_findings, job_findings
from segmail.findings import Severity
from segmail.jobs.record import JobEnd, JobName, begin_run, end_run
from segmail.maho.config.store_config import StoreConfig
from segmail.settings import Settings
from tests.shop_builder import ShopBuilder
from tests.tuning import tuning_undone

pytestmark = pytest.mark.both_engines


class _AheadClock(Clock):
    """A machine whose clock is three days ahead."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=3)


def _jobs(shop: ShopBuilder) -> list[AreaFinding]:
    with shop.read() as tx:
        config = StoreConfig.load(tx)
    return job_findings(shop.shop, config, Settings(Path("/tmp")), now=shop.now)  # noqa: S108


def test_overdue_rows_are_an_error_with_their_age(shop: ShopBuilder) -> None:
    late = shop.step(shop.segment())
    for _ in range(3):
        shop.due(late, shop.customer(), scheduled_at=shop.now - timedelta(days=26))

    first = _jobs(shop)[0]

    assert first.severity is Severity.ERROR
    assert first.what == "backlog: 3 rows are due; the oldest has waited 26 d."


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_failure_that_may_pass_by_itself_is_a_note(shop: ShopBuilder, tmp_path: Path) -> None:
    for code, reason in ((0, ""), (75, "The mail server mail.example.com cannot be reached")):
        run = begin_run(shop.shop, JobName.PROCESS_EMAILS, now=shop.now)
        end_run(shop.shop, run, JobEnd(shop.now, shop.now, code, reason), tmp_path)

    noted = [one for one in _jobs(shop) if "mail.example.com" in one.what]

    assert [(one.severity, one.advice) for one in noted] == [
        (Severity.NOTE, "segmail doctor --connect")
    ]


@pytest.mark.parametrize("engine_name", ["mariadb"])
def test_a_clock_that_differs_from_the_databases_is_an_error(shop: ShopBuilder) -> None:
    with shop.database.read() as connection:
        [right] = clock_findings(connection, Clock())
        [ahead] = clock_findings(connection, _AheadClock())

    assert right.severity is Severity.OK
    assert ahead.severity is Severity.ERROR
    assert ahead.what.startswith("This machine is 3 d ahead of the database server")


def test_a_disk_that_is_nearly_full_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segmail.doctor.jobs._LEAST_BYTES", 2**63)

    found = disk_findings(Settings(tmp_path / "state", log_file=tmp_path / "log" / "x.log"))

    assert [one.severity for one in found] == [Severity.ERROR] * 2
    assert found[0].what.startswith(f"{tmp_path}/state is on a disk with ")
    assert found[0].advice.startswith(f"du -xh --max-depth=2 {tmp_path} | sort -h | tail")
    monkeypatch.setattr("segmail.doctor.jobs._LEAST_BYTES", 0)  # as after making room
    assert [one.severity for one in disk_findings(Settings(tmp_path / "state"))] == [Severity.OK]


def test_an_index_that_maho_dropped_is_noticed_and_made_again(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    where = ["--database-url", shop.url.render_as_string(hide_password=False)]
    state = ["--state-dir", str(tmp_path)]
    tune = [*where, *state, "schema", "tune", "--yes"]

    def doctor() -> str:
        environment = {"SEGMAIL_SMTP_URL": "file:///mails"}
        return (
            CliRunner()
            .invoke(program, [*where, *state, "doctor", "--json"], env=environment)
            .stdout
        )

    drop = "DROP INDEX IDX_SEGMENT_PROGRESS_STATUS_SCHEDULED"
    on = "" if shop.database.engine.dialect.name == "sqlite" else f" ON {shop.tables.progress.name}"

    with tuning_undone(shop.database):
        assert CliRunner().invoke(program, tune).exit_code == 0
        before = doctor()
        with shop.database.engine.begin() as connection:
            connection.exec_driver_sql(drop + on)
        lost = doctor()
        assert CliRunner().invoke(program, tune).exit_code == 0
        after = doctor()

    assert "is gone" not in before
    assert "The index that `segmail schema tune` made is gone" in lost
    assert "is gone" not in after
