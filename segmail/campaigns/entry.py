"""The content of a campaign file, in its own terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from segmail.errors import Fault
from segmail.maho.repeats import Repeat
from segmail.maho.steps import Trigger
from segmail.segments.conditions.tree import Combine, Leaf
from segmail.segments.stored.codes import Mention
from segmail.segments.stored.state import Refresh


@dataclass(frozen=True)
class TemplateEntry:
    """A newsletter template; a field that is None is not in the file, and stays as it is."""

    name: str
    subject: str | None = None
    sender_name: str | None = None
    sender_email: str | None = None
    text: str | None = None
    is_html: bool | None = None
    styles: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Discount:
    """What a coupon is worth: one of Maho's actions and its amount."""

    action: str  # `salesrule.simple_action`
    amount: Decimal


@dataclass(frozen=True)
class RuleEntry:
    """A sales rule; a field that is None stays as it is. No `groups` means every group."""

    name: str
    description: str | None = None
    active: bool | None = None
    discount: Discount | None = None
    free_shipping: bool | None = None
    websites: tuple[Mention, ...] | None = None
    groups: tuple[Mention, ...] | None = None
    starts: date | None = None
    ends: date | None = None
    uses_per_customer: int | None = None
    keys: frozenset[str] = frozenset()
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class CouponEntry:
    """A step's coupon; a field that is None is not in the file."""

    rule: str
    prefix: str | None = None
    expires_days: int | None = None


@dataclass(frozen=True)
class StepEntry:
    """A step; a field that is None is not in the file. `no_coupon`, `no_repeat`: it says `none`."""

    template: str
    delay_minutes: int | None = None
    trigger: Trigger | None = None
    active: bool | None = None
    max_sends: int | None = None
    repeat: Repeat | None = None
    no_repeat: bool = False
    expiry: str | None = None
    coupon: CouponEntry | None = None
    no_coupon: bool = False
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SegmentEntry:
    """A segment. A field that is None, or not in `policies`, stays as it is, or as for a new one.

    Empty `groups` means customers of every group. `lines` are the lines in the file of each of
    `keys`, of the condition at each path (`1.2`), and of the entry itself (``). `leaves` are the
    conditions that could be read, even if others could not and there is no `tree`.
    """

    name: str
    description: str | None = None
    active: bool | None = None
    websites: tuple[Mention, ...] | None = None
    groups: tuple[Mention, ...] | None = None
    refresh: Refresh | None = None
    policies: Mapping[str, object] = field(default_factory=dict)  # as in `Policy`
    automation: bool | None = None
    trigger: Trigger | None = None
    tree: Combine | None = None
    leaves: tuple[Leaf, ...] = ()
    steps: tuple[StepEntry, ...] | None = None
    keys: frozenset[str] = frozenset()
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class CampaignFile:
    """Everything that one file says."""

    name: str
    templates: tuple[TemplateEntry, ...] = ()
    rules: tuple[RuleEntry, ...] = ()
    segments: tuple[SegmentEntry, ...] = ()


class FileFaults:
    """Collects the faults of a file, each with its line."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[tuple[int, str]] = []
        self._key: str | None = None

    def add(self, line: int, what: str) -> None:
        """Add a fault; while a key is being read, it names the key instead of a `Here`."""
        if self._key is not None:
            is_here = what.startswith("Here ")
            what = f"'{self._key}'{what[len('Here') :] if is_here else f': {what}'}"
        self._found.append((line, what))

    @contextmanager
    def of(self, key: str) -> Iterator[None]:
        """Name a key in the faults that are added inside the block; of several, the innermost."""
        before, self._key = self._key, key
        try:
            yield
        finally:
            self._key = before

    def copy(self) -> FileFaults:
        """Return a copy, to which more faults can be added."""
        faults = FileFaults(self.file)
        faults._found = list(self._found)
        return faults

    def told(self) -> list[Fault]:
        """Return every fault once, as `FILE:LINE: what is wrong`, by line."""
        return [Fault(f"{self.file}:{line}: {what}") for line, what in sorted(set(self._found))]
