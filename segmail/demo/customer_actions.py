"""What the demo's customers do in the shop, which makes them enter and leave its segments."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


class Act(enum.Enum):
    """Something that a segment's conditions may look at."""

    REGISTER = enum.auto()
    FILL_CART = enum.auto()
    ORDER = enum.auto()
    LOOK = enum.auto()  # at something warm
    HAVE_BIRTHDAY = enum.auto()


@dataclass(frozen=True)
class Deed:
    """A customer did something; `amount` is what an order cost."""

    act: Act
    at: datetime
    amount: int = 0
