"""What the shop allows in mails (Permissions in Maho's admin)."""

from __future__ import annotations

from sqlalchemy import Connection, column, inspect, select, table

from segmail.maho.schema.tables import Tables


def allowed_paths(connection: Connection, tables: Tables) -> frozenset[str]:
    """Return the configuration paths that templates may print (`permission_variable`)."""
    allowed = tables.permission_variable
    return frozenset(
        connection.scalars(select(allowed.c.variable_name).where(allowed.c.is_allowed == 1))
    )


def allowed_blocks(connection: Connection, tables: Tables) -> frozenset[str]:
    """Return the types of PHP blocks that templates may run (`permission_block`)."""
    name = f"{tables.prefix}permission_block"
    if not inspect(connection).has_table(name):
        return frozenset()
    allowed = table(name, column("block_name"), column("is_allowed"))
    return frozenset(
        connection.scalars(select(allowed.c.block_name).where(allowed.c.is_allowed == 1))
    )
