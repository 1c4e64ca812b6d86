"""`segment export`: segments of the shop as a file that `segment apply` reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from segmail.campaigns.entry import SegmentEntry
from segmail.campaigns.write import write_entries
from segmail.errors import ConditionError
from segmail.maho.lookup import find_segment
from segmail.maho.schema.tables import Tables
from segmail.maho.shop import Shop
from segmail.segments.stored.codes import Names, load_groups, load_websites
from segmail.segments.stored.state import Refresh, SegmentState, load_states


def export_segments(shop: Shop, given: Sequence[str]) -> str:
    """Return the file of the segments that `given` names, by id; of every one for none.

    Raises InputError for a name that there is not, ConditionError with every segment whose
    conditions segmail does not know.
    """
    with shop.database.read() as connection:
        ids = {find_segment(connection, shop.tables, name).segment_id for name in given}
        states = load_states(connection, shop.tables, ids or None)
        entries = _entries(connection, shop.tables, states)
    _check(entries)
    return write_entries(entries)


def _entries(
    connection: Connection, tables: Tables, states: Mapping[int, SegmentState]
) -> list[SegmentEntry]:
    websites, groups = load_websites(connection, tables), load_groups(connection, tables)
    return [_entry(state, websites, groups) for state in states.values()]


def _entry(state: SegmentState, websites: Names, groups: Names) -> SegmentEntry:
    return SegmentEntry(
        name=state.name,
        description=state.description,
        active=state.active,
        websites=tuple(websites.mention(id) for id in state.website_ids),
        groups=tuple(groups.mention(id) for id in state.group_ids),
        refresh=Refresh.SEGMAIL if state.needs_segmail else state.refresh,
        policies=state.policies,
        tree=state.tree,
    )


def _check(entries: Sequence[SegmentEntry]) -> None:
    faults = []
    for entry in entries:
        try:
            if entry.tree is None:
                raise ConditionError(
                    "The stored conditions cannot be read; `segmail segment explain` tells why."
                )
            write_entries([entry])
        except ConditionError as error:
            faults += [fault.about(f"'{entry.name}': ") for fault in error.faults]
    if faults:
        raise ConditionError(faults)
