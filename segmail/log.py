"""Where a run's lines go, in the format of SPEC.md: `2025-09-30 12:00:01: Sent …`, in UTC."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from segmail.clock import Clock
from segmail.errors import ConfigError

logger = logging.getLogger("segmail")
exceptions = logging.getLogger("segmail.exceptions")


def set_up_logging(log_file: Path | None, *, verbosity: int, clock: Clock) -> None:
    """Send INFO lines to the log file, or to stderr where there is none.

    `verbosity` is the number of `-v` less the number of `-q`. With a log file, stderr shows
    warnings (`-v`: every line, `-q`: errors only). Tracebacks go to `exception.log` beside the
    log file, and nowhere without one. Raises ConfigError when the file cannot be written.
    """
    formatter = _Formatter(clock)
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(formatter)
    console.setLevel(_console_level(verbosity, has_file=log_file is not None))
    _replace_handlers(logger, [console])
    _replace_handlers(exceptions, [])
    logger.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)
    logger.propagate = False
    exceptions.propagate = False
    # A connection that broke on its way back to the pool is replaced: nobody need know.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    if log_file is None:
        exceptions.addHandler(logging.NullHandler())
        return
    logger.addHandler(_file_handler(log_file, formatter))
    exceptions.addHandler(_file_handler(log_file.with_name("exception.log"), formatter))


class _Formatter(logging.Formatter):
    """SPEC's line format, by the run's clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("%(asctime)s: %(message)s")
        self._clock = clock

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        return f"{self._clock.now():%Y-%m-%d %H:%M:%S}"

    def format(self, record: logging.LogRecord) -> str:
        # One event, one line: text from outside cannot forge a line of its own.
        line, *trace = super().format(record).split("\n")
        if record.exc_info:
            return "\n".join([line, *trace])
        return " ".join([line, *(part.strip() for part in trace)])


class _File(logging.FileHandler):
    """A file that says once, on stderr, that it cannot be written any more; the run goes on."""

    _failed = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._failed:
            self._failed = True
            reason = error.strerror or error
            sys.stderr.write(f"The log file {self.baseFilename} cannot be written: {reason}.\n")


def _console_level(verbosity: int, *, has_file: bool) -> int:
    if verbosity < 0:
        return logging.ERROR
    if verbosity == 0 and has_file:
        return logging.WARNING
    return logging.DEBUG if verbosity > 1 else logging.INFO


def _file_handler(file: Path, formatter: logging.Formatter) -> logging.Handler:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = _File(file, encoding="utf-8", delay=False)
    except OSError as error:
        raise ConfigError(
            f"The log file {file} cannot be written: {error.strerror}. "
            "Mend its permissions or give another with --log-file."
        ) from error
    handler.setFormatter(formatter)
    return handler


def _replace_handlers(target: logging.Logger, handlers: list[logging.Handler]) -> None:
    for old in list(target.handlers):
        target.removeHandler(old)
        old.close()
    for handler in handlers:
        target.addHandler(handler)
