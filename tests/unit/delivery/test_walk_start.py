"""What a host remembers of its walk over the due rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from segmail.delivery.rows.walk_start import KnownStart, WalkStart
from segmail.errors import ConfigError

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SLOW = 0.5  # seconds


@pytest.fixture
def walk_start(tmp_path: Path) -> WalkStart:
    return WalkStart(tmp_path, "mysql://shop progress", [1, 2])


def test_a_slow_walk_is_remembered_with_a_margin_for_slow_transactions(
    walk_start: WalkStart,
) -> None:
    walk_start.save(None, NOW - HOUR, now=NOW, seconds=SLOW)

    assert walk_start.load(NOW + MINUTE) == KnownStart(NOW - HOUR - 10 * MINUTE, NOW)


def test_where_nothing_was_due_the_next_walk_begins_at_that_time(walk_start: WalkStart) -> None:
    walk_start.save(None, None, now=NOW, seconds=SLOW)

    assert walk_start.load(NOW + MINUTE) == KnownStart(NOW - 10 * MINUTE, NOW)


def test_a_quick_walk_is_made_anew_each_time(walk_start: WalkStart, tmp_path: Path) -> None:
    walk_start.save(None, NOW, now=NOW, seconds=0.01)

    assert walk_start.load(NOW + MINUTE) is None
    assert list(tmp_path.iterdir()) == []


def test_a_quick_walk_that_began_at_a_hint_moves_it_on(walk_start: WalkStart) -> None:
    walk_start.save(None, NOW - HOUR, now=NOW, seconds=SLOW)
    used = walk_start.load(NOW + MINUTE)

    walk_start.save(used, NOW, now=NOW + MINUTE, seconds=0.01)

    assert walk_start.load(NOW + 2 * MINUTE) == KnownStart(NOW - 10 * MINUTE, NOW)


def test_every_quarter_of_an_hour_the_whole_is_walked_over(walk_start: WalkStart) -> None:
    walk_start.save(None, NOW, now=NOW, seconds=SLOW)

    assert walk_start.load(NOW + timedelta(minutes=14)) is not None
    assert walk_start.load(NOW + timedelta(minutes=15)) is None


def test_a_clock_that_was_set_back_is_no_reason_to_miss_rows(walk_start: WalkStart) -> None:
    walk_start.save(None, NOW, now=NOW, seconds=SLOW)

    assert walk_start.load(NOW - MINUTE) is None


def test_other_steps_are_walked_over_at_once(walk_start: WalkStart, tmp_path: Path) -> None:
    walk_start.save(None, NOW, now=NOW, seconds=SLOW)

    assert WalkStart(tmp_path, "mysql://shop progress", [1, 2, 3]).load(NOW) is None
    assert WalkStart(tmp_path, "mysql://other progress", [1, 2]).load(NOW) is None


def test_a_run_that_let_go_of_rows_forgets_it(walk_start: WalkStart) -> None:
    walk_start.save(None, NOW, now=NOW, seconds=SLOW)

    walk_start.forget()
    walk_start.forget()

    assert walk_start.load(NOW) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"since": 1}', '{"since": "x"}', "\xff"])
def test_a_broken_file_is_no_hint(walk_start: WalkStart, tmp_path: Path, text: str) -> None:
    walk_start.save(None, NOW, now=NOW, seconds=SLOW)
    [file] = (tmp_path / "claim").iterdir()
    file.write_text(text, "latin-1")

    assert walk_start.load(NOW) is None


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "claim").write_text("a file where a folder belongs")

    with pytest.raises(ConfigError, match="--state-dir"):
        WalkStart(tmp_path, "mysql://shop progress", [1]).save(None, None, now=NOW, seconds=SLOW)


def test_a_hint_that_cannot_be_deleted_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")

    WalkStart(tmp_path / "state", "shop", [1]).forget()
