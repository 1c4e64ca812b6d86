"""Who plays in the hundred days, and which mails each of them must get.

`bin/docs` writes the table of it into docs/campaigns.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby

from segmail.campaigns.recipes.recipe import recipe_names
from segmail.demo.recipes.cast import CAST, Role
from segmail.demo.seed import ITALY
from tests.program import ROOT

DAYS = 100
PAGE = ROOT / "docs" / "campaigns.md"
BEGIN, END = "<!-- what bin/recipes plays -->\n", "<!-- end -->\n"

Mails = Sequence[tuple[int, int]]  # day and number of the mail; the first day is 1


@dataclass(frozen=True)
class Part:
    """A customer, the mails of the role's recipe, and those of others that matter here."""

    role: Role
    mails: Mails
    others: Mapping[str, Mails] = field(default_factory=dict)


_ENTERED: Mapping[str, tuple[Mails, Mapping[str, Mails]]] = {
    "Gideon Marsh": ([(1, 1), (2, 2), (8, 3)], {}),
    "Pearl Nakamura": ([(1, 1)], {}),
    "Hazel Lindgren": ([], {}),
    "Rufus Tan": ([(1, 1), (2, 2), (4, 3)], {"abandoned-cart": []}),
    "Nora Whitfield": ([(1, 1), (4, 2), (8, 3), (15, 4)], {}),
    "Amos Greer": ([(1, 1)], {}),
    "Chiara Bellandi": ([(1, 1), (4, 2), (8, 3), (15, 4)], {}),
    "Otis Freeman": ([(2, 1), (8, 2), (21, 1), (27, 2), (41, 3), (50, 4)], {}),
    "Sylvie Arden": ([(1, 1), (8, 2), (31, 3), (62, 3), (92, 3)], {}),
    "Monty Fairweather": ([(1, 1), (8, 2), (15, 3)], {}),
    "Adaeze Nwosu": ([(1, 1)], {}),
    "Florence Quill": ([(5, 1), (8, 2), (12, 3)], {}),
    "Ginevra Sala": ([(5, 1), (12, 2)], {}),
    "Delphine Roy": ([(1, 1), (4, 2), (15, 3)], {}),
    "Ingrid Falk": ([(2, 1), (8, 2), (15, 3)], {}),
    "Winifred Cole": ([(2, 1), (8, 2), (15, 3)], {}),
    "Silas Boateng": ([(2, 1), (8, 2), (31, 3), (91, 4)], {}),
    "Barnaby Stokes": ([(1, 1), (2, 2), (4, 3)], {}),
    "Leopold Stein": ([(1, 1), (8, 2), (15, 3)], {}),
    "Quentin Moss": ([(1, 1), (4, 2), (8, 3)], {}),
    "Lavinia Strand": ([(1, 1), (8, 2), (22, 3)], {}),
}

# Whoever enters, with an order on day 2 as a guest: it ends the sequences that have it as a goal.
_GOALS: Mapping[str, Mails] = {
    "abandoned-cart": [(1, 1)],
    "clearance": [(1, 1)],
    "exit-intent": [(1, 1)],
    "high-value-cart": [(1, 1)],
    "new-region": [(1, 1)],
    "welcome": [(1, 1)],
    "win-back": [(1, 1)],
}

_MORE = (
    Part(
        Role("abandoned-cart", "Greta Lund", "orders on day 3, and leaves a second cart on day 12",
             cart=(60, 1),
             then=("orders on day 3 at 9:00", "updates cart for 80 on day 12 at 9:00")),
        [(1, 1), (2, 2), (12, 1), (13, 2), (19, 3)],
    ),
    Part(
        Role("abandoned-cart", "Ivo Horvat", "orders on day 3, and leaves a second cart on day 4, "
             "sooner than 7 days after the first", cart=(60, 1),
             then=("orders on day 3 at 9:00", "updates cart for 80 on day 4 at 9:00")),
        [(1, 1), (2, 2)],
    ),
    Part(
        Role("high-value-cart", "Edda Kerr", "leaves a cart of $60, and fills it up to $340 after "
             "the first mail", cart=(60, 1), then=("updates cart for 340 on day 1 at 10:00",)),
        [(1, 1), (2, 2), (4, 3)],
        {"abandoned-cart": [(1, 1)]},
    ),
    Part(
        Role("birthday", "Wanda Reyes", "has registered today and has her birthday on day 5",
             registered_days=0, born=date(1990, 2, 28)),
        [(5, 1), (8, 2), (12, 3)],
        {"welcome": [(1, 1), (4, 2), (8, 3), (15, 4)]},
    ),
    Part(
        Role("birthday", "Ruth Osei", "has the birthday on day 5, and orders on day 6",
             born=date(1985, 2, 28), then=("orders for 40 on day 6 at 9:00",)),
        [(5, 1)],
    ),
    Part(
        Role("vip", "Petra Novak", "orders more on day 10, which changes nothing",
             orders=((1200, 30),), then=("orders for 90 on day 10 at 9:00",)),
        [(1, 1), (8, 2), (31, 3), (62, 3), (92, 3)],
        {"post-purchase": [(11, 1), (17, 2), (31, 3), (40, 4)]},
    ),
    Part(
        Role("win-back", "Bruno Conti", "ordered twice, in Italy", ITALY, country="IT",
             orders=((40, 200), (52, 95))),
        [(1, 1), (8, 2), (15, 3)],
    ),
)  # fmt: skip


def parts() -> list[Part]:
    """Return everybody who plays, in the order of recipes."""
    entered = [Part(role, *_ENTERED[role.name]) for role in CAST]
    first = {part.role.recipe: part.role for part in reversed(entered) if part.mails}
    every = [*entered, *_MORE, *_unsubscribed(first), *_guests(first)]
    order = recipe_names()
    return sorted(every, key=lambda part: order.index(part.role.recipe))


def _unsubscribed(first: Mapping[str, Role]) -> Iterator[Part]:
    """Yield somebody for each recipe who would get its mails, but never subscribed."""
    told = "would enter, but is not subscribed"
    for number, role in enumerate(first.values(), start=1):
        name = f"Mute {number}"
        yield Part(replace(role, name=name, told=told, is_subscribed=False, then=()), [])


def _guests(first: Mapping[str, Role]) -> Iterator[Part]:
    for number, (recipe, mails) in enumerate(_GOALS.items(), start=1):
        told = "enters, and orders on day 2 without logging in"
        then = ("orders for 40 as guest on day 2 at 6:00",)
        yield Part(replace(first[recipe], name=f"Guest {number}", told=told, then=then), mails)


def table() -> str:
    """Return the table of who plays, in Markdown."""
    lines = ["| recipe | who | mails on day |", "|---|---|---|"]
    for recipe, found in groupby(parts(), key=lambda part: part.role.recipe):
        for part in found:
            others = "".join(f"; `{other}`: {_days(mails)}" for other, mails in part.others.items())
            lines.append(f"| `{recipe}` | {part.role.told} | {_days(part.mails)}{others} |")
    return "\n".join(lines) + "\n"


def _days(mails: Mails) -> str:
    return ", ".join(f"{day} ({number})" for day, number in mails) or "none"


def page() -> str:
    """Return docs/campaigns.md with the table in its place."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def main() -> None:
    """Write the page, and say whether it changed."""
    text = page()
    changed = PAGE.read_text("utf-8") != text
    if changed:
        PAGE.write_text(text, "utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}: {'written' if changed else 'unchanged'}\n")


if __name__ == "__main__":
    main()
