"""Measures what a message costs, in one process and one run: `bin/bench-messages`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from segmail.delivery.links import LinkTags
from segmail.delivery.message import build_message
from segmail.delivery.plain_text import plain_text
from tests.benchmarks.messages.letters import newsletters
from tests.benchmarks.messages.standard import differences, standard_message

_LETTERS = 60
_ROUNDS = 7
_GOAL = 5

T = TypeVar("T")


def main() -> int:
    """Print the figures; return 1 where messages differ or are not fast enough."""
    letters = newsletters(_LETTERS)
    different = [
        told
        for letter in letters
        for told in differences(build_message(letter), standard_message(letter))
    ]
    size = sum(len(build_message(letter)) for letter in letters) / len(letters)
    print(f"{len(letters)} letters, {size / 1000:.1f} KB a message, {len(different)} differences")
    print("\n".join(different[:10]), end="")
    ours, standard = _side_by_side(build_message, standard_message, letters)
    ratio = standard / ours
    print(f"EmailMessage.as_bytes  {_told(standard)}")
    print(f"build_message          {_told(ours)}, {ratio:.1f} times as fast (goal: {_GOAL})")
    bodies = [letter.body for letter in letters]
    tags = LinkTags({"utm_source": "newsletter"}, {"shop.example.com"})
    print(f"plain_text             {_told(_best(plain_text, bodies))}")
    print(f"link tags              {_told(_best(tags.tag_html, bodies))}")
    return 0 if ratio >= _GOAL and not different else 1


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
    return f"{seconds * 1000:.3f} ms, {1 / seconds:,.0f} a second"


if __name__ == "__main__":
    sys.exit(main())
