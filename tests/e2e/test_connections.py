"""How many connections a run opens: as there is work, and as the mail server takes them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from segmail.clock import Clock
from segmail.delivery.job import Stop
from segmail.delivery.pace import Pace
from segmail.delivery.rows.journal import Journal
from segmail.delivery.rows.outcome import Attempt, Outcome, Status
from segmail.delivery.senders import Limits, Senders
from segmail.mail.envelope import Envelope
from segmail.transport.connections import Opener
from segmail.transport.mail_url import parse_mail_url
from segmail.transport.mailer import Accepted
from segmail.transport.mailer_connection import MailerConnection
from segmail.transport.opener import opener_for
from tests.sending import DATA, patience
from tests.smtp_server import Fault, Script, Server, scripted_server

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT_ONCE: Script = {"EHLO": "250-mail.test\n250 PIPELINING"}


def attempts(count: int) -> Sequence[Attempt]:
    return [Attempt(_prepared(number), number, NOW) for number in range(1, count + 1)]


def _prepared(number: int) -> Any:
    return SimpleNamespace(
        envelope=Envelope("shop@example.com", f"{number}@example.com", DATA),
        row=SimpleNamespace(progress_id=number, lease_until=NOW + timedelta(days=1)),
        subscriber=SimpleNamespace(subscriber_id=number),
        coupon=None,
        template=SimpleNamespace(template_id=1),
    )


@pytest.fixture
def senders(tmp_path: Path) -> Iterator[Callable[..., Senders]]:
    """Return a function that makes the senders of a run with so many connections, at most."""
    with closing(Journal(tmp_path, "shop", now=NOW)) as journal:

        def make(opener: Opener, connections: int, stop: Stop | None = None) -> Senders:
            limits = Limits(stop or Stop(), None, timedelta(0), Pace(), recheck_seconds=60)
            return Senders(
                opener, connections=connections, limits=limits, journal=journal, clock=Clock(NOW)
            )

        yield make


def sent(sending: Senders, count: int) -> list[Outcome]:
    """Send so many messages in one batch; return what became of them."""
    with closing(sending):
        assert sending.reach()
        groups = sending.send(attempts(count), ask_again=lambda _: ({}, 0.0), asked_at=1e9)
        return [outcome for group in groups for outcome in group]


def _stop_after_the_first(server: Server, stop: Stop) -> None:
    server.accepted.wait()
    stop.ask()


def opener(server: Server) -> Opener:
    return opener_for(parse_mail_url(server.url(patience())))


def test_connections_double_while_messages_wait_up_to_their_number(
    senders: Callable[..., Senders],
) -> None:
    """No message ends before all connections are there, so each one more is needed."""
    all_there, lock = threading.Event(), threading.Lock()
    begun, opened, seen = 0, 0, []

    def send(_envelope: Envelope) -> Accepted:
        all_there.wait()
        return Accepted("250 Ok")

    def open_one(_on_socket: object) -> MailerConnection:
        nonlocal begun, opened
        with lock:
            begun += 1
            seen.append((begun - opened, opened))
        with lock:
            opened += 1
            if opened == 16:
                all_there.set()
        return MailerConnection(send, takes_long=True)

    outcomes = sent(senders(open_one, 16), 120)

    assert Counter(outcome.status for outcome in outcomes) == {Status.SENT: 120}
    assert opened == 16
    assert all(opening <= max(1, are_open) for opening, are_open in seen)


@pytest.mark.parametrize(("room", "connections"), [(3, 4), (1, 2)])
def test_a_refused_connection_halves_their_number(
    senders: Callable[..., Senders], room: int, connections: int, caplog: pytest.LogCaptureFixture
) -> None:
    slow = {**AT_ONCE, "body": Fault.PAUSE}

    with caplog.at_level("INFO", "segmail"), scripted_server(slow, room=room) as server:
        sending = senders(opener(server), 16)
        outcomes = sent(sending, 20)

    assert sending.fault is None
    assert Counter(outcome.status for outcome in outcomes) == {Status.SENT: 20}
    assert (server.connections, server.at_once) == (connections, room)
    assert caplog.text.count("Going on with fewer connections: ") == 1


def test_a_connection_that_closes_leaves_one_message_in_doubt_and_the_next_goes_elsewhere(
    senders: Callable[..., Senders],
) -> None:
    breaks: Script = {**AT_ONCE, "end": ["250 2.0.0 Ok", Fault.DROP]}

    with scripted_server(breaks, breaks, breaks, AT_ONCE) as server:
        outcomes = sent(senders(opener(server), 3), 40)

    interrupted = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
    assert len(outcomes) == len({outcome.queue_id for outcome in outcomes}) == 40
    assert len(interrupted) == 3
    assert all(outcome.reason.startswith("interrupted: ") for outcome in interrupted)
    assert len(server.messages) == 37
    assert set(Counter(m.rcpt_to for m in server.received).values()) == {1}


def test_a_run_that_is_to_end_waits_for_messages_under_way_and_begins_no_other(
    senders: Callable[..., Senders],
) -> None:
    stop = Stop()
    with scripted_server({**AT_ONCE, "body": Fault.PAUSE}) as server:
        stopper = threading.Thread(target=_stop_after_the_first, args=(server, stop))
        stopper.start()
        outcomes = sent(senders(opener(server), 2, stop), 40)
        stopper.join()

    counted = Counter(outcome.status for outcome in outcomes)
    assert counted.keys() == {Status.SENT, Status.RELEASED}
    assert counted.total() == 40
    assert counted[Status.SENT] == len(server.messages) < 10
