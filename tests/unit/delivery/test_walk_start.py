"""What a host remembers of its walk over the due rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from segmail.delivery.rows.walk_start import Hint, Hints
from segmail.errors import ConfigError

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SLOW = 0.5  # seconds


@pytest.fixture
def hints(tmp_path: Path) -> Hints:
    return Hints(tmp_path, "mysql://shop progress", [1, 2])


def test_a_slow_walk_is_remembered_with_a_margin_for_slow_transactions(hints: Hints) -> None:
    hints.save(None, NOW - HOUR, now=NOW, seconds=SLOW)

    assert hints.load(NOW + MINUTE) == Hint(NOW - HOUR - 10 * MINUTE, NOW)


def test_where_nothing_was_due_the_next_walk_begins_at_that_time(hints: Hints) -> None:
    hints.save(None, None, now=NOW, seconds=SLOW)

    assert hints.load(NOW + MINUTE) == Hint(NOW - 10 * MINUTE, NOW)


def test_a_quick_walk_is_made_anew_each_time(hints: Hints, tmp_path: Path) -> None:
    hints.save(None, NOW, now=NOW, seconds=0.01)

    assert hints.load(NOW + MINUTE) is None
    assert list(tmp_path.iterdir()) == []


def test_a_quick_walk_that_began_at_a_hint_moves_it_on(hints: Hints) -> None:
    hints.save(None, NOW - HOUR, now=NOW, seconds=SLOW)
    used = hints.load(NOW + MINUTE)

    hints.save(used, NOW, now=NOW + MINUTE, seconds=0.01)

    assert hints.load(NOW + 2 * MINUTE) == Hint(NOW - 10 * MINUTE, NOW)


def test_every_quarter_of_an_hour_the_whole_is_walked_over(hints: Hints) -> None:
    hints.save(None, NOW, now=NOW, seconds=SLOW)

    assert hints.load(NOW + timedelta(minutes=14)) is not None
    assert hints.load(NOW + timedelta(minutes=15)) is None


def test_a_clock_that_was_set_back_is_no_reason_to_miss_rows(hints: Hints) -> None:
    hints.save(None, NOW, now=NOW, seconds=SLOW)

    assert hints.load(NOW - MINUTE) is None


def test_other_steps_are_walked_over_at_once(hints: Hints, tmp_path: Path) -> None:
    hints.save(None, NOW, now=NOW, seconds=SLOW)

    assert Hints(tmp_path, "mysql://shop progress", [1, 2, 3]).load(NOW) is None
    assert Hints(tmp_path, "mysql://other progress", [1, 2]).load(NOW) is None


def test_a_run_that_let_go_of_rows_forgets_it(hints: Hints) -> None:
    hints.save(None, NOW, now=NOW, seconds=SLOW)

    hints.forget()
    hints.forget()

    assert hints.load(NOW) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"since": 1}', '{"since": "x"}', "\xff"])
def test_a_broken_file_is_no_hint(hints: Hints, tmp_path: Path, text: str) -> None:
    hints.save(None, NOW, now=NOW, seconds=SLOW)
    [file] = (tmp_path / "claim").iterdir()
    file.write_text(text, "latin-1")

    assert hints.load(NOW) is None


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "claim").write_text("a file where a folder belongs")

    with pytest.raises(ConfigError, match="--state-dir"):
        Hints(tmp_path, "mysql://shop progress", [1]).save(None, None, now=NOW, seconds=SLOW)


def test_a_hint_that_cannot_be_deleted_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")

    Hints(tmp_path / "state", "shop", [1]).forget()
