"""What the shop's columns can hold."""

from __future__ import annotations

from sqlalchemy import text

from segmail.maho.shop import Shop


def holds_four_bytes(shop: Shop) -> bool:
    """Return whether `newsletter_queue` holds every character, emoji included.

    Maho makes its tables in three-byte utf8; some merchants have converted them to utf8mb4.
    """
    if shop.database.url.get_backend_name() not in ("mysql", "mariadb"):
        return True
    query = text(
        "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() "
        "AND table_name = :table AND character_set_name <> 'utf8mb4'"
    )
    with shop.database.read() as connection:
        return not connection.scalar(query, {"table": shop.tables.queue.name})
