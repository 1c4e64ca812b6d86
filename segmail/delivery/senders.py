"""Sends a batch over several connections at once and yields the outcomes in groups."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from segmail.clock import Clock
from segmail.delivery.job import Stop
from segmail.delivery.last_look import AskAgain, LastLook
from segmail.delivery.pace import Pace, Waiting
from segmail.delivery.rows.journal import Journal, Verdict
from segmail.delivery.rows.outcome import Attempt, Outcome, Status, outcome_of
from segmail.errors import (
    ConfigError,
    DatabaseUnavailable,
    Fault,
    MailServerUnavailable,
    MessageError,
    SegmailError,
)
from segmail.log import logger
from segmail.mail.due_row import Prepared
from segmail.mail.envelope import Envelope
from segmail.transport.connections import Connection, Connections, NotOpened, Opener
from segmail.transport.mailer import (
    AcceptanceUnknown,
    Accepted,
    Answered,
    GoAhead,
    MessageDeferred,
    MessageRefused,
    NoConnection,
    NotBegun,
    SenderRefused,
)

_GATHER = 1.0  # seconds in which outcomes join a group: with a fast server, all of a batch
_LOOK = 0.25  # seconds between two checks whether the run must end
_STEP = 0.05  # seconds after which more connections are opened if messages still wait
_PATIENCE = 3.0  # seconds for which a run that must end waits for messages under way


@dataclass(frozen=True)
class Limits:
    """When no message may be begun any more."""

    stop: Stop  # a signal, or a server that is out of reach
    until: datetime | None  # --max-time
    longest_dialogue: timedelta  # a message is not begun with less lease left
    pace: Pace
    recheck_seconds: float  # a message is not begun if its row was checked longer ago

    def reached(self, now: datetime) -> bool:
        """Return whether the run must end at `now`."""
        return self.stop.no_new.is_set() or (self.until is not None and now >= self.until)


class RefusedSenders:
    """The senders whose mails the mail server refuses.

    The rows of the first such sender wait for a person, those of others go on. A second one shows
    that the sender is not to blame.
    """

    def __init__(self) -> None:
        self._refusals: dict[str, SenderRefused] = {}

    def add(self, prepared: Prepared, error: SenderRefused) -> MailServerUnavailable | None:
        """Record a refusal; return the error that ends the run if it is the second sender's."""
        self._refusals.setdefault(prepared.envelope.sender, error)
        if len(self._refusals) == 1:
            return None
        return MailServerUnavailable(f"The mail server refuses more than one sender: {error}.")

    def reason(self, prepared: Prepared) -> str | None:
        """Return why no mail of this message's sender may be begun, if that is so."""
        error = self._refusals.get(prepared.envelope.sender)
        return str(error) if error else None

    def fault(self) -> ConfigError | None:
        """Return what a person must fix, if anything."""
        for sender, error in self._refusals.items():
            return ConfigError(
                Fault(
                    f"The mail server takes no mail of the sender {sender}: {error}.",
                    "Its steps stay scheduled; let the server accept it, or give the templates "
                    "another sender.",
                )
            )
        return None


class Losses:
    """Messages of which nobody knows whether they arrived: the server gave no answer at the end.

    A server that restarts loses one on each connection. If one more is lost before the server has
    answered any other, each would be: a server, a filter or a program that is broken would leave
    all due rows in doubt.
    """

    def __init__(self) -> None:
        self._in_a_row = 0
        self._connections = 1

    def answered(self) -> None:
        """Note that the server does answer."""
        self._in_a_row = 0

    def add(self, connections: int, error: AcceptanceUnknown) -> MailServerUnavailable | None:
        """Record a loss; return the error that ends the run if there are too many in a row.

        `connections` is how many there were before it.
        """
        if not self._in_a_row:
            self._connections = connections
        self._in_a_row += 1
        if self._in_a_row <= self._connections:
            return None
        return MailServerUnavailable(
            f"The mail server takes messages without saying what becomes of them: {error}."
        )


class Senders:
    """One loop over all connections, opened as there is work and as the server takes them.

    A message is begun only while its lease outlasts the longest SMTP dialogue: then no other run
    can take its row while it is under way.
    """

    def __init__(
        self, opener: Opener, *, connections: int, limits: Limits, journal: Journal, clock: Clock
    ) -> None:
        self.connections = Connections(opener)
        self._most = connections
        self._tried = 1  # connections at the same time, when some were last opened
        self._may_open_at = 0.0
        self._limits = limits
        self._journal = journal
        self._clock = clock
        self.refused = RefusedSenders()
        self._waiting = Waiting([], limits.pace)
        self._last_look = LastLook([], lambda _: ({}, 0.0), at=0.0, most=0.0)
        self._under_way: dict[Envelope, tuple[Connection, Attempt]] = {}
        self._begun: set[int] = set()  # ids of attempts whose content may have left
        self._losses = Losses()
        self._outcomes: list[Outcome] = []
        self._has_fewer = False
        self._asked_to_end: float | None = None
        self._fault: SegmailError | None = None
        self._crash: BaseException | None = None

    @property
    def fault(self) -> SegmailError | None:
        """What ended the run early, or what a person must fix for a sender that was refused."""
        return self._fault or self.refused.fault()

    def reach(self) -> bool:
        """Connect before anything is recorded; if that is impossible, `fault` says why."""
        self._exchange(0)  # the server may have closed what idled
        while not self.connections.open and not self._limits.stop.no_new.is_set():
            if not self.connections.opening:
                self._open(1)
            self._exchange(_LOOK)
        if self._crash is not None:
            raise self._crash
        for connection in self.connections.open:
            connection.may_be_stale = True  # by the time the first message comes
        return not self._limits.stop.no_new.is_set()

    def send(
        self, attempts: Sequence[Attempt], *, ask_again: AskAgain, asked_at: float
    ) -> Generator[list[Outcome]]:
        """Send the messages and yield their outcomes in groups as they arrive.

        The messages were last checked at `asked_at` (`time.monotonic`); `ask_again` checks them
        again. Every attempt gets exactly one outcome. If the server is out of reach, `fault` says
        so and everything that was not begun is released. An unexpected exception is raised at the
        end, after all outcomes.
        """
        self._waiting = Waiting(attempts, self._limits.pace)
        self._last_look = LastLook(
            attempts, ask_again, at=asked_at, most=self._limits.recheck_seconds
        )
        left, told_at = len(attempts), time.monotonic()
        self._may_open_at = told_at + _STEP
        try:
            while left:
                try:
                    self._exchange(self._begin_messages())
                except Exception as error:  # noqa: BLE001 - raised below
                    self._end_by_bug(error)
                is_last = len(self._outcomes) == left
                if is_last or (self._outcomes and time.monotonic() - told_at > _GATHER):
                    group, self._outcomes = self._outcomes, []
                    left -= len(group)
                    yield group
                    told_at = time.monotonic()
        finally:
            if left:  # the caller gave up: its database is gone
                self._limits.stop.no_new.set()
                while self._under_way and self.connections.open:
                    self._exchange(_LOOK)
        if self._crash is not None:
            raise self._crash

    def close(self) -> None:
        """Say goodbye to the server on every connection."""
        self.connections.close()

    def _exchange(self, seconds: float) -> None:
        """Wait at most so long for the next events, and handle them."""
        if self._limits.stop.abort.is_set():
            self._asked_to_end = self._asked_to_end or time.monotonic()
            if time.monotonic() - self._asked_to_end > _PATIENCE:
                self.connections.abort()
        for event in self.connections.poll(seconds):
            match event:
                case NotOpened(error):
                    self._do_without(error)
                case GoAhead(envelope):
                    self._hand_over(*self._under_way[envelope])
                case NotBegun(envelope):
                    self._waiting.put_back(self._under_way.pop(envelope)[1])
                case Answered(envelope, result):
                    self._end(self._under_way.pop(envelope)[1], result)

    def _begin_messages(self) -> float:
        """Introduce messages on idle connections; return the seconds to wait at most."""
        while not self._limits.stop.no_new.is_set() and self._waiting.seconds() == 0:
            connection = self.connections.idle()
            if connection is None:
                self._open_more()
                return _STEP
            if self.connections.count > self._most:
                connection.say_goodbye()
                connection.drop()
            elif attempt := self._next():
                self._introduce(connection, attempt)
        if self._limits.stop.no_new.is_set():
            for attempt in self._waiting.take_all():
                self._release(attempt, str(self.fault or "the run was stopped"))
        is_all = not self._waiting and not self._under_way
        return 0.0 if is_all else min(_LOOK, self._waiting.seconds())

    def _open_more(self) -> None:
        """Double the connections while messages wait: the server may not take so many."""
        is_open = len(self.connections.open)
        may_open = time.monotonic() >= self._may_open_at or not is_open
        if may_open and not self.connections.opening:
            self._open(min(max(1, is_open), self._most - is_open, len(self._waiting)))

    def _open(self, more: int) -> None:
        for _ in range(more):
            self.connections.open_one()
        if more > 0:
            self._tried = self.connections.count
            self._may_open_at = time.monotonic() + _STEP

    def _do_without(self, error: BaseException) -> None:
        """Go on with half the connections if there are others; else end the run."""
        if not isinstance(error, MailServerUnavailable | ConfigError):
            self._break_off(error)
        elif not isinstance(error, NoConnection) or not self.connections.count:
            self._stop(error)
        elif not self._limits.stop.no_new.is_set():
            if not self._has_fewer:
                logger.info("Going on with fewer connections: %s", error)
            self._has_fewer, self._most = True, max(1, self._tried // 2)

    def _next(self) -> Attempt | None:
        """Return the next message that may be announced to the server now."""
        while not self._limits.stop.no_new.is_set() and (attempt := self._waiting.take()):
            if (outcome := self._forbids(attempt)) is None:
                return attempt
            self._done(attempt, outcome)
        return None

    def _introduce(self, connection: Connection, attempt: Attempt) -> None:
        envelope = attempt.prepared.envelope
        try:
            connection.introduce(envelope)
        except MessageError as error:
            self._end(attempt, error)
        else:
            self._under_way[envelope] = (connection, attempt)

    def _hand_over(self, connection: Connection, attempt: Attempt) -> None:
        """Send the content, and announce the next message if that can go with it."""
        reason = self._reason_not_to_begin(attempt)
        if reason is None:
            try:
                self._journal.write(Verdict.BEGUN, [attempt.key])
            except ConfigError as error:
                self._stop(error)
                reason = str(error)
        if reason is not None:
            connection.drop()  # nothing but content can be sent there
            del self._under_way[attempt.prepared.envelope]
            self._release(attempt, reason)
            return
        self._begun.add(attempt.queue_id)
        connection.hand_over()
        if connection.takes_next and (following := self._next()):
            self._introduce(connection, following)

    def _forbids(self, attempt: Attempt) -> Outcome | None:
        """Return the outcome of a message that must not be announced to the server now."""
        if reason := self._reason_not_to_begin(attempt):
            return outcome_of(attempt, Status.RELEASED, reason)
        try:
            return self._last_look.forbids(attempt)
        except DatabaseUnavailable as error:  # the check failed; raised again by `send`
            self._break_off(error)
            return outcome_of(attempt, Status.RELEASED, str(error))

    def _reason_not_to_begin(self, attempt: Attempt) -> str | None:
        now = self._clock.now()
        if reason := self.refused.reason(attempt.prepared):
            return reason
        if self._limits.until is not None and now >= self._limits.until:
            return "the time of this run is over"
        if attempt.prepared.row.lease_until - now < self._limits.longest_dialogue:
            return "too little of the lease is left"
        return None

    def _end(self, attempt: Attempt, result: Accepted | BaseException) -> None:
        """Record what became of a message that the server knew about."""
        match result:
            case Accepted(reply):
                self._answered(attempt, Verdict.ACCEPTED, Status.SENT, reply)
            case MessageRefused() | MessageError():
                self._answered(attempt, Verdict.REFUSED, Status.FAILED, result)
            case MessageDeferred():
                self._answered(attempt, Verdict.DEFERRED, Status.DEFERRED, result)
            case AcceptanceUnknown():
                self._lose(attempt, result)
            case SenderRefused():
                if second := self.refused.add(attempt.prepared, result):
                    self._stop(second)
                self._answered(attempt, Verdict.DEFERRED, Status.RELEASED, result)
            case MailServerUnavailable() | ConfigError():
                self._do_without(result)
                self._answered(attempt, Verdict.DEFERRED, Status.RELEASED, result)
            case _:
                self._break_off(result)
                self._interrupt(attempt, result)

    def _answered(
        self, attempt: Attempt, verdict: Verdict, status: Status, answer: str | Exception
    ) -> None:
        """Record the answer; if the journal fails now, the run ends but no outcome changes."""
        if isinstance(answer, str | MessageRefused):
            self._losses.answered()
        try:
            self._journal.write(verdict, [attempt.key])
        except ConfigError as error:
            self._stop(error)
        code = getattr(answer, "code", None) or 0
        self._done(attempt, outcome_of(attempt, status, str(answer), code))

    def _lose(self, attempt: Attempt, error: AcceptanceUnknown) -> None:
        """Leave a message that was not answered for a person to judge."""
        if broken := self._losses.add(self._tried, error):
            self._stop(broken)
        reason = f"interrupted: {error}"
        self._done(attempt, outcome_of(attempt, Status.FAILED, reason, error.code or 0))

    def _end_by_bug(self, error: Exception) -> None:
        """Give every message its outcome, because nobody knows how far the loop came."""
        self._break_off(error)
        self._waiting.take_all()
        self._under_way.clear()
        self.connections.abort()
        for attempt in self._last_look.left:
            self._interrupt(attempt, error)

    def _interrupt(self, attempt: Attempt, error: BaseException) -> None:
        """Leave a message that may have been accepted for a person to judge."""
        if attempt.queue_id in self._begun:
            reason = f"interrupted by a bug: {error!r}"
            self._done(attempt, outcome_of(attempt, Status.FAILED, reason))
        else:
            self._release(attempt, "the run was stopped by a bug")

    def _release(self, attempt: Attempt, reason: str) -> None:
        self._done(attempt, outcome_of(attempt, Status.RELEASED, reason))

    def _done(self, attempt: Attempt, outcome: Outcome) -> None:
        self._last_look.forget(attempt)
        self._begun.discard(attempt.queue_id)
        self._outcomes.append(outcome)

    def _break_off(self, error: BaseException) -> None:
        self._crash = error
        self._limits.stop.no_new.set()

    def _stop(self, error: SegmailError) -> None:
        if not self._limits.stop.abort.is_set():  # then it was broken off here
            self._fault = self._fault or error
        self._limits.stop.no_new.set()
