"""Finds and reads campaign files in folders."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from segmail.campaigns.apply import ReadFile
from segmail.campaigns.entry import FileFaults
from segmail.campaigns.markup import LONGEST
from segmail.campaigns.read import read_campaign
from segmail.campaigns.texts import Texts, read_plain_file
from segmail.errors import InputError

STDIN = "-"
_ENDINGS = (".yaml", ".yml")


def read_files(given: Sequence[str]) -> list[ReadFile]:
    """Return the campaign files that arguments name: files, folders, `-` for stdin.

    In a folder and those below it every `.yaml` and `.yml` is read, in order of name, except hidden
    ones. Faults in a file are in its `faults`. Raises InputError for a path that does not exist.
    """
    found: dict[str, ReadFile] = {}
    for one in given:
        for path in [None] if one == STDIN else _found(Path(one)):
            name = STDIN if path is None else str(path.resolve())
            if name not in found:
                found[name] = _read(path, is_named=str(path) == str(Path(one)))
    files = list(found.values())
    _tell_twice(files)
    return files


def read_bytes(data: bytes, *, file: str, folder: Path) -> ReadFile:
    """Return a campaign file whose bytes were read before; paths in it are relative to `folder`."""
    faults = FileFaults(file)
    return ReadFile(read_campaign(data, Texts(folder), faults), faults)


def _found(path: Path) -> list[Path | None]:
    try:
        if not path.is_dir():
            return [path]
        found = sorted(one for one in _walk(path) if one.suffix.lower() in _ENDINGS)
    except OSError as error:
        raise InputError(f"'{error.filename or path}' cannot be read: {error.strerror}.") from error
    if not found:
        raise InputError(f"The folder '{path}' has no campaign files (.yaml, .yml).")
    return list(found)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder and those below it; links to folders are skipped.

    Raises OSError for a folder that cannot be read: a script must not take half for the whole.
    """

    def fail(error: OSError) -> None:
        raise error

    for inner, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(inner, name) for name in names if not name.startswith("."))


def _read(path: Path | None, *, is_named: bool) -> ReadFile:
    """Read a file; one that an argument names may be a pipe, one found in a folder may not."""
    if path is None:
        data = sys.stdin.buffer.read(LONGEST + 1)
        return read_bytes(data, file="<stdin>", folder=Path())
    try:
        if is_named:
            with path.open("rb") as file:
                data = file.read(LONGEST + 1)
        else:
            data = read_plain_file(path, LONGEST + 1)
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}.") from error
    return read_bytes(data, file=str(path), folder=path.parent)


def _tell_twice(files: Sequence[ReadFile]) -> None:
    """Add what two files describe to the faults of the second: each would undo the other."""
    seen: dict[tuple[str, str], tuple[ReadFile, int]] = {}
    for file in files:
        said = file.campaign
        for kind, entries in (
            ("template", said.templates),
            ("sales rule", said.rules),
            ("segment", said.segments),
        ):
            for entry in entries:
                line = entry.lines["name"]
                other, place = seen.setdefault((kind, entry.name.casefold()), (file, line))
                if other is not file:
                    where = f"{other.campaign.name}:{place}"
                    what = f"The {kind} '{entry.name}' is in {where}, too: one file describes it."
                    file.faults.add(line, what)
