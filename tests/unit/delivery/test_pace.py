"""How fast messages may begin."""

from __future__ import annotations

import threading
import time
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

from segmail.delivery.pace import Pace, Waiting
from segmail.delivery.rows.outcome import Attempt


def attempt(recipient: str) -> Attempt:
    prepared: Any = SimpleNamespace(envelope=SimpleNamespace(recipient=recipient))
    return Attempt(prepared, 1, cast(Any, None))


def taken(waiting: Waiting, count: int) -> list[str]:
    found = [waiting.take() for _ in range(count)]
    return [one.prepared.envelope.recipient for one in found if one is not None]


def test_without_limits_messages_begin_in_their_order() -> None:
    waiting = Waiting([attempt("a@one.test"), attempt("b@one.test")], Pace(), threading.Event())

    assert taken(waiting, 3) == ["a@one.test", "b@one.test"]


def test_a_domain_that_has_had_its_share_lets_the_others_pass() -> None:
    letters = [attempt(f"{name}@{domain}") for domain in ("One.test", "two.test") for name in "ab"]
    waiting = Waiting(letters, Pace(domain_per_minute=1), threading.Event())

    assert taken(waiting, 2) == ["a@One.test", "a@two.test"]


def test_messages_to_one_domain_keep_their_distance_over_batches_and_threads() -> None:
    pace, stop = Pace(domain_per_minute=600), threading.Event()  # one every 0.1 seconds
    began, starts = time.monotonic(), []

    def work(waiting: Waiting) -> None:
        while waiting.take() is not None:
            starts.append(time.monotonic() - began)

    for _ in range(2):
        waiting = Waiting([attempt("a@one.test")] * 3, pace, stop)
        threads = [threading.Thread(target=work, args=(waiting,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert all(start >= number * 0.1 - 0.001 for number, start in enumerate(sorted(starts)))
    assert len(starts) == 6


def test_a_run_that_is_to_stop_hands_out_the_rest_at_once() -> None:
    stop = threading.Event()
    waiting = Waiting([attempt("a@one.test")] * 5, Pace(domain_per_minute=1), stop)
    waiting.take()

    stop.set()

    assert Counter(taken(waiting, 5)) == {"a@one.test": 4}
