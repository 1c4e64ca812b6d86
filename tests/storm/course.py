"""One storm from its beginning to its end: rounds of kills, after each everything is checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.storm.aftermath import Aftermath, Inspector
from tests.storm.points import Point
from tests.storm.storm import Storm, Weather

_ROUND = 20  # points


@dataclass(frozen=True)
class Course:
    """What happened, and what it left behind."""

    weather: Weather
    aftermath: Aftermath
    seconds: float
    deeds: Mapping[str, int]  # what others did meanwhile

    @property
    def faults(self) -> list[str]:
        """Return every promise that was broken; points that were not met prove nothing."""
        missed = [f"no run came to: {point.name}" for point in self.weather.missed]
        return [*self.weather.faults, *self.aftermath.faults, *missed]

    @property
    def kills(self) -> int:
        return sum(struck.point.is_kill for struck in self.weather.struck)


def pass_over(
    storm: Storm, points: Sequence[Point], *, told: Callable[[str], None] = lambda _line: None
) -> Course:
    """Strike at every point, let the runs finish after each round, and check what they left."""
    began = time.monotonic()
    inspector, weather = Inspector(storm.shop), storm.weather
    for start in range(0, len(points), _ROUND):
        before = len(weather.struck)
        for number, point in enumerate(points[start : start + _ROUND], start + 1):
            struck = storm.strike(point)
            told(f"{number} of {len(points)}: {point.name}{'' if struck else ' (not met)'}")
        inspector.look(storm.calm_down(), weather.struck[before:])
        found = inspector.found
        told(
            f"{found.rows} rows: {found.sent} sent, {found.skipped} skipped, "
            f"{found.interrupted.total()} interrupted, "
            f"{found.twice} twice, {found.lost} lost, {len(found.faults)} faults"
        )
    return Course(weather, inspector.found, time.monotonic() - began, {
        **storm.others.done, "jobs killed": storm.others.killed,
    })  # fmt: skip
