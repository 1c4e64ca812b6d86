"""The errors of segmail, each with the exit code it ends the program with.

SegmailError
├── StepsFailed              1   the run finished, some steps failed
├── RefreshFailed            1   a segment, or some of a run's, could not be refreshed
├── InputError               2   an argument that names nothing, or cannot be
├── TemporaryError          75   try again later
│   ├── DatabaseUnavailable
│   │   └── DatabaseRefuses      it is read-only, or full
│   ├── MailServerUnavailable
│   └── WorkerDied               one of the processes of a run was killed
├── ConfigError             78   a human must act; every fault is listed
│   ├── SchemaError              a table or column is missing
│   └── ConditionError           a segment's conditions are unknown or unusable
└── StepError                    one step cannot be sent; the others go on
    ├── TemplateError
    ├── CouponError
    ├── MessageError
    └── NothingToShow            it is skipped: its mail shows what the customer does not have

A `StepError` never ends a run: it is an outcome of its step. Exit codes follow sysexits (75, 78)
and Click (2); anything that is not a `SegmailError` is a bug and ends with 70.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What is wrong, in a sentence, and how to fix it; `advice` is empty if that is obvious.

    A `Finding` also says how bad it is, and where.
    """

    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.advice}" if self.advice else self.what

    def about(self, subject: str) -> Fault:
        """Return the fault with its subject put before it."""
        return Fault(f"{subject}{self.what}", self.advice)


class SegmailError(Exception):
    """Something the user can understand and act on; its text is what they read."""

    exit_code = 1


class StepsFailed(SegmailError):
    """A run finished, but some of its steps failed."""


class RefreshFailed(SegmailError):
    """A segment could not be refreshed, or some segments of a run could not."""


class StatusNotWell(SegmailError):
    """`status` found something that needs a person."""


class InputError(SegmailError):
    """An argument names nothing that exists, or has a value that cannot be."""

    exit_code = 2


class TemporaryError(SegmailError):
    """Something is out of reach; the same command may work later."""

    exit_code = 75


class DatabaseUnavailable(TemporaryError):
    """The database server cannot be reached."""


class DatabaseRefuses(DatabaseUnavailable):
    """The database server was reached, but cannot do this now: it is read-only, or full."""


class MailServerUnavailable(TemporaryError):
    """The mail server cannot be reached, or accepts nothing at the moment."""


class WorkerDied(TemporaryError):
    """One of the processes of a run ended before it could say how."""

    def __init__(self, code: int | None) -> None:
        super().__init__(
            f"One of the processes that send ended unexpectedly (code {code}; -9 is a kill, often "
            "for want of memory). What it had not begun comes due again when its lease ends."
        )


class ConfigError(SegmailError):
    """The configuration is wrong; a human must act. `faults` lists every fault found."""

    exit_code = 78

    def __init__(self, faults: str | Fault | Iterable[Fault]) -> None:
        if isinstance(faults, str):
            faults = Fault(faults)
        self.faults = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class SchemaError(ConfigError):
    """A table or column that segmail needs is missing."""


class ConditionError(ConfigError):
    """A segment has conditions that are unknown or unusable; they never match everybody."""


class StepError(SegmailError):
    """One step cannot be sent; the text is the reason that people read in the history."""


class TemplateError(StepError):
    """A template cannot be compiled or rendered."""


class CouponError(StepError):
    """A step's coupon cannot be made, or would not be accepted at the checkout."""


class MessageError(StepError):
    """A message cannot be built: an address or header is impossible."""


class NothingToShow(StepError):
    """A step's mail would show something the customer lacks; it is skipped, not failed."""
