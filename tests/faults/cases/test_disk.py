"""A disk that is full or refuses: nothing is sent without the journal, a log is only a log."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from segmail.delivery.rows.journal import Journal
from tests.faults.cases.end_state import SENT, UNTOUCHED, DueRows, due_rows
from tests.faults.cases.smtp_faults import COMMAND, check_later_runs
from tests.program import run
from tests.shop_builder import ShopBuilder
from tests.smtp_server import recording_server

FULL = Path("/dev/full")  # every write to it fails like one on a full disk


@pytest.fixture
def due(mariadb_shop: ShopBuilder) -> DueRows:
    return due_rows(mariadb_shop)


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "two"])
@pytest.mark.parametrize("broken", ["a file", "nowhere", "a full disk"])
def test_a_state_directory_that_cannot_be_written_is_told_before_anything_is_claimed(
    due: DueRows, tmp_path: Path, broken: str, options: tuple[str, ...]
) -> None:
    env = {"SEGMAIL_STATE_DIR": _state_dir(tmp_path, broken, due)}

    ran = run(due.shop.url, tmp_path, *COMMAND, *options, env=env)

    assert ran.returncode == 78
    assert "journal" in ran.stderr
    assert "--state-dir" in ran.stderr
    assert due.after == [UNTOUCHED] * 3
    assert "Processing" not in (tmp_path / "segmail.log").read_text()
    assert not list(tmp_path.glob("mails/*"))


# The journal's first line break, 28 bytes for each of three attempts, then for each message 25
# bytes before and 28 after it: what cannot be written falls into every kind of line.
@pytest.mark.parametrize(
    ("size", "sent"), [(1, 0), (40, 0), (95, 0), (110, 1), (125, 1), (140, 1), (190, 2)]
)
def test_a_disk_that_is_full_on_the_way_ends_the_run_in_order(
    due: DueRows, tmp_path: Path, size: int, sent: int
) -> None:
    (tmp_path / "segmail.log").symlink_to("/dev/null")  # the limit is for the journal

    with recording_server() as server:
        env = {"SEGMAIL_SMTP_URL": server.url(), **_files_of_at_most(size, tmp_path)}
        ran = run(due.shop.url, tmp_path, *COMMAND, "--connections", "1", env=env)

    assert (ran.returncode, "journal" in ran.stderr) == (78, True)
    assert len(server.messages) == sent
    assert Counter(due.after) == Counter({SENT: sent, UNTOUCHED: 3 - sent})
    check_later_runs(due, tmp_path, server)


def test_a_log_on_a_full_disk_is_told_once_and_the_mails_are_sent(
    due: DueRows, tmp_path: Path
) -> None:
    (tmp_path / "segmail.log").symlink_to(FULL)

    ran = run(due.shop.url, tmp_path, *COMMAND)

    assert due.after == [SENT] * 3
    assert ran.returncode == 0
    assert ran.stderr == (
        f"The log file {tmp_path}/segmail.log cannot be written: No space left on device.\n"
    )


def _state_dir(folder: Path, broken: str, due: DueRows) -> str:
    if broken == "a file":
        (folder / "state").write_text("not a folder")
    elif broken == "a full disk":
        journal = _journal(folder / "state", due)
        journal.parent.mkdir(parents=True)
        journal.symlink_to(FULL)
    return "/proc/nowhere" if broken == "nowhere" else str(folder / "state")


def _journal(state: Path, due: DueRows) -> Path:
    """Return the file into which a run of that day will write."""
    probe = state.with_name("probe")
    url = due.shop.url.set(password=None).render_as_string()
    journal = Journal(probe, f"{url} {due.shop.tables.progress.name}", now=due.shop.now)
    journal.check()
    journal.close()
    [file] = probe.rglob("*.log")
    return state / file.relative_to(probe)


def _files_of_at_most(size: int, folder: Path) -> dict[str, str]:
    """Return an environment in which Python's start-up limits the size of files.

    A slow machine would remember how long its walk took, which is a file, too.
    """
    (folder / "sitecustomize.py").write_text(
        f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
        "from segmail.delivery.rows import walk_start\nwalk_start._WORTH_IT = 3600\n"
    )
    paths = [str(folder), *sys.path]
    return {"PYTHONPATH": ":".join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
