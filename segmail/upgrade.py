"""What bin/segmail tells of an environment that it could not renew, put where people look."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from segmail.log import logger


def log_once_a_day(reason: str, state_dir: Path, *, now: datetime) -> None:
    """Write into the log why the code of the checkout does not run yet; `now` is in UTC.

    A run each minute would fill the log with it, so the day and the reason that were written last
    are kept in the state directory. Where that cannot be written, each run says it.
    """
    line = f"Still running the old version: {reason}"
    last = state_dir / "not-upgraded"
    today = f"{now:%Y-%m-%d} {line}"
    try:
        if last.exists() and last.read_text("utf-8") == today:
            return
        state_dir.mkdir(parents=True, exist_ok=True)
        last.write_text(today, "utf-8")
    except OSError as error:
        line = f"{line} (said by each run, because {last} cannot be kept: {error.strerror})"
    logger.info("%s", line)
