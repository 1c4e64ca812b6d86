"""Writes messages into a folder, one .eml file each, instead of sending them."""

from __future__ import annotations

import os
import re
from itertools import count
from pathlib import Path
from tempfile import NamedTemporaryFile

from segmail.errors import SegmailError
from segmail.mail.envelope import Envelope
from segmail.transport.mail_url import FileSettings
from segmail.transport.mailer import Accepted, fault_here

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^>\r\n]+)>", re.IGNORECASE | re.MULTILINE)
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9@+_-]+")
_LONGEST_PART = 80
_MODE = 0o600  # a mail is for its recipient


def write_file(settings: FileSettings, envelope: Envelope) -> Accepted:
    """Write RECIPIENT.MESSAGE-ID.eml, of which a reader never sees half; twice gives two files."""
    path = _free_path(settings.folder, envelope)
    unfinished = path.with_name(f".{path.name}.part")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(unfinished, flags, _MODE), "wb") as file:
            file.write(envelope.data)
        unfinished.rename(path)
    except OSError as error:
        raise _unusable(settings, error) from error
    return Accepted(f"written to {path}")


def _free_path(folder: Path, envelope: Envelope) -> Path:
    head = envelope.data.partition(b"\r\n\r\n")[0]
    found = _MESSAGE_ID.search(head)
    parts = [envelope.recipient, found[1].decode("utf-8", "replace") if found else "message"]
    stem = ".".join(_NOT_IN_NAME.sub("_", part)[:_LONGEST_PART] for part in parts)
    names = (f"{stem}.eml" if n == 1 else f"{stem}.{n}.eml" for n in count(1))
    return next(path for name in names if not (path := folder / name).exists())


def prepare_folder(settings: FileSettings) -> None:
    """Create the folder; raise ConfigError if that fails, or nothing can be written to it."""
    try:
        settings.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        # A new file whose name nobody can guess: others may have put a link where they can write.
        with NamedTemporaryFile(dir=settings.folder, prefix=".segmail.", suffix=".part"):
            pass
    except OSError as error:
        raise _unusable(settings, error) from error


def _unusable(settings: FileSettings, error: OSError) -> SegmailError:
    text = f"the folder {settings.folder} for mails cannot be written: {error.strerror}."
    return fault_here(settings.source, text, error.errno)
