"""Small files of the state directory: whole, through no link, and the owner's own."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from segmail.clock import Clock
from segmail.delivery.rows.journal import Journal
from segmail.errors import ConfigError
from segmail.jobs.record import JobEnd, JobName, keep_end
from segmail.log import logger, open_log, set_up_logging
from segmail.once_a_day import log_once_a_day
from segmail.state_files import read_state, write_state

NOBODY = 65534
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def owners(folder: Path) -> set[int]:
    return {path.lstat().st_uid for path in folder.rglob("*")}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory in a shop that is nobody's."""
    shop = tmp_path / "shop"
    shop.mkdir(mode=0o755)
    if os.geteuid() == 0:
        os.chown(shop, NOBODY, NOBODY)
    return shop / "var" / "segmail"


@is_root
def test_what_root_leaves_there_belongs_to_the_shops_user(state: Path) -> None:
    end = JobEnd(NOW, NOW + timedelta(seconds=1), 75, "away")
    keep_end(state, JobName.PROCESS_EMAILS, end)
    log_once_a_day("Maho's own jobs are switched on", state, "mahos-jobs", now=NOW)
    log_once_a_day("Still running the old version", state, "not-upgraded", now=NOW)
    Journal(state, "sqlite:////x", now=NOW).check()

    assert {path.name for path in state.iterdir()} == {
        "journal", "mahos-jobs", "not-upgraded", "unwritten-ends.json",
    }  # fmt: skip
    assert owners(state.parents[1]) == {NOBODY}
    assert {path.stat().st_mode & 0o777 for path in state.iterdir() if path.is_file()} == {0o640}


def test_a_link_in_its_place_leads_nowhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "passwd"
    elsewhere.write_text("root")
    (tmp_path / "mahos-jobs").symlink_to(elsewhere)

    assert read_state(tmp_path / "mahos-jobs") == ""
    write_state(tmp_path / "mahos-jobs", "said")

    assert elsewhere.read_text() == "root"
    assert read_state(tmp_path / "mahos-jobs") == "said"
    assert not (tmp_path / "mahos-jobs").is_symlink()


def test_a_pipe_in_its_place_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mahos-jobs")

    assert read_state(tmp_path / "mahos-jobs") == ""
    write_state(tmp_path / "mahos-jobs", "said")

    assert read_state(tmp_path / "mahos-jobs") == "said"


@is_root
def test_root_writes_no_log_or_journal_where_a_users_link_leads(
    state: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "crontab"
    elsewhere.write_text("")
    log = state.parent / "log" / "segmail.log"
    set_up_logging(log, verbosity=0, clock=Clock(NOW))
    logger.info("first")  # makes the folders
    logger.handlers[-1].close()
    log.unlink()
    log.symlink_to(elsewhere)

    set_up_logging(log, verbosity=0, clock=Clock(NOW))
    with pytest.raises(ConfigError, match=r"segmail\.log cannot be written: .*symbolic links"):
        open_log()

    journal = Journal(state, "sqlite:////x", now=NOW)
    journal.check()
    journal.close()
    [file] = state.glob("journal/*/*.log")
    file.unlink()
    file.symlink_to(elsewhere)
    with pytest.raises(ConfigError, match=r"journal .* cannot be written: .*symbolic links"):
        journal.check()

    assert elsewhere.read_text() == ""


@pytest.mark.parametrize("below", ["", "journal"])
def test_a_state_directory_that_everybody_may_write_is_refused(state: Path, below: str) -> None:
    (state / "journal").mkdir(parents=True)
    (state / below).chmod(0o777)

    with pytest.raises(ConfigError, match=r"is not to be trusted: everybody may write it"):
        Journal(state, "sqlite:////x", now=NOW).check()
