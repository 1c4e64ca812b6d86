"""Small files of the state directory: written whole, never through a link, owned by its owner.

root may run a job today and the shop's own user tomorrow, so files that root creates here belong to
the directory's owner; and nothing that this user puts here may lead root to another file.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from segmail.trusted_files import give_to_owner_of, make_folder

_MODE = 0o640
_LARGEST = 4_194_304  # bytes; a thousand ends of jobs take some hundred thousand


def read_state(file: Path) -> str:
    """Return the text of a state file; '' if there is none, or it is not a plain file."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as opened:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            return ""
        return opened.read().decode("utf-8", "replace")


def write_state(file: Path, text: str) -> None:
    """Write a text to a state file, atomically; its folder is created if needed. Raises OSError."""
    make_folder(file.parent)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        draft.unlink()  # left by a killed process with the same number
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            give_to_owner_of(file.parent, descriptor)
            opened.write(text)
        draft.replace(file)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
