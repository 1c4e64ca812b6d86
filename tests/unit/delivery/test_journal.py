"""The journal: what one run writes, the next one knows."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from segmail.delivery.rows import journal as module
from segmail.delivery.rows.journal import Journal, Verdict
from segmail.errors import ConfigError

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def journal(folder: Path, database: str = "shop", now: datetime = NOW) -> Journal:
    return Journal(folder, database, now=now)


def test_the_last_line_of_an_attempt_counts(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.write(Verdict.RECORDED, ["1:1:x", "2:2:x"])
    first.write(Verdict.BEGUN, ["1:1:x"])
    first.write(Verdict.ACCEPTED, ["1:1:x"])

    next_day = journal(tmp_path, now=NOW + timedelta(days=1))

    assert next_day.verdicts(["1:1:x", "2:2:x", "3:3:x"]) == {
        "1:1:x": Verdict.ACCEPTED,
        "2:2:x": Verdict.RECORDED,
        "3:3:x": Verdict.UNKNOWN,
    }


def test_two_shops_may_share_a_state_directory(tmp_path: Path) -> None:
    journal(tmp_path, "one").write(Verdict.ACCEPTED, ["1:1:x"])

    assert journal(tmp_path, "other").verdicts(["1:1:x"]) == {"1:1:x": Verdict.UNKNOWN}


def test_two_runs_may_write_at_once(tmp_path: Path) -> None:
    one, other = journal(tmp_path), journal(tmp_path)
    for number in range(50):
        one.write(Verdict.BEGUN, [f"{number}:a"])
        other.write(Verdict.BEGUN, [f"{number}:b"])

    keys = [f"{n}:{run}" for n in range(50) for run in "ab"]
    assert journal(tmp_path).verdicts(keys) == dict.fromkeys(keys, Verdict.BEGUN)


def test_after_a_reboot_what_was_not_written_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = journal(tmp_path)
    before.write(Verdict.RECORDED, ["1:1:x", "2:2:x"])
    before.write(Verdict.ACCEPTED, ["2:2:x"])

    monkeypatch.setattr(module, "_boot_id", lambda: "rebooted")
    after = journal(tmp_path)

    assert after.verdicts(["1:1:x", "2:2:x"]) == {
        "1:1:x": Verdict.UNKNOWN,
        "2:2:x": Verdict.ACCEPTED,
    }


def test_a_line_cut_by_a_crash_is_passed_over(tmp_path: Path) -> None:
    journal(tmp_path).write(Verdict.BEGUN, ["1:1:x"])
    [file] = tmp_path.rglob("*.log")
    file.write_bytes(file.read_bytes() + b"accep")

    assert journal(tmp_path).verdicts(["1:1:x"]) == {"1:1:x": Verdict.BEGUN}


def test_files_of_long_past_days_are_deleted(tmp_path: Path) -> None:
    journal(tmp_path, now=NOW - timedelta(days=31)).write(Verdict.BEGUN, ["1:1:x"])
    journal(tmp_path, now=NOW - timedelta(days=29)).write(Verdict.BEGUN, ["2:2:x"])

    journal(tmp_path).prune()

    assert [file.name[:10] for file in tmp_path.rglob("*.log")] == ["2026-02-09"]


def test_a_journal_that_cannot_be_written_is_a_configuration_fault(tmp_path: Path) -> None:
    (tmp_path / "journal").touch()

    with pytest.raises(ConfigError, match="--state-dir"):
        journal(tmp_path).write(Verdict.BEGUN, ["1:1:x"])


@pytest.mark.parametrize("cut", range(29))
def test_a_line_that_a_full_disk_cut_hides_no_other(tmp_path: Path, cut: int) -> None:
    first, second = "1:1:20260310120000", "2:2:20260310120000"
    book = journal(tmp_path)
    book.write(Verdict.BEGUN, [first, second])
    [file] = tmp_path.rglob("*.log")
    with file.open("a") as disk:
        disk.write(f"refused {first}\n"[:cut])
    book.write(Verdict.ACCEPTED, [second])

    assert journal(tmp_path).verdicts([second]) == {second: Verdict.ACCEPTED}


def test_nobody_waits_for_a_fifo_in_the_place_of_the_journal(tmp_path: Path) -> None:
    journal(tmp_path).write(Verdict.BEGUN, ["1:1:x"])
    [file] = tmp_path.rglob("*.log")
    file.unlink()
    os.mkfifo(file)

    with pytest.raises(ConfigError, match="cannot be written"):
        journal(tmp_path).write(Verdict.BEGUN, ["2:2:x"])


def test_a_journal_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    book = journal(tmp_path)
    book.check()
    [file] = tmp_path.rglob("*.log")
    file.with_name("2026-03-09.x.log").mkdir()

    with pytest.raises(ConfigError, match="cannot be read"):
        book.check()
    with pytest.raises(ConfigError, match="cannot be read"):
        book.verdicts(["1:1:x"])
