"""Log lines that are worth writing once a day, and not at every run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from segmail.log import logger
from segmail.state_files import read_state, write_state


def log_once_a_day(line: str, state_dir: Path, name: str, *, now: datetime) -> None:
    """Write a line to the log, unless it was written today already; `now` is in UTC.

    A run each minute would fill the log with it, so the day and the line last written are stored in
    the state directory, in the file `name`. If that cannot be written, each run logs the line.
    """
    last = state_dir / name
    today = f"{now:%Y-%m-%d} {line}"
    try:
        if read_state(last) == today:
            return
        write_state(last, today)
    except OSError as error:
        line = f"{line} (repeated by each run, because {last} cannot be written: {error.strerror})"
    logger.info("%s", line)
