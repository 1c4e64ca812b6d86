"""What a check found: how bad it is, where, in a sentence, and what to do.

`Where` is a place in the terms of the room that checks: an area of the doctor, a step, a line of a
template.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Where = TypeVar("Where")


class Severity(enum.StrEnum):
    """An error keeps something from working; a warning may be intended; a note is good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    OK = "ok"


@dataclass(frozen=True)
class Finding(Generic[Where]):
    """One thing that was found.

    `advice` is what to do, empty if nothing is; `rule` is the word by which scripts recognise it,
    empty if the room has none.
    """

    severity: Severity
    where: Where
    what: str
    advice: str = ""
    rule: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.advice}" if self.advice else self.what


def errors(findings: Iterable[Finding[Where]]) -> list[Finding[Where]]:
    """Return the findings that keep something from working."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def warnings(findings: Iterable[Finding[Where]]) -> list[Finding[Where]]:
    """Return the findings that may be intended."""
    return [finding for finding in findings if finding.severity is Severity.WARNING]
