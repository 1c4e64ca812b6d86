"""What a segment's sequences do beyond Maho's settings; kept in the shop's configuration.

`core_config_data`, scope default, `customer_segmentation/segmail/segment/<id>/<name>`: so all
hosts share the policies, and Maho needs no new table.
"""

from __future__ import annotations

import enum
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from segmail.errors import ConfigError, Fault
from segmail.maho.config.rows import write_config
from segmail.maho.schema.tables import Tables

_PATH = "customer_segmentation/segmail/segment/"
_ENROLS_SINCE = "enrols_since"  # no policy, but what a refresh remembers
_KEY = re.compile(re.escape(_PATH) + "([0-9]+)/([a-z_]+)")


class OnExit(enum.StrEnum):
    """What becomes of pending enter steps when a customer leaves."""

    STOP = "stop"  # skipped by the refresh, or right before the mail
    CONTINUE = "continue"


class Goal(enum.StrEnum):
    """What makes the rest of a sequence needless."""

    NONE = "none"
    ORDER = "order"  # an order that is not canceled, placed after the enrolment


class OnReentry(enum.StrEnum):
    """What happens to customers who enter (or leave) once more."""

    ONCE = "once"  # the sequence starts again as long as no step of it is used up (`max_sends`)
    NEVER = "never"

    @classmethod
    def _missing_(cls, value: object) -> OnReentry | None:
        """Read `restart`, the former word for the default."""
        return cls.ONCE if value == "restart" else None


class RefreshedBy(enum.StrEnum):
    """Whose refresh knows the segment's conditions."""

    MAHO = "maho"
    SEGMAIL = "segmail"  # manual for Maho, so that its own refresh leaves the segment alone


@dataclass(frozen=True)
class Policy:
    """A segment's policies.

    `on_exit` is None where nobody has chosen: then who leaves is stopped, as with STOP.
    """

    on_exit: OnExit | None = None
    goal: Goal = Goal.NONE
    on_reentry: OnReentry = OnReentry.ONCE
    refreshed_by: RefreshedBy = RefreshedBy.MAHO

    @property
    def stops_on_exit(self) -> bool:
        """Whether the refresh skips the pending enter steps of those who leave."""
        return self.on_exit is not OnExit.CONTINUE

    def __str__(self) -> str:
        on_exit = self.on_exit or OnExit.STOP
        return (
            f"on exit {on_exit}, goal {self.goal}, on re-entry {self.on_reentry}, "
            f"refreshed by {self.refreshed_by}"
        )


_KINDS: dict[str, type[enum.StrEnum]] = {
    "on_exit": OnExit,
    "goal": Goal,
    "on_reentry": OnReentry,
    "refreshed_by": RefreshedBy,
}


def load_policies(connection: Connection, tables: Tables) -> dict[int, Policy]:
    """Return the policies of the segments that have any, by segment id.

    Raises ConfigError with every value that means nothing.
    """
    c = tables.config.c
    query = select(c.path, c.value).where(
        c.scope == "default", c.scope_id == 0, c.path.like(f"{_PATH}%")
    )
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    faults = []
    for path, value in connection.execute(query):
        match = _KEY.fullmatch(path)
        if match is not None and match[2] == _ENROLS_SINCE:
            continue
        kind = _KINDS.get(match[2]) if match else None
        if match is None or kind is None:
            faults.append(
                Fault(f"core_config_data: '{path}' is no policy of a segment.", "Delete it.")
            )
        else:
            try:
                found[int(match[1])][match[2]] = kind(value)
            except ValueError:
                faults.append(Fault(f"{path}: '{value}' is none of {', '.join(kind)}."))
    if faults:
        raise ConfigError(faults)
    return {segment_id: Policy(**values) for segment_id, values in found.items()}


def load_enrols_since(connection: Connection, tables: Tables, segment_id: int) -> datetime | None:
    """Return since when whoever enters the segment is enrolled; None where nobody is, or knows."""
    c = tables.config.c
    query = select(c.value).where(
        c.scope == "default", c.scope_id == 0, c.path == _path(segment_id, _ENROLS_SINCE)
    )
    try:
        return datetime.fromisoformat(connection.scalar(query) or "")
    except ValueError:
        return None


def save_enrols_since(
    connection: Connection, tables: Tables, segment_id: int, since: datetime | None
) -> None:
    """Keep since when whoever enters is enrolled; None: nobody is any more."""
    path = _path(segment_id, _ENROLS_SINCE)
    if since is None:
        c = tables.config.c
        connection.execute(
            delete(tables.config).where(c.scope == "default", c.scope_id == 0, c.path == path)
        )
    else:
        write_config(connection, tables, {path: since.isoformat(timespec="seconds")})


def _path(segment_id: int, name: str) -> str:
    return f"{_PATH}{segment_id}/{name}"


def save_policy(
    connection: Connection, tables: Tables, segment_id: int, chosen: Mapping[str, enum.StrEnum]
) -> None:
    """Write the policies `chosen` of a segment, by their names in `Policy`.

    Raises Conflict, for `Database.transact` to repeat it, when two hosts do so at once.
    """
    values = {_path(segment_id, name): value.value for name, value in chosen.items()}
    write_config(connection, tables, values)
