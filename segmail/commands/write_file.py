"""Writes a file so that nobody ever reads half of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from segmail.errors import InputError


def write_file(
    file: Path, text: str | Iterable[str], *, option: str = "--output", mode: int = 0o640
) -> None:
    """Write `text`, or its pieces, to `file` at once; a device or pipe is written to directly.

    A new file gets `mode`, as far as the umask allows; an existing one keeps its own, and its
    owner.

    Raises InputError, naming the option that asked for it, if the file cannot be written.
    """
    pieces = (text,) if isinstance(text, str) else text
    try:
        if file.exists() and not file.is_file():
            with file.open("w", encoding="utf-8") as opened:
                opened.writelines(pieces)
        else:
            _replace(file.resolve(), pieces, mode)
    except OSError as error:
        raise InputError(f"{option} {file}: cannot be written: {error.strerror}.") from error


def _replace(file: Path, pieces: Iterable[str], mode: int) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        descriptor = os.open(draft, flags, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as opened:
            _keep_access(file, opened.fileno())
            opened.writelines(pieces)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _keep_access(file: Path, draft: int) -> None:
    """Give a draft the mode and the owner of the file that it replaces, if there is one."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return
    os.fchmod(draft, stat.S_IMODE(found.st_mode))
    if os.geteuid() == 0:
        os.fchown(draft, found.st_uid, found.st_gid)
