"""What the shop allows in mails (Permissions in Maho's admin)."""

from __future__ import annotations

from sqlalchemy import column, inspect, select, table

from segmail.maho.schema.transaction import Transaction


def allowed_paths(tx: Transaction) -> frozenset[str]:
    """Return the configuration paths that templates may print (`permission_variable`)."""
    allowed = tx.tables.permission_variable
    return frozenset(
        tx.connection.scalars(select(allowed.c.variable_name).where(allowed.c.is_allowed == 1))
    )


def allowed_blocks(tx: Transaction) -> frozenset[str]:
    """Return the types of PHP blocks that templates may run (`permission_block`)."""
    name = f"{tx.tables.prefix}permission_block"
    if not inspect(tx.connection).has_table(name):
        return frozenset()
    allowed = table(name, column("block_name"), column("is_allowed"))
    return frozenset(
        tx.connection.scalars(select(allowed.c.block_name).where(allowed.c.is_allowed == 1))
    )
