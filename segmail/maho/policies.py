"""A segment's settings beyond Maho's; stored in the shop's configuration.

They are in `core_config_data`, scope default, `customer_segmentation/segmail/segment/<id>/<name>`:
all hosts share them, and Maho needs no new table.
"""

from __future__ import annotations

import enum
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import delete, select

from segmail.errors import ConfigError, Fault
from segmail.maho.config.rows import write_config
from segmail.maho.schema.transaction import Transaction
from segmail.sending_rules import DEFAULT, RULES, SendingRules

_PATH = "customer_segmentation/segmail/segment/"
_ENROLS_SINCE = "enrols_since"  # not a policy, but what a refresh remembers
_KEY = re.compile(re.escape(_PATH) + "([0-9]+)/([a-z_]+)")


class OnExit(enum.StrEnum):
    """What happens to pending enter steps when a customer leaves."""

    STOP = "stop"  # skipped by the refresh, or right before sending
    CONTINUE = "continue"


_OVER = re.compile(r"order over ([0-9]{1,9}(?:\.[0-9]{1,4})?)")


class Goal(str):
    """What makes the rest of a sequence unnecessary, in the words of a campaign file.

    `order`: an order that is not canceled, placed after the enrolment, as a guest too. `order over
    100`: one whose grand total in base currency is more than that. `order with this coupon`: one
    with a code that a step of the segment made for the customer. Raises ValueError for other words.
    """

    NONE: ClassVar[Goal]
    ORDER: ClassVar[Goal]
    COUPON: ClassVar[Goal]

    def __new__(cls, text: str) -> Goal:
        plain = " ".join(text.lower().split())
        if plain not in ("none", "order", "order with this coupon") and not _OVER.fullmatch(plain):
            raise ValueError(text)
        return super().__new__(cls, plain)

    @property
    def is_order(self) -> bool:
        """Whether an order reaches it, of any size or above a sum."""
        return self == Goal.ORDER or self.over is not None

    @property
    def over(self) -> Decimal | None:
        """The sum that the order must exceed, in base currency; None: any sum."""
        found = _OVER.fullmatch(self)
        return Decimal(found[1]) if found else None


Goal.NONE = Goal("none")
Goal.ORDER = Goal("order")
Goal.COUPON = Goal("order with this coupon")


_EACH_ENTRY = re.compile(r"each entry(?: after ([0-9]{1,5}) days?)?")
_MOST_DAYS = 36_500
_LONGEST_GROUP = 50
NO_GROUP = "none"


class OnReentry(str):
    """What happens to customers who enter (or leave) again, in the words of a campaign file.

    `once`: the sequence starts again as long as none of its steps is used up (`max_sends`).
    `never`: nobody starts it twice. `each entry`: each entry is a new run, within which `max_sends`
    counts; `each entry after 7 days` only if the last run began at least so long ago. `restart`,
    the former word for the default, is read as `once`. Raises ValueError for other words.
    """

    ONCE: ClassVar[OnReentry]
    NEVER: ClassVar[OnReentry]
    EACH_ENTRY: ClassVar[OnReentry]

    def __new__(cls, text: str) -> OnReentry:
        plain = " ".join(text.lower().split())
        each = _EACH_ENTRY.fullmatch(plain)
        if each and each[1]:
            days = int(each[1])
            if not 1 <= days <= _MOST_DAYS:
                raise ValueError(text)
            plain = f"each entry after {days} day{'s' if days > 1 else ''}"
        elif each is None and plain not in ("once", "never", "restart"):
            raise ValueError(text)
        return super().__new__(cls, "once" if plain == "restart" else plain)

    @property
    def is_each_entry(self) -> bool:
        """Whether each run is judged by itself, whatever was sent in earlier ones."""
        return self.startswith("each entry")

    @property
    def after_days(self) -> int:
        """Return how many days ago the last run must have begun, if each entry starts one."""
        each = _EACH_ENTRY.fullmatch(self)
        return int(each[1] or 0) if each else 0


OnReentry.ONCE = OnReentry("once")
OnReentry.NEVER = OnReentry("never")
OnReentry.EACH_ENTRY = OnReentry("each entry")


class Holdout(int):
    """The share of a segment's entrants who get no mail, in percent; 0: nobody is held out.

    Raises ValueError for texts other than `10 %`, `10` and `none`.
    """

    def __new__(cls, text: str = NO_GROUP) -> Holdout:
        percent = re.fullmatch(r"([0-9]{1,2}) ?%?", text.strip())
        if percent is None and text.strip().lower() != NO_GROUP:
            raise ValueError(text)
        return super().__new__(cls, percent[1] if percent else 0)

    def __str__(self) -> str:
        return f"{int(self)} %" if self else NO_GROUP


class RefreshedBy(enum.StrEnum):
    """Whose refresh updates the segment's members."""

    MAHO = "maho"
    SEGMAIL = "segmail"  # manual for Maho, so that its own refresh leaves the segment alone


@dataclass(frozen=True)
class Policy:
    """A segment's policies.

    `on_exit` is None if nobody has chosen: then customers who leave are stopped, as with STOP. A
    customer is in one campaign of a `group` at a time; the group's name ignores case, and a
    campaign with a higher `priority` ends the others. `holdout` is the share of entrants who get no
    mail. The others are sending rules in words, `default` for the shop's own.
    """

    on_exit: OnExit | None = None
    goal: Goal = Goal.NONE
    on_reentry: OnReentry = OnReentry.ONCE
    refreshed_by: RefreshedBy = RefreshedBy.MAHO
    group: str = NO_GROUP
    priority: int = 0
    holdout: Holdout = Holdout()  # noqa: RUF009 - a number
    cap: str = DEFAULT
    window: str = DEFAULT
    quiet_hours: str = DEFAULT
    weekdays: str = DEFAULT
    gap: str = DEFAULT
    expiry: str = DEFAULT

    @property
    def stops_on_exit(self) -> bool:
        """Whether the refresh skips the pending enter steps of customers who leave."""
        return self.on_exit is not OnExit.CONTINUE

    def rules_over(self, shops: SendingRules) -> SendingRules:
        """Return the sending rules for the segment's mails, given the shop's own rules."""
        return shops.with_chosen({name: getattr(self, name) for name in RULES})

    def shares_group(self, other: Policy) -> bool:
        """Whether both are in the same group."""
        return self.group != NO_GROUP and self.group.casefold() == other.group.casefold()

    def told(self) -> dict[str, str]:
        """Return the policies as they are written, by field name; sending rules only if chosen."""
        values = {
            field.name: str(getattr(self, field.name))
            for field in fields(self)
            if field.name not in RULES or getattr(self, field.name) != DEFAULT
        }
        return values | {"on_exit": str(self.on_exit or OnExit.STOP)}

    def __str__(self) -> str:
        told = self.told()
        refreshed_by = told.pop("refreshed_by")
        said = [f"{KINDS[name].key} {value}" for name, value in told.items()]
        return f"{', '.join(said)}, refreshed by {refreshed_by}"


def _group(text: str) -> str:
    name = " ".join(text.split())
    if len(name) > _LONGEST_GROUP or not name.isprintable():
        raise ValueError(text)
    return NO_GROUP if name.lower() in ("", NO_GROUP) else name


def _priority(text: str) -> int:
    if not re.fullmatch("[0-9]{1,6}", text.strip()):
        raise ValueError(text)
    return int(text)


@dataclass(frozen=True)
class PolicyKind:
    """How a policy is written: `str` writes what `read` reads, which raises ValueError.

    `key` is its name in campaign files, `allowed` tells people the possible values, `pattern` tells
    editors; without a pattern it is one of `words`.
    """

    key: str
    read: Callable[[str], Any]
    words: tuple[str, ...]
    allowed: str = ""
    pattern: str | None = None

    def told(self) -> str:
        """Return the possible values, as a list for people."""
        return self.allowed or ", ".join(f"'{word}'" for word in self.words)


KINDS: Mapping[str, PolicyKind] = {
    "on_exit": PolicyKind("on exit", OnExit, tuple(OnExit)),
    "goal": PolicyKind(
        "goal",
        Goal,
        ("none", "order"),
        "'none', 'order', 'order over 100' or 'order with this coupon'",
        r"^(none|order|order with this coupon|order over [0-9]{1,9}(\.[0-9]{1,4})?)$",
    ),
    "on_reentry": PolicyKind(
        "on re-entry",
        OnReentry,
        ("once", "never", "each entry"),
        "'once', 'never', 'each entry' or 'each entry after 7 days'",
        r"^(once|never|restart|each entry( after [0-9]{1,5} days?)?)$",
    ),
    "group": PolicyKind(
        "group", _group, (), "a name of up to 50 characters, or 'none'", "^.{1,50}$"
    ),
    "priority": PolicyKind(
        "priority", _priority, (), "a whole number from 0 to 999,999", "^[0-9]{1,6}$"
    ),
    "holdout": PolicyKind(
        "holdout", Holdout, (), "'10 %', up to 99 %, or 'none'", r"^([0-9]{1,2} ?%?|none)$"
    ),
    **{
        name: PolicyKind(
            kind.key,
            kind.plain,
            (),
            f"{kind.allowed}, 'none', or 'default' for the shop's rule",
            "^.{1,60}$",
        )
        for name, kind in RULES.items()
    },
    "refreshed_by": PolicyKind("refresh", RefreshedBy, tuple(RefreshedBy)),
}


def load_policies(tx: Transaction) -> dict[int, Policy]:
    """Return the policies of the segments that have any, by segment id.

    Raises ConfigError listing every invalid value.
    """
    return load_policies_and_since(tx)[0]


def load_policies_and_since(
    tx: Transaction,
) -> tuple[dict[int, Policy], dict[int, datetime | None]]:
    """Return also since when customers who enter a segment are enrolled; None: unknown."""
    c = tx.tables.config.c
    query = select(c.path, c.value).where(
        c.scope == "default", c.scope_id == 0, c.path.like(f"{_PATH}%")
    )
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    since: dict[int, datetime | None] = {}
    faults = []
    for path, value in tx.connection.execute(query):
        match = _KEY.fullmatch(path)
        if match is not None and match[2] == _ENROLS_SINCE:
            since[int(match[1])] = _moment(value or "")
            continue
        kind = KINDS.get(match[2]) if match else None
        if match is None or kind is None:
            faults.append(
                Fault(f"core_config_data: '{path}' is no policy of a segment.", "Delete it.")
            )
        else:
            try:
                found[int(match[1])][match[2]] = kind.read(value or "")
            except ValueError:
                faults.append(Fault(f"{path}: '{value}' is none of {kind.told()}."))
    if faults:
        raise ConfigError(faults)
    return {segment_id: Policy(**values) for segment_id, values in found.items()}, since


def _moment(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def save_enrols_since(tx: Transaction, segment_id: int, since: datetime | None) -> None:
    """Store since when customers who enter are enrolled; None: they no longer are."""
    path = _path(segment_id, _ENROLS_SINCE)
    if since is None:
        c = tx.tables.config.c
        tx.connection.execute(
            delete(tx.tables.config).where(c.scope == "default", c.scope_id == 0, c.path == path)
        )
    else:
        write_config(tx, {path: since.isoformat(timespec="seconds")})


def _path(segment_id: int, name: str) -> str:
    return f"{_PATH}{segment_id}/{name}"


def save_policy(tx: Transaction, segment_id: int, chosen: Mapping[str, object]) -> None:
    """Write the policies `chosen` of a segment, by their field names in `Policy`.

    Raises Conflict, for `Database.transact` to repeat it, if two hosts do so at once.
    """
    values = {_path(segment_id, name): str(value) for name, value in chosen.items()}
    write_config(tx, values)
