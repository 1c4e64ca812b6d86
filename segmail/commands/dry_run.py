"""Changes that are tried and rolled back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from segmail.app import App
from segmail.log import logger
from segmail.maho.schema.rights import STEPS, rights_told
from segmail.maho.shop import Shop


@contextmanager
def shop_to_change(app: App, *, dry_run: bool) -> Iterator[Shop]:
    """Yield the shop, to change steps; for a dry run one in which no change stays, or is logged.

    A dry run needs the rights of the change. Raises ConfigError with every one that is missing.
    """
    with rights_told(app.shop.read, STEPS):
        if not dry_run:
            yield app.shop
            return
        logger.addFilter(_nothing)
        try:
            yield app.shop.rehearsal()
        finally:
            logger.removeFilter(_nothing)


def _nothing(_record: logging.LogRecord) -> bool:
    return False
