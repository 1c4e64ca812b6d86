"""Blocks to try partials with: a partial that can print these can print any."""

from __future__ import annotations

from segmail.maho.sales.line import Option
from segmail.mail.items.partials import Values
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
