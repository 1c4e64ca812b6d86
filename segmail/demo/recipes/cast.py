"""Who plays in which use case: invented customers, what they did before, and what they do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from segmail.demo.seed import ITALY, US, StoreSeed

START = datetime(2026, 2, 24, 13, 0, tzinfo=UTC)  # Tuesday, 8 in the morning in New York
DAYS = 35

BLANKET, KETTLE, LAMP, MUG = "Wool blanket", "Pour-over kettle", "Reading lamp", "Stoneware mug"
WINTER, ELECTRONICS = "For the winter", "Electronics"
CATEGORIES = {WINTER: 4, ELECTRONICS: 5}
VALUES = {
    "new-region": {"countries": "CA"},
    "seasonal-interest": {"category": WINTER},
    "product-education": {"categories": ELECTRONICS},
}


@dataclass(frozen=True)
class Role:
    """A customer of a use case.

    `cart` is its total and how many hours ago it was touched, `orders` are totals with the days
    since, `then` is what the customer does in the 35 days, as for `simulate --event`. `listed`: an
    imported list names the customer.
    """

    recipe: str
    name: str
    told: str
    store: StoreSeed = US
    registered_days: int = 400
    born: date | None = None
    country: str = "US"
    cart: tuple[int, int] | None = None
    orders: tuple[tuple[int, int], ...] = ()
    product: str = MUG  # of carts and orders
    viewed: str | None = None
    listed: bool = False
    is_subscribed: bool = True
    then: tuple[str, ...] = field(default=())


CAST = (
    Role("abandoned-cart", "Gideon Marsh", "leaves a cart of $60", cart=(60, 1)),
    Role("abandoned-cart", "Pearl Nakamura", "leaves a cart and orders it on day 2", cart=(75, 1),
         then=("orders on day 2 at 7:30",)),
    Role("abandoned-cart", "Hazel Lindgren", "leaves a cart, unsubscribed", cart=(50, 1),
         is_subscribed=False),
    Role("high-value-cart", "Rufus Tan", "leaves a cart of $340", cart=(340, 2), product=KETTLE),
    Role("welcome", "Nora Whitfield", "has registered today", registered_days=0),
    Role("welcome", "Amos Greer", "registers, and unsubscribes on day 3", registered_days=0,
         then=("unsubscribes on day 3 at 12:00",)),
    Role("welcome", "Chiara Bellandi", "registers in Italy", ITALY, registered_days=0,
         country="IT"),
    Role("post-purchase", "Otis Freeman", "has ordered today, and orders again on day 20",
         orders=((64, 0),), then=("orders for 48 on day 20 at 9:00",)),
    Role("vip", "Sylvie Arden", "has ordered for $1,640", orders=((820, 60), (820, 20))),
    Role("win-back", "Monty Fairweather", "ordered twice, last 95 days ago",
         orders=((40, 200), (52, 95))),
    Role("win-back", "Adaeze Nwosu", "the same, and orders on day 5", orders=((44, 210), (58, 99)),
         then=("orders for 70 on day 5 at 18:00",)),
    Role("birthday", "Florence Quill", "was born on 29 February", born=date(1988, 2, 29)),
    Role("birthday-reminder", "Ginevra Sala", "has her birthday on 8 March", ITALY,
         born=date(1991, 3, 8), country="IT"),
    Role("new-region", "Delphine Roy", "lives in Canada", country="CA"),
    Role("seasonal-interest", "Ingrid Falk", "viewed a blanket", viewed=BLANKET),
    Role("support-follow-up", "Winifred Cole", "had a ticket resolved", listed=True),
    Role("product-education", "Silas Boateng", "has bought a kettle", orders=((129, 1),),
         product=KETTLE),
    Role("exit-intent", "Barnaby Stokes", "saw the exit popup", listed=True),
    Role("loyalty-tier", "Leopold Stein", "is $30 away from the next tier", orders=((970, 40),)),
    Role("clearance", "Quentin Moss", "viewed a lamp that is reduced now", viewed=LAMP),
    Role("referral", "Lavinia Strand", "gave five stars", listed=True),
)  # fmt: skip
