"""A simulation as JSON for scripts, written while it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime

from segmail.delivery.rows.outcome import Status
from segmail.simulate.simulate import Simulation


def as_json(simulation: Simulation) -> Iterator[str]:
    """Yield an object with the findings, and with what became of each step as `mails`."""
    found = asdict(simulation.found)
    found[Status.SENT.value] = simulation.found.sent
    head = json.dumps(found, ensure_ascii=False, indent=2, default=_plain)
    yield f'{head[:-2]},\n  "mails": ['
    comma = "\n"
    for row in simulation.rows():
        yield f"{comma}    {json.dumps(asdict(row), ensure_ascii=False, default=_plain)}"
        comma = ",\n"
    yield "\n  ]\n}\n"


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
