"""Measures what a message costs, in one process and one run: `bin/bench-messages`."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from segmail.mail.links import LinkTags
from segmail.mail.plain_text import plain_text
from tests.benchmarks.machine import line_of
from tests.benchmarks.messages.letters import Letter, newsletters
from tests.benchmarks.messages.standard import differences, standard_message

_LETTERS = 60
_ROUNDS = 7
_GOAL = 5

T = TypeVar("T")


def main() -> int:
    """Print and write the figures; return 1 where messages differ or are not fast enough."""
    load = os.getloadavg()[0]
    letters = newsletters(_LETTERS)
    different = [
        told
        for letter in letters
        for told in differences(letter.message(), standard_message(letter))
    ]
    print("\n".join(different[:10]), end="")
    size = sum(len(letter.message()) for letter in letters) / len(letters)
    ours, standard = _side_by_side(Letter.message, standard_message, letters)
    bodies = [letter.html for letter in letters]
    tags = LinkTags({"utm_source": "newsletter"}, {"shop.example.com"})
    report = f"""\
# What `bin/bench-messages` measured

{datetime.now(UTC).date()}, {platform.system()} {platform.release()}, \
{line_of("/proc/cpuinfo", "model name")}, Python {platform.python_version()}; load average {load}.
{len(letters)} letters of {size / 1000:.1f} KB, {len(different)} differences between the two ways.
CPU time of one process in one run; each letter is encoded by itself.

| work | a message | messages a second |
| --- | --- | --- |
| `EmailMessage.as_bytes` | {_told(standard)} |
| segmail's `build_message` | {_told(ours)} |
| the plain-text part | {_told(_best(plain_text, bodies))} |
| `utm_…` parameters | {_told(_best(tags.tag_html, bodies))} |

`build_message` is {standard / ours:.1f} times as fast as `EmailMessage.as_bytes` (goal: {_GOAL}).
"""
    (Path(__file__).parents[1] / "MESSAGES.md").write_text(report, "utf-8")
    print(report)
    return 0 if standard / ours >= _GOAL and not different else 1


def _side_by_side(
    one: Callable[[T], Any], other: Callable[[T], Any], values: list[T]
) -> tuple[float, float]:
    """Return the seconds a value takes by each, measured in turns."""
    rounds = [(_once(one, values), _once(other, values)) for _ in range(_ROUNDS)]
    return min(pair[0] for pair in rounds), min(pair[1] for pair in rounds)


def _best(work: Callable[[T], Any], values: list[T]) -> float:
    return min(_once(work, values) for _ in range(_ROUNDS))


def _once(work: Callable[[T], Any], values: Iterable[T]) -> float:
    count, began = 0, time.process_time()
    for value in values:
        work(value)
        count += 1
    return (time.process_time() - began) / count


def _told(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms | {1 / seconds:,.0f}"


if __name__ == "__main__":
    sys.exit(main())
