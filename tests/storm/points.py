"""Where runs are killed: each step of the protocol and of the SMTP dialogue by name, and at random.

The journal is written between two of these points each: `recorded` between `record: written` and
`record: commit`, `begun` between the unread 354 and the content, `accepted` between the unread 250
and `settle: begin`, `deferred` between the unread 4xx and RSET.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Sequence
from dataclasses import dataclass


class How(enum.Enum):
    """What is done to the program at a point."""

    HELD = enum.auto()  # killed while it waits
    UNREAD = enum.auto()  # stopped, then answered, then killed: the answer is there, not read
    AFTER = enum.auto()  # let go on, killed a moment later
    CUT = enum.auto()  # not killed: its connection to the database is cut


@dataclass(frozen=True)
class Point:
    """A stage of the sink, or a moment of a transaction (`record commit`), or neither: any time.

    `turns` is how often a run may come there for certain, `connections` what it needs for that
    (0: any number), `delay` how many seconds later it is killed at most.
    """

    name: str
    stage: str = ""
    transaction: str = ""
    how: How = How.HELD
    turns: int = 1
    connections: int = 0
    delay: float = 0.0

    @property
    def is_kill(self) -> bool:
        return self.how is not How.CUT


_AT_ONCE = 0.003
_WHILE_IT_PREPARES = 0.3
_WHILE_IT_SENDS = 0.05
_WHOLE_RUN = 1.2

SMTP = (
    Point("after EHLO", "EHLO", connections=4),
    Point("after MAIL", "MAIL", turns=12),
    Point("answer to MAIL unread", "MAIL", how=How.UNREAD, turns=12),
    Point("after RCPT", "RCPT", turns=12),
    Point("answer to RCPT unread", "RCPT", how=How.UNREAD, turns=12),
    Point("after DATA", "DATA", turns=10),
    Point("354 unread", "DATA", how=How.UNREAD, turns=10),
    Point("soon after the 354", "DATA", how=How.AFTER, turns=10, delay=_AT_ONCE),
    Point("in the middle of the data", "middle", connections=1),
    Point("after the dot", "dot", turns=10),
    Point("before the 250, message kept", "kept", turns=10),
    Point("250 unread", "kept", how=How.UNREAD, turns=10),
    Point("soon after the 250", "kept", how=How.AFTER, turns=10, delay=_AT_ONCE),
    Point("before a 4xx", "later"),
    Point("4xx unread", "later", how=How.UNREAD),
    Point("after RSET", "RSET"),
    Point("after QUIT", "QUIT"),
)
DATABASE = tuple(
    Point(f"{transaction}: {text}", transaction=f"{transaction} {when}", turns=2)
    for transaction in ("claim", "record", "settle")
    for when, text in (
        ("begin", "before its first statement"),
        ("written", "after its last write"),
        ("commit", "before the commit"),
        ("committed", "after the commit"),
    )
)
CUTS = tuple(
    Point(f"{transaction}: connection lost {text}", transaction=f"{transaction} {when}",
          how=How.CUT, turns=2)
    for transaction in ("claim", "record", "settle")
    for when, text in (("commit", "before the commit"), ("committed", "after the commit"))
)  # fmt: skip
RANDOM = (
    Point("any time", how=How.AFTER, delay=_WHOLE_RUN),
    Point("any time after the first claim", transaction="claim begin", how=How.AFTER,
          delay=_WHILE_IT_PREPARES),
    Point("any time while it sends", "MAIL", how=How.AFTER, turns=12, delay=_WHILE_IT_SENDS),
)  # fmt: skip

# Those that ask most of the protocol, for a small storm.
DELICATE = tuple(
    point
    for point in (*SMTP, *DATABASE)
    if point.name
    in {
        "after MAIL",
        "354 unread",
        "after the dot",
        "before the 250, message kept",
        "250 unread",
        "4xx unread",
        "claim: after the commit",
        "record: after its last write",
        "record: before the commit",
        "record: after the commit",
        "settle: before its first statement",
        "settle: after the commit",
    }
)


def draw(kills: int, chance: random.Random, *, at: str = "") -> list[Point]:
    """Return `kills` points, two thirds of them named, each as often, and some cuts, shuffled.

    With `at`, only points whose name contains it, cuts among them.
    """
    if at:
        return _repeated([p for p in (*SMTP, *DATABASE, *CUTS, *RANDOM) if at in p.name], kills)
    named = [*SMTP, *DATABASE]
    each = max(1, round(kills * 2 / 3 / len(named)))
    points = _repeated(named, min(kills, each * len(named)))
    points += _repeated(RANDOM, kills - len(points))
    points += _repeated(CUTS, kills // 25)
    chance.shuffle(points)
    return points


def _repeated(points: Sequence[Point], times: int) -> list[Point]:
    return [points[number % len(points)] for number in range(times)]
