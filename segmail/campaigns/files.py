"""Finds and reads campaign files in folders."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from segmail.campaigns.apply import ReadFile
from segmail.campaigns.entry import FileFaults
from segmail.campaigns.markup import LONGEST
from segmail.campaigns.read import read_campaign
from segmail.campaigns.texts import Texts
from segmail.errors import InputError

STDIN = "-"
_ENDINGS = (".yaml", ".yml")


def read_files(given: Sequence[str]) -> list[ReadFile]:
    """Return the campaign files that arguments name: files, folders, `-` for stdin.

    In a folder and those below it every `.yaml` and `.yml` is read, in order of name, except hidden
    ones. Faults in a file are in its `faults`. Raises InputError for a path that does not exist.
    """
    paths: list[Path | None] = []
    for one in given:
        paths += [None] if one == STDIN else _found(Path(one))
    return [_read(path) for path in dict.fromkeys(paths)]


def read_bytes(data: bytes, *, file: str, folder: Path) -> ReadFile:
    """Return a campaign file whose bytes were read before; paths in it are relative to `folder`."""
    faults = FileFaults(file)
    return ReadFile(read_campaign(data, Texts(folder), faults), faults)


def _found(path: Path) -> list[Path | None]:
    try:
        if not path.is_dir():
            return [path]
        found = [
            one
            for one in sorted(path.rglob("*"))
            if one.suffix.lower() in _ENDINGS
            and one.is_file()
            and not any(part.startswith(".") for part in one.relative_to(path).parts)
        ]
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}.") from error
    if not found:
        raise InputError(f"The folder '{path}' has no campaign files (.yaml, .yml).")
    return list(found)


def _read(path: Path | None) -> ReadFile:
    if path is None:
        data = sys.stdin.buffer.read(LONGEST + 1)
        return read_bytes(data, file="<stdin>", folder=Path())
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST + 1)
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}.") from error
    return read_bytes(data, file=str(path), folder=path.parent)
