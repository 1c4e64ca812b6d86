"""What this host has begun and what was answered, on disk, surviving kill -9.

One line is appended before the content of a message and one after the server's answer, with a
single write each, so that two runs of one host can share a file. After a crash the journal tells
which attempts were accepted, which were never begun (safe to send), and which are unknown.

A line is trusted across reboots only if it says that something happened: what was *not* written
before a power failure proves nothing, so "never begun" counts only within one boot.
"""

from __future__ import annotations

import enum
import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from segmail.errors import ConfigError
from segmail.trusted_files import (
    check_folder,
    give_to_owner_of,
    make_folder,
    no_link_of_others,
    trusted_owners,
)

_KEEP = timedelta(days=30)


class Verdict(enum.StrEnum):
    """What the journal knows about an attempt; also the verb of its lines."""

    RECORDED = "recorded"  # its queue row is being, or was, committed; nothing was sent
    BEGUN = "begun"  # its content is about to leave
    ACCEPTED = "accepted"  # the server accepted it
    REFUSED = "refused"  # the server refused it for good
    DEFERRED = "deferred"  # it was not accepted, and may be tried again
    UNKNOWN = "unknown"  # nothing is known here: another host's, or lost


@dataclass(frozen=True)
class AcceptedAttempt:
    """A message that a mail server accepted: its row, its attempt, and when it began."""

    queue_id: int
    progress_id: int
    at: datetime

    @classmethod
    def of(cls, key: str) -> AcceptedAttempt:
        """Return the attempt for a key of the journal."""
        queue_id, progress_id, moment = key.split(":")
        # strptime takes ten times as long, and a run reads a hundred thousand lines.
        at = datetime.fromisoformat(f"{moment[:8]}T{moment[8:]}+00:00")
        return cls(int(queue_id), int(progress_id), at)


_LATEST_BYTES = 8_388_608  # of a file: some hundred thousand lines
_SETTLED = "settled"  # the verb of the line that `segmail recover` leaves
_VERBS = frozenset(verdict.value for verdict in Verdict)
_KEY = re.compile(r"\d{1,20}:\d{1,20}:\d{14}", re.ASCII)
_ENTRY = re.compile(rf"({'|'.join(_VERBS)}) (\d+:\d+:\d{{14}})")


class Journal:
    """The journal of one database on this host.

    `folder` is the state directory; `database` names the database without its password, so that
    several shops can share a state directory.
    """

    def __init__(self, folder: Path, database: str, *, now: datetime) -> None:
        name = hashlib.sha256(database.encode()).hexdigest()[:12]
        self._folder = folder / "journal" / name
        self._boot = _boot_id()
        self._file = self._folder / f"{now:%Y-%m-%d}.{self._boot}.log"
        self._now = now
        self._descriptor: int | None = None

    def check(self) -> None:
        """Raise ConfigError if the journal cannot be written or read: then nothing may be sent."""
        state = self._folder.parent.parent
        for folder in (state, self._folder.parent, self._folder):
            check_folder(folder, trusted_owners(state))
        self._append(b"\n")
        for _ in self._files():
            pass

    def write(self, verdict: Verdict, keys: Iterable[str]) -> None:
        """Append a line for each attempt; it survives this process.

        Raises ConfigError if the disk refuses: without a journal nothing may be sent.
        """
        self._append("".join(f"{verdict} {key}\n" for key in keys).encode())

    def verdicts(self, keys: Collection[str]) -> dict[str, Verdict]:
        """Return what this host knows about attempts of earlier runs.

        The files are read line by line: a day of a million mails does not end up in memory.
        """
        known = dict.fromkeys(keys, Verdict.UNKNOWN)
        if known:
            known |= {key: verdict for key, verdict in self._read() if key in known}
        return known

    def verdicts_by_queue_id(self, started: Mapping[int, datetime | None]) -> dict[int, Verdict]:
        """Return the same for attempts whose progress rows may be gone, by queue id.

        `started` is when each began: a restored database may assign the same ids again.
        """
        known = dict.fromkeys(started, Verdict.UNKNOWN)
        keys = {(str(id), f"{at:%Y%m%d%H%M%S}"): id for id, at in started.items() if at}
        for key, verdict in self._read() if keys else ():
            queue_id, _, rest = key.partition(":")
            id = keys.get((queue_id, rest.rpartition(":")[2]))
            if id is not None:
                known[id] = verdict
        return known

    def accepted(self, *, latest: bool = False) -> Iterator[AcceptedAttempt]:
        """Yield the accepted attempts, oldest first; `latest`: of the journal's last megabytes."""
        for _, lines in self._files(from_end=_LATEST_BYTES if latest else 0):
            yield from (AcceptedAttempt.of(key) for line in lines for key in _accepted(line))

    def newest_unsettled(self) -> AcceptedAttempt | None:
        """Return the last attempt accepted since a person last ran `recover`."""
        newest: AcceptedAttempt | None = None
        for _, lines in self._files(from_end=_LATEST_BYTES):
            for line in lines:
                if line.startswith(_SETTLED):
                    newest = None
                for key in _accepted(line):
                    newest = AcceptedAttempt.of(key)
        return newest

    def note_settled(self) -> None:
        """Record that everything accepted until now is settled in the database as it is."""
        self._append(f"{_SETTLED} {self._now:%Y%m%d%H%M%S}\n".encode())

    def prune(self) -> None:
        """Delete files so old that no attempt in them can be open."""
        oldest = f"{self._now - _KEEP:%Y-%m-%d}"
        for file in self._folder.glob("*.log"):
            if file.name < oldest:
                with suppress(OSError):  # another run was faster, or a later one may be allowed to
                    file.unlink()

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, lines: bytes) -> None:
        try:
            if self._descriptor is None:
                make_folder(self._folder)
                is_new = not self._file.exists()
                # O_NONBLOCK: a FIFO that nobody reads is an error, not a wait without end.
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK
                flags |= no_link_of_others(self._folder)
                self._descriptor = os.open(self._file, flags, 0o640)
                if is_new:
                    give_to_owner_of(self._folder, self._descriptor)
            written = os.write(self._descriptor, lines)
        except OSError as error:
            raise ConfigError(self._fault("written", error.strerror or str(error))) from error
        if written != len(lines):
            raise ConfigError(self._fault("written", "the disk is full"))

    def _read(self) -> Iterator[tuple[str, Verdict]]:
        for file, lines in self._files():
            this_boot = file.name.endswith(f".{self._boot}.log")
            for line in lines:
                for verb, key in _entries(line.rstrip("\n")):
                    if this_boot or verb != Verdict.RECORDED:
                        yield key, Verdict(verb)

    def _files(self, *, from_end: int = 0) -> Iterator[tuple[Path, Iterable[str]]]:
        """Yield the files, opened; another run may have deleted one meanwhile.

        With `from_end` they are read from so many bytes before their end.
        """
        for file in sorted(self._folder.glob("*.log")):
            if file.is_char_device() or file.is_fifo():
                continue  # these never end
            try:
                with file.open(encoding="utf-8", errors="replace") as lines:
                    if from_end and (before := file.stat().st_size - from_end) > 0:
                        lines.seek(before)
                        lines.readline()  # the rest of a line
                    yield file, lines
            except FileNotFoundError:
                continue
            except OSError as error:
                raise ConfigError(self._fault("read", error.strerror or str(error))) from error

    def _fault(self, done: str, reason: str) -> str:
        return (
            f"The journal {self._file} cannot be {done}: {reason}. Nothing is sent without it; "
            "fix its permissions or disk, or give another folder with --state-dir."
        )


def _accepted(line: str) -> Iterator[str]:
    """Yield the keys of accepted attempts in a line; a queue row's id alone is not enough."""
    if Verdict.ACCEPTED in line:
        for verb, key in _entries(line.rstrip("\n")):
            if verb == Verdict.ACCEPTED and _KEY.fullmatch(key):
                yield key


def _entries(line: str) -> Sequence[tuple[str, str]]:
    """Return the verbs and keys of a line: one, unless a full disk cut off the line before it."""
    verb, _, key = line.partition(" ")
    if verb in _VERBS and " " not in key:
        return [(verb, key)]
    return _ENTRY.findall(line)


def _boot_id() -> str:
    """Return an id that changes with every boot of this machine; a constant if it is unknown."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()[:8]
    except OSError:
        return "unknown"
