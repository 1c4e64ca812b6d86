"""`segment apply`: makes segments be as a file says, all of them or none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from segmail.campaigns.changes import SegmentChange, find_changes
from segmail.campaigns.check import check_conditions
from segmail.campaigns.entry import FileFaults, SegmentEntry
from segmail.campaigns.plan import SegmentPlanner
from segmail.campaigns.read import read_entries
from segmail.errors import ConfigError
from segmail.maho.schema.tables import Tables
from segmail.maho.shop import Shop
from segmail.maho.steps import load_segments
from segmail.segments.stored.codes import load_groups, load_websites
from segmail.segments.stored.state import load_states
from segmail.segments.stored.store import SegmentPlan, lock_creation, lock_segments, save_plans


@dataclass(frozen=True)
class Applied:
    """What became of a segment of the file: `created`, `changed` or `unchanged`.

    `segment_id` is None where it would be created, in a dry run.
    """

    segment_id: int | None
    segment: str
    outcome: str
    changes: Sequence[SegmentChange]


def apply_file(
    shop: Shop, data: bytes, *, file: str, dry_run: bool, now: datetime
) -> list[Applied]:
    """Create or update the segments of a file, which are known by their names, and tell what.

    What the file does not say about a segment stays as it is. `file` is what the file is called
    in messages. Raises ConfigError with every fault of the file, each with its line; then, and in
    a dry run, nothing is written.
    """

    def work(connection: Connection) -> list[Applied]:
        return _apply(connection, shop.tables, data, _Run(file, dry_run, now))

    if dry_run:
        with shop.database.read() as connection:
            return work(connection)
    return shop.database.transact(work)


@dataclass(frozen=True)
class _Run:
    file: str
    dry_run: bool
    now: datetime


def _apply(connection: Connection, tables: Tables, data: bytes, run: _Run) -> list[Applied]:
    faults = FileFaults(run.file)
    entries = read_entries(data, faults)
    if not run.dry_run:
        lock_creation(connection, tables)
    ids = _existing(connection, tables, entries, faults)
    if ids and not run.dry_run:
        lock_segments(connection, tables, list(ids.values()))
    states = load_states(connection, tables, ids.values())
    websites, groups = load_websites(connection, tables), load_groups(connection, tables)
    planner = SegmentPlanner(websites, groups, faults)
    plans = []
    for entry in entries:
        segment_id = ids.get(entry.name.casefold())
        before = None if segment_id is None else states[segment_id]
        plans.append(SegmentPlan(segment_id, before, planner.after(entry, before)))
    check_conditions(connection, tables, entries, faults, now=run.now)
    if told := faults.told():
        raise ConfigError(told)
    found = [find_changes(plan.before, plan.after, websites, groups) for plan in plans]
    if not run.dry_run:
        plans = save_plans(connection, tables, plans, now=run.now)
    return [_applied(plan, changes) for plan, changes in zip(plans, found, strict=True)]


def _applied(plan: SegmentPlan, changes: Sequence[SegmentChange]) -> Applied:
    outcome = "created" if plan.before is None else "changed" if changes else "unchanged"
    return Applied(plan.segment_id, plan.after.name, outcome, changes)


def _existing(
    connection: Connection, tables: Tables, entries: Sequence[SegmentEntry], faults: FileFaults
) -> dict[str, int]:
    """Return the ids of the segments that there are, by their names in lower case."""
    found: dict[str, list[int]] = defaultdict(list)
    for segment in load_segments(connection, tables):
        found[segment.name.casefold()].append(segment.segment_id)
    for entry in entries:
        ids = found.get(entry.name.casefold(), [])
        if len(ids) > 1:
            which = " and ".join(map(str, ids))
            faults.add(
                entry.lines["name"], f"The shop has several segments '{entry.name}': {which}."
            )
    names = {entry.name.casefold() for entry in entries}
    return {name: ids[0] for name, ids in found.items() if name in names}
