"""All that was measured, as it is kept in segments.json: the report is made from nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RUNNING, DONE = "running", "done"


@dataclass
class Locks:
    """The most that was seen; waits are in seconds, of the shop's own writes side by side."""

    rows: int = 0
    tables: int = 0
    cart_wait: float = 0.0
    order_wait: float = 0.0
    account_wait: float = 0.0
    writes: int = 0
    refused: int = 0  # writes that failed, a deadlock's victims for example


@dataclass(frozen=True)
class Run:
    """A run of `refresh-segments`: what it told of each segment, and what it used."""

    segments: list[dict[str, Any]]
    wall: float  # seconds, with the program's start
    peak_mib: float
    server_cpu: float  # seconds
    statements: int | None  # of segmail, its session settings included; not told beside shoppers
    locks: Locks | None = None  # beside shoppers
    rows: int | None = None  # that the server looked at
    cpu: float | None = None  # seconds of segmail's process


@dataclass(frozen=True)
class Looped:
    """Seconds for one of `count` customers."""

    count: int
    load: float
    enrol: float  # with the loading


@dataclass(frozen=True)
class Plan:
    """The statement that collects a segment's customers, and the rows of its EXPLAIN."""

    sql: str
    rows: list[list[str]]


@dataclass(frozen=True)
class Indexed:
    """A statement's seconds without and with an index, and the seconds that making it took."""

    table: str
    columns: str
    segment: str
    before: float
    after: float
    made: float


@dataclass
class Stage:
    """One stage with the conditions it was measured under; what failed in it is told by name."""

    began: str  # UTC
    commit: str
    load_before: float
    state: str = RUNNING  # or DONE, or why it ended
    commit_after: str = ""
    load_after: float | None = None
    seconds: float = 0.0  # with all that is prepared for it
    remarks: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    looped: Looped | None = None
    plans: dict[str, Plan] = field(default_factory=dict)
    indexes: list[Indexed] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return self.state == DONE and not self.failures


@dataclass(frozen=True)
class Filled:
    """How large the shop is, and what filling it took."""

    scale: float
    fingerprint: str  # of all that decides on the rows
    customers: int
    sizes: dict[str, int]  # rows of the large tables
    data_mib: int  # tables and indexes
    seconds: float


@dataclass
class Figures:
    """Everything: the machine, the shop and the stages in the order in which they ran."""

    machine: dict[str, Any]
    settings: list[str]
    filled: Filled
    stages: dict[str, Stage] = field(default_factory=dict)

    def seconds(self, stage: str) -> dict[str, float]:
        """Return the seconds of each segment that a stage refreshed by itself."""
        runs = self.stages[stage].runs if stage in self.stages else {}
        told = {name: run.segments[0] for name, run in runs.items()}
        return {name: float(one["seconds"]) for name, one in told.items() if not one["reason"]}


def save(figures: Figures, file: Path) -> None:
    replace_file(file, json.dumps(asdict(figures), indent=1, default=str) + "\n")


def load(file: Path) -> Figures:
    """Return the figures of a file that `save` wrote."""
    given = json.loads(file.read_text("utf-8"))
    stages = {name: _stage(stage) for name, stage in given["stages"].items()}
    return Figures(given["machine"], given["settings"], Filled(**given["filled"]), stages)


def replace_file(file: Path, text: str) -> None:
    """Write a file so that it is never half written."""
    written = file.with_name(f".{file.name}.new")
    written.write_text(text, "utf-8")
    written.replace(file)


def _stage(given: dict[str, Any]) -> Stage:
    looped = given["looped"]
    return Stage(**{
        **given,
        "runs": {name: _run(run) for name, run in given["runs"].items()},
        "looped": Looped(**looped) if looped else None,
        "plans": {name: Plan(**plan) for name, plan in given["plans"].items()},
        "indexes": [Indexed(**indexed) for indexed in given["indexes"]],
    })  # fmt: skip


def _run(given: dict[str, Any]) -> Run:
    locks = given["locks"]
    return Run(**{**given, "locks": Locks(**locks) if locks else None})
