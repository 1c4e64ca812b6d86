"""How fast messages may begin."""

from __future__ import annotations

import math
import time
from types import SimpleNamespace
from typing import Any, cast

from segmail.delivery.pace import Pace, Waiting
from segmail.delivery.rows.outcome import Attempt


def attempt(recipient: str, queue_id: int = 1) -> Attempt:
    prepared: Any = SimpleNamespace(envelope=SimpleNamespace(recipient=recipient))
    return Attempt(prepared, queue_id, cast(Any, None))


def taken(waiting: Waiting) -> list[str]:
    """Return the recipients of those that may begin now."""
    found = []
    while (one := waiting.take()) is not None:
        found.append(one.prepared.envelope.recipient)
    return found


def test_without_limits_messages_begin_in_their_order() -> None:
    waiting = Waiting([attempt("a@one.test"), attempt("b@one.test")], Pace())

    assert waiting.seconds() == 0
    assert taken(waiting) == ["a@one.test", "b@one.test"]
    assert waiting.seconds() == math.inf


def test_a_domain_that_has_had_its_share_lets_the_others_pass() -> None:
    letters = [attempt(f"{name}@{domain}") for domain in ("One.test", "two.test") for name in "ab"]
    waiting = Waiting(letters, Pace(domain_per_minute=1))

    assert taken(waiting) == ["a@One.test", "a@two.test"]
    assert 59 < waiting.seconds() <= 60
    assert len(waiting.take_all()) == 2


def test_messages_to_one_domain_keep_their_distance_over_batches() -> None:
    pace, began = Pace(domain_per_minute=600), time.monotonic()  # one every 0.1 seconds
    starts: list[float] = []

    for _ in range(2):
        waiting = Waiting([attempt("a@one.test")] * 3, pace)
        while waiting:
            time.sleep(waiting.seconds())
            starts += [time.monotonic() - began for _ in taken(waiting)]

    assert len(starts) == 6
    assert all(start >= number * 0.1 - 0.001 for number, start in enumerate(starts))


def test_a_rate_is_kept_over_batches_and_by_whoever_looks_late() -> None:
    pace, began = Pace(per_second=50), time.monotonic()
    late = 0.01

    for _ in range(2):
        waiting = Waiting([attempt("a@one.test")] * 10, pace)
        while waiting:
            time.sleep(waiting.seconds() + late)
            assert len(taken(waiting)) <= 2

    assert 0.36 <= time.monotonic() - began < 20 * (0.02 + late)


def test_a_message_that_was_introduced_in_vain_is_the_next_one() -> None:
    first, second = attempt("a@one.test", 1), attempt("b@one.test", 2)
    waiting = Waiting([first, second], Pace())
    waiting.take()

    waiting.put_back(first)

    assert taken(waiting) == ["a@one.test", "b@one.test"]
