"""What a refresh knows when it ends, as the baseline for the next one.

It is in `core_config_data`, scope default, `customer_segmentation/segmail/refreshed/<id>`, a JSON
object: all hosts share it, and a restored database continues from its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from segmail.maho.config.rows import delete_config, write_config
from segmail.maho.schema.transaction import Transaction

_PATH = "customer_segmentation/segmail/refreshed/"


@dataclass(frozen=True)
class Refused:
    """When `waiting` customers were too many to enrol; `enrolling` stands for limit and steps."""

    at: datetime
    waiting: int
    enrolling: str


@dataclass(frozen=True)
class Baseline:
    """The members were right for everything written before `looked_at`.

    `meaning` is a digest of the conditions and everything they depend on besides customers' rows;
    `whole_at` is when everybody was last asked, `refreshed_at` is the segment's `last_refresh_at`.
    `told` is the state of the rows that change without a mark, by the name of their source.
    `refused` is set if nobody was enrolled because it would have been too many.
    """

    meaning: str
    looked_at: datetime
    whole_at: datetime
    refreshed_at: datetime
    told: Mapping[str, str] = field(default_factory=dict)
    refused: Refused | None = None


def load_baseline(tx: Transaction, segment_id: int) -> Baseline | None:
    """Return the baseline of a segment's last refresh; None if there was none, or it failed."""
    c = tx.tables.config.c
    query = select(c.value).where(
        c.scope == "default", c.scope_id == 0, c.path == f"{_PATH}{segment_id}"
    )
    try:
        return _read(json.loads(tx.connection.scalar(query) or ""))
    except (ValueError, TypeError, KeyError, AttributeError):  # somebody has edited it
        return None


def save_baseline(tx: Transaction, segment_id: int, baseline: Baseline) -> None:
    """Store the baseline, in the transaction that completes the refresh."""
    said: dict[str, Any] = {
        "meaning": baseline.meaning,
        "looked_at": baseline.looked_at.isoformat(),
        "whole_at": baseline.whole_at.isoformat(),
        "refreshed_at": baseline.refreshed_at.isoformat(),
        "told": dict(baseline.told),
    }
    if refused := baseline.refused:
        said["refused"] = [refused.at.isoformat(), refused.waiting, refused.enrolling]
    write_config(tx, {f"{_PATH}{segment_id}": json.dumps(said)})


def forget_baseline(tx: Transaction, segment_id: int) -> None:
    """Make the next refresh ask everybody."""
    delete_config(tx, [f"{_PATH}{segment_id}"])


def _read(said: Any) -> Baseline:
    told = {str(name): str(value) for name, value in said["told"].items()}
    times = (_moment(said[name]) for name in ("looked_at", "whole_at", "refreshed_at"))
    looked_at, whole_at, refreshed_at = times
    refused = None
    if "refused" in said:
        at, waiting, enrolling = said["refused"]
        refused = Refused(_moment(at), int(waiting), str(enrolling))
    return Baseline(str(said["meaning"]), looked_at, whole_at, refreshed_at, told, refused)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment
