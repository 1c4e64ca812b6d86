"""The folder of a copy is its owner's alone, and is never left behind for good."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from pathlib import Path

import pytest

from segmail.throw_away import throw_away_folder


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_it_is_private_and_removed_whatever_happens(tmp_path: Path) -> None:
    modes = []

    def interrupted() -> None:
        with throw_away_folder() as folder:
            (folder / "shop.sqlite").write_text("customers")
            modes.append(stat.S_IMODE(folder.stat().st_mode))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert modes == [0o700]
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_one_left_is_removed_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    left, used = (tmp_path / f"segmail-copy-{name}" for name in ("left", "used"))
    for folder in (left, used):
        folder.mkdir()
        (folder / "in-use").touch()
    lock = os.open(used / "in-use", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)

    with throw_away_folder():
        pass
    os.close(lock)

    assert list(tmp_path.iterdir()) == [used]
