"""Writes what was asked for into a file, so that nobody ever reads half of one."""

from __future__ import annotations

import os
from pathlib import Path

from segmail.errors import InputError


def write_file(file: Path, text: str, *, option: str = "--output") -> None:
    """Put `text` into `file` at once; a device or pipe is written to as it is.

    Raises InputError, naming the option that asked for it, where that cannot be.
    """
    try:
        if file.exists() and not file.is_file():
            file.write_text(text, "utf-8")
        else:
            _replace(file.resolve(), text)
    except OSError as error:
        raise InputError(f"{option} {file}: cannot be written: {error.strerror}.") from error


def _replace(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.write_text(text, "utf-8")
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
