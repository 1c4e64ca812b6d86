"""What is wrong with the partials of item blocks that a shop has of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from segmail.errors import TemplateError
from segmail.maho.sales.line import Option
from segmail.mail.items.partials import NAMES, Partials, Values, line_of
from segmail.mail.items.shown import ShownItem
from segmail.mail.items.words import words_of

_FULL = ShownItem(
    "Lamp & shade",
    "https://shop.example/lamp/",
    "https://shop.example/media/catalog/product/lamp.jpg",
    "Lamp",
    "2",
    ("€10.00", "€12.20"),
    was=("€12.00", "€14.64"),
    starts_at=True,
    options=(Option("Color", "Blue"),),
)
_BARE = ShownItem("Lamp")  # no page, no picture, no price

# A partial that can print these can print any.
SAMPLES: tuple[Values, ...] = tuple(
    {
        "items": items,
        "more": more,
        "url": "https://shop.example/checkout/cart/",
        "words": words_of("en_US"),
        "locale": "en_US",
    }
    for items, more in (((_FULL, _BARE), 1), ((_BARE,), 0))
)


@dataclass(frozen=True)
class PartialFault:
    """What is wrong with a file in the shop's folder; `stops` the mails that show its block."""

    file: Path
    line: int
    what: str
    advice: str
    stops: bool = True


def partial_faults(partials: Partials) -> list[PartialFault]:
    """Return what is wrong with the shop's folder; its partials are tried with each sample.

    One fault per file: the first one hides the others.
    """
    tried = (_fault(partials, file) for file in partials.own_files())
    return [*(fault for fault in tried if fault), *_strange_files(partials.folder)]


def _fault(partials: Partials, file: Path) -> PartialFault | None:
    advice = "Fix the file, or delete it to use the default one."
    for values in SAMPLES:
        try:
            partials.render(file.name, values)
        except TemplateError as error:
            cause = error.__cause__ or error
            return PartialFault(file, line_of(cause), f"{cause}", advice)
    return None


def _strange_files(folder: Path | None) -> Iterator[PartialFault]:
    """Yield the files in the shop's folder that no block uses."""
    if folder is None or not folder.is_dir():
        return
    for name in sorted(path.name for path in folder.iterdir() if path.name not in NAMES):
        if name.endswith((".html", ".txt")):
            what = f"No block is printed by a file '{name}'."
            advice = f"Name it after one of {', '.join(NAMES)}."
            yield PartialFault(folder / name, 1, what, advice, stops=False)
