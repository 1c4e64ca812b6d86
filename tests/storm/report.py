"""The results of storms as tables for people."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.benchmarks.machine import line_of, output_of
from tests.mariadb import is_mysql
from tests.program import ROOT
from tests.storm.course import Course


@dataclass
class Results:
    """The storms of one start of `bin/storm`, by the workers of each run."""

    at: datetime
    seed: int
    courses: dict[int, Course] = field(default_factory=dict)


def as_markdown(results: Results) -> str:
    """Return the report."""
    parts = ["# What `bin/storm` found", *_conditions(results)]
    for workers, course in results.courses.items():
        parts += _course(workers, course)
    return "\n\n".join(parts) + "\n"


def _conditions(results: Results) -> Iterator[str]:
    commit = output_of("git", "-C", f"{ROOT}", "describe", "--always", "--dirty")
    yield (
        f"{results.at:%Y-%m-%d}, commit {commit}, seed {results.seed}. "
        f"{line_of('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores;\n"
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"{_server()}."
    )
    yield (
        "Each kill is a SIGKILL to a real `process-emails` with 24 or more due rows, batches of "
        "10 and\n1, 2 or 4 connections, on two hosts in turn; one in five runs beside another. "
        "The mail server\nwrites down each message before it answers 250. After every 20 kills "
        "the runs finish, and each\nrow is compared with what was received. `interrupted` are "
        "messages that nobody can know of\n(a connection of a killed run each, at most); `cut` "
        "are connections to the database that were\nlost, without a kill. After three runs in five "
        "others work on the shop: customers\nunsubscribe, leave the segment or are deleted, a "
        "refresh, the cleanups or `retry` run (three\nin ten are killed), or the automation is off "
        "for a run."
    )


def _server() -> str:
    """Return the name and version of the server that `private_server` starts."""
    name, program = ("MySQL", "mysqld") if is_mysql() else ("MariaDB", "mariadbd")
    return " ".join([name, *output_of(program, "--version").split()[2:3]])


def _course(workers: int, course: Course) -> Iterable[str]:
    found, weather = course.aftermath, course.weather
    yield f"## {workers} {'worker' if workers == 1 else 'workers'} a run"
    sums: list[tuple[str, int | float]] = [
        ("kills", course.kills),
        ("connections to the database cut", len(weather.struck) - course.kills),
        ("runs, those that finished included", weather.runs),
        ("of them beside another run", weather.overlapping),
        ("seconds", round(course.seconds)),
        *((f"meanwhile: {name}", number) for name, number in sorted(course.deeds.items())),
        ("rows", found.rows),
        ("sent", found.sent),
        ("skipped", found.skipped),
        ("interrupted", found.interrupted.total()),
        ("of them, messages that had arrived", found.arrived),
        ("**received twice**", found.twice),
        ("**lost, or without an end**", found.lost),
        ("`scheduled_at` is a dead run's lease end", found.moved),
        ("other faults", len(course.faults)),
    ]
    yield _table(("", "number"), [(name, f"{number:,}") for name, number in sums])
    yield _by_point(course)


def _by_point(course: Course) -> str:
    struck = Counter(struck.point.name for struck in course.weather.struck)
    interrupted = course.aftermath.interrupted
    rows = [(name, f"{struck[name]}", f"{interrupted[name]}") for name in sorted(struck)]
    return _table(("killed, or cut off", "times", "interrupted"), rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
