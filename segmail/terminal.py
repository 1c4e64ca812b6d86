"""The program's stdout and stderr: whatever is printed is printable, and can be written or is told.

What the stream's encoding does not know is replaced. A stream that is closed takes everything and
shows nothing; one that is full ends the program with 75 instead of a traceback.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TextIO, cast

from segmail.errors import TemporaryError
from segmail.printable import printable


class OutputLost(TemporaryError):
    """What was to be shown cannot be written."""


class _Safe(io.TextIOWrapper):
    """A text stream that writes printable text only; `unfiltered` is for what styles it."""

    def __init__(self, raw: IO[bytes], name: str, *, encoding: str, line_buffering: bool) -> None:
        super().__init__(raw, encoding, errors="replace", line_buffering=line_buffering)
        self._label = name

    def write(self, text: str) -> int:
        return self.write_styled(printable(text))

    def write_styled(self, text: str) -> int:
        """Write text that may carry colours, because its parts were made printable before."""
        try:
            return super().write(text)
        except OSError as error:
            raise self.lost(error) from error

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise self.lost(error) from error

    def lost(self, error: OSError) -> Exception:
        """Return what to raise because the stream cannot be written any more."""
        _give_up(self)
        if isinstance(error, BrokenPipeError):  # `… | head`: nobody wants to read on
            return error
        return OutputLost(f"{self._label} cannot be written: {error.strerror or error}.")


def write_exactly(text: str) -> None:
    """Write text for a file or another program as it is, in UTF-8; to a terminal, printable."""
    stream = sys.stdout
    if not isinstance(stream, _Safe) or stream.isatty():
        stream.write(text)
        return
    stream.flush()
    try:
        stream.buffer.write(text.encode(errors="replace"))
        stream.buffer.flush()
    except OSError as error:
        raise stream.lost(error) from error


class _Styled(io.TextIOBase):
    """What rich writes to: it styles cells that were made printable one by one."""

    def __init__(self, stream: _Safe) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def write(self, text: str) -> int:
        return self._stream.write_styled(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


def styled(stream: TextIO) -> IO[str]:
    """Return the stream for what is styled; nothing from outside may go there unprepared."""
    return cast("IO[str]", _Styled(stream)) if isinstance(stream, _Safe) else stream


@contextmanager
def safe_streams() -> Iterator[None]:
    """Let stdout and stderr be safe within; what is left to write is written at the end.

    Raises OutputLost where that cannot be.
    """
    before = sys.stdout, sys.stderr
    if isinstance(sys.stdout, _Safe) or isinstance(sys.stderr, _Safe):  # a caller has made them so
        yield
        return
    out = _safe(before[0], "The output (stdout)")
    sys.stdout, sys.stderr = out, _safe(before[1], "stderr")
    try:
        yield
    finally:
        err, (sys.stdout, sys.stderr) = sys.stderr, before
        _end(err, told=False)
        _end(out, told=sys.exc_info()[0] in (None, SystemExit))


def _safe(stream: TextIO | None, name: str) -> TextIO:
    """Return the stream made safe; one that takes everything where there is none."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if isinstance(stream, _Safe) or not hasattr(stream, "buffer"):
        return stream
    with suppress(OSError):
        stream.flush()
    # What knows nothing but ASCII does not know its encoding: click, too, takes UTF-8 then.
    encoding = "utf-8" if codecs.lookup(stream.encoding).name == "ascii" else stream.encoding
    return _Safe(stream.buffer, name, encoding=encoding, line_buffering=bool(stream.line_buffering))


def _end(stream: TextIO, *, told: bool) -> None:
    if not isinstance(stream, _Safe):
        stream.flush()
        return
    try:
        stream.flush()
    except (OutputLost, BrokenPipeError) as error:
        if told and isinstance(error, OutputLost):
            raise
    stream.detach()


def _give_up(stream: TextIO) -> None:
    """Let what cannot be written go nowhere: Python would try again when it ends, and fail."""
    with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
