"""Where a run's lines go, in the format of SPEC.md: `2025-09-30 12:00:01: Sent …`, in UTC."""

from __future__ import annotations

import enum
import json
import logging
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from logging.handlers import WatchedFileHandler
from pathlib import Path

from segmail.clock import Clock
from segmail.errors import ConfigError
from segmail.printable import one_line, printable_lines, without_secrets
from segmail.trusted_files import give_to_owner_of, make_folder, no_link_of_others

# The mode that Maho uses in its var/log: lines name customers.
_MODE = 0o640

logger = logging.getLogger("segmail")
exceptions = logging.getLogger("segmail.exceptions")


class LogFormat(enum.StrEnum):
    """How a line is written: as in SPEC, the same with its run's id at the end, or as a JSON
    object.
    """

    TEXT = "text"
    TAGGED = "tagged"
    JSON = "json"


@dataclass(frozen=True)
class LoggedRun:
    """One run of the program; it distinguishes the lines of several runs at once."""

    command: str
    id: str = field(default_factory=lambda: os.urandom(4).hex())


def set_up_logging(
    log_file: Path | None,
    *,
    verbosity: int,
    clock: Clock,
    secrets: Collection[str] = (),
    run: LoggedRun | None = None,
    form: LogFormat = LogFormat.TEXT,
) -> None:
    """Send INFO lines to the log file, or to stderr if there is none.

    `verbosity` is the number of `-v` less the number of `-q`. With a log file, stderr shows
    warnings (`-v`: every line, `-q`: errors only). Tracebacks go to `exception.log` beside the log
    file; without a log file they are not written. No line contains one of the `secrets`. The lines
    are SPEC's, unless another `form` makes them name their `run`. The files are opened for their
    first line, so a command that only looks leaves no trace (see `open_log`).
    """
    formatter = _formatter(form, clock, secrets, run or LoggedRun(""))
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(formatter)
    if log_file is not None:
        console.addFilter(lambda record: not hasattr(record, "in_log_only"))
    console.setLevel(_console_level(verbosity, has_file=log_file is not None))
    _replace_handlers(logger, [console])
    _replace_handlers(exceptions, [])
    logger.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)
    logger.propagate = False
    exceptions.propagate = False
    # A connection that broke on its way back to the pool is replaced; that needs no line.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    if log_file is None:
        exceptions.addHandler(logging.NullHandler())
        return
    logger.addHandler(_file_handler(log_file, formatter))
    exceptions.addHandler(_file_handler(log_file.with_name("exception.log"), formatter))


def log_lines(lines: Sequence[str]) -> None:
    """Log lines of one moment with one write each handler: many together cost a tenth.

    Each is a line of its own in the log, whatever line ends it contains.
    """
    if lines and logger.isEnabledFor(logging.INFO):
        text = "\n".join(map(one_line, lines))
        logger.info("%s", text, extra={"many_lines": True})


@contextmanager
def nothing_logged() -> Iterator[None]:
    """Log nothing inside this block, which only simulates."""
    before = logger.disabled, exceptions.disabled
    logger.disabled = exceptions.disabled = True
    try:
        yield
    finally:
        logger.disabled, exceptions.disabled = before


def log_end(what: str, code: int, reason: str) -> None:
    """Log how a job ended; the terminal gets the reason separately."""
    if any(isinstance(handler, _File) for handler in logger.handlers):
        logger.error("%s ended with %d: %s", what, code, reason, extra={"in_log_only": True})


class _Formatter(logging.Formatter):
    """SPEC's line format, with the time of the run's clock."""

    def __init__(self, clock: Clock, secrets: Collection[str]) -> None:
        super().__init__("%(asctime)s: %(message)s")
        self._clock = clock
        self._secrets = secrets

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        return f"{self._clock.now():%Y-%m-%d %H:%M:%S}"

    def format(self, record: logging.LogRecord) -> str:
        if hasattr(record, "many_lines"):
            begin = f"{self.formatTime(record)}: "
            text = begin + record.getMessage().replace("\n", f"\n{begin}")
            return without_secrets(text, self._secrets)
        text = without_secrets(super().format(record), self._secrets)
        # One event, one line: text from outside cannot forge a line of its own.
        return printable_lines(text) if record.exc_info else one_line(text)


class _TaggedFormatter(_Formatter):
    """SPEC's lines with ` [5f3a9c1e]` at the end of each: `grep` finds what one run wrote."""

    def __init__(self, clock: Clock, secrets: Collection[str], run: LoggedRun) -> None:
        super().__init__(clock, secrets)
        self._tag = f" [{run.id}]"

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if hasattr(record, "many_lines"):
            return text.replace("\n", f"{self._tag}\n") + self._tag
        first, end, traceback = text.partition("\n")
        return f"{first}{self._tag}{end}{traceback}"


class _JsonFormatter(_Formatter):
    """A JSON object per line: time in UTC, level, run, command, host, message, and a traceback."""

    def __init__(self, clock: Clock, secrets: Collection[str], run: LoggedRun) -> None:
        super().__init__(clock, secrets)
        self._run = run

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": f"{self._clock.now():%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "level": record.levelname.lower(),
            "run": self._run.id,
            "command": self._run.command,
            "host": os.uname().nodename,
            "process": os.getpid(),
        }
        text = self._safe(record.getMessage())
        messages = text.split("\n") if hasattr(record, "many_lines") else [one_line(text)]
        end: dict[str, str] = {}
        if record.exc_info:
            end = {"traceback": printable_lines(self._safe(self.formatException(record.exc_info)))}
        return "\n".join(
            json.dumps({**line, "message": message, **end}, ensure_ascii=False)
            for message in messages
        )

    def _safe(self, text: str) -> str:
        return without_secrets(text, self._secrets)


class _File(WatchedFileHandler):
    """A file, opened for its first line and again after it was moved away, as by logrotate.

    It reports once, on stderr, that it can no longer be written; the run goes on.
    """

    _failed = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:  # from opening it: the handler catches what writing raises
            self.handleError(record)

    def open_now(self) -> None:
        """Open the file; raise OSError if it cannot be written."""
        if self.stream is None:
            self.stream = self._open()
            self._statstream()

    def _open(self) -> TextIOWrapper:
        file = Path(self.baseFilename)
        make_folder(file.parent)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
        flags |= no_link_of_others(file.parent)
        is_new = not file.exists()
        descriptor = os.open(file, flags, _MODE)
        if is_new:
            give_to_owner_of(file.parent, descriptor)
        os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._failed:
            self._failed = True
            reason = error.strerror or error
            sys.stderr.write(f"The log file {self.baseFilename} cannot be written: {reason}.\n")


def _formatter(
    form: LogFormat, clock: Clock, secrets: Collection[str], run: LoggedRun
) -> logging.Formatter:
    if form is LogFormat.JSON:
        return _JsonFormatter(clock, secrets, run)
    if form is LogFormat.TAGGED:
        return _TaggedFormatter(clock, secrets, run)
    return _Formatter(clock, secrets)


def _console_level(verbosity: int, *, has_file: bool) -> int:
    if verbosity < 0:
        return logging.ERROR
    if verbosity == 0 and has_file:
        return logging.WARNING
    return logging.DEBUG if verbosity > 1 else logging.INFO


def open_log() -> None:
    """Open the log file now: a job that could not log what it does must not begin.

    Raises ConfigError if the file cannot be written.
    """
    for handler in logger.handlers:
        if isinstance(handler, _File):
            try:
                handler.open_now()
            except OSError as error:
                raise ConfigError(
                    f"The log file {handler.baseFilename} cannot be written: {error.strerror}. "
                    "Fix its permissions or give another with --log-file."
                ) from error


def _file_handler(file: Path, formatter: logging.Formatter) -> logging.Handler:
    handler = _File(file, encoding="utf-8", delay=True)
    handler.setFormatter(formatter)
    return handler


def _replace_handlers(target: logging.Logger, handlers: list[logging.Handler]) -> None:
    for old in list(target.handlers):
        target.removeHandler(old)
        old.close()
    for handler in handlers:
        target.addHandler(handler)
