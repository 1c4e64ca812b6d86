"""A message as it is passed to a mail transport."""

from __future__ import annotations

import re
from dataclasses import dataclass

from segmail.errors import MessageError

_NOT_IN_ENVELOPE = re.compile(r"[\x00-\x1f\x7f<>]")


@dataclass(frozen=True, eq=False)
class Envelope:
    """One message on its way: bounces go to `sender`, `utf8` asks for SMTPUTF8.

    `data` is sent as it is, without any check: only CRLF ends its lines, including the last one,
    and no line begins with a dot. `build_message` writes it so.
    """

    sender: str
    recipient: str
    data: bytes
    utf8: bool = False

    def __post_init__(self) -> None:
        if _NOT_IN_ENVELOPE.search(self.sender + self.recipient):
            raise MessageError("An address of the envelope contains a character it cannot have.")
