"""The program's stdout and stderr: all output is made printable, and failures are reported.

Characters that the stream's encoding lacks are replaced. A stream that is closed takes everything
and shows nothing; one that is full ends the program with 75 instead of a traceback.
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
    """Output could not be written."""


class _Safe(io.TextIOWrapper):
    """A text stream that writes printable text only; `unfiltered` is for code that styles it."""

    def __init__(self, raw: IO[bytes], name: str, *, encoding: str, line_buffering: bool) -> None:
        super().__init__(raw, encoding, errors="replace", line_buffering=line_buffering)
        self._label = name

    def write(self, text: str) -> int:
        return self.write_styled(printable(text))

    def write_styled(self, text: str) -> int:
        """Write text that may contain colours, because its parts were made printable before."""
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
        """Return the error to raise because the stream can no longer be written."""
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
    """The stream rich writes to: it styles cells that were made printable one by one."""

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
    """Return the stream for styled text; text from outside must be made printable first."""
    return cast("IO[str]", _Styled(stream)) if isinstance(stream, _Safe) else stream


@contextmanager
def safe_streams() -> Iterator[None]:
    """Make stdout and stderr safe inside the block; at its end, write what is left.

    Raises OutputLost if that is impossible.
    """
    before = sys.stdout, sys.stderr
    if isinstance(sys.stdout, _Safe) or isinstance(sys.stderr, _Safe):  # a caller has done it
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
    """Return the stream made safe; if there is none, one that discards everything."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if isinstance(stream, _Safe) or not hasattr(stream, "buffer"):
        return stream
    with suppress(OSError):
        stream.flush()
    # A stream that says ASCII does not know its encoding: Click, too, takes UTF-8 then.
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
    """Discard what cannot be written: Python would try again at its end, and fail."""
    with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
