"""Sends a batch over several connections at once and yields the outcomes in groups."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

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
from segmail.transport.mailer import (
    AcceptanceUnknown,
    Accepted,
    Mailer,
    MailerFactory,
    MessageDeferred,
    MessageRefused,
    NoConnection,
    SenderRefused,
)

_GATHER = 1.0  # seconds in which outcomes join a group: with a fast server, all of a batch
_LOOK = 0.25  # seconds between two checks whether the run must end
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


class _Forbidden(Exception):
    """A message must not be begun; carries its outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class _Patience:
    """Ends the waiting of mailers, some time after a signal asked the run to end."""

    def __init__(self, stop: Stop, mailers: Sequence[Mailer]) -> None:
        self._stop = stop
        self._mailers = mailers
        self._asked: float | None = None

    def look(self) -> None:
        if not self._stop.abort.is_set():
            return
        self._asked = self._asked or time.monotonic()
        if time.monotonic() - self._asked > _PATIENCE:
            for mailer in self._mailers:
                mailer.abort()


class RefusedSenders:
    """The senders whose mails the mail server refuses; shared by several threads.

    The rows of the first such sender wait for a person, those of others go on. A second one shows
    that the sender is not to blame.
    """

    def __init__(self) -> None:
        self._refusals: dict[str, SenderRefused] = {}
        self._lock = threading.Lock()

    def add(self, prepared: Prepared, error: SenderRefused) -> MailServerUnavailable | None:
        """Record a refusal; return the error that ends the run if it is the second sender's."""
        with self._lock:
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
        for sender, error in tuple(self._refusals.items()):
            return ConfigError(
                Fault(
                    f"The mail server takes no mail of the sender {sender}: {error}.",
                    "Its steps stay scheduled; let the server accept it, or give the templates "
                    "another sender.",
                )
            )
        return None


class Senders:
    """One thread and connection each, opened when there is work for them.

    A message is begun only while its lease outlasts the longest SMTP dialogue: then no other run
    can take its row while it is under way.
    """

    def __init__(
        self,
        open_mailer: MailerFactory,
        *,
        connections: int,
        limits: Limits,
        journal: Journal,
        clock: Clock,
    ) -> None:
        self._mailers = [open_mailer() for _ in range(connections)]
        self._limits = limits
        self._patience = _Patience(limits.stop, self._mailers)
        self._journal = journal
        self._clock = clock
        self.refused = RefusedSenders()
        self.is_connected = False
        self._lost: set[Mailer] = set()  # no further connection is opened instead
        self._at_work = 0
        self._one_at_a_time = threading.Lock()
        self._fault: SegmailError | None = None
        self.crash: BaseException | None = None

    @property
    def connections(self) -> int:
        """How many messages are under way at the same time, at most."""
        return len(self._mailers)

    @property
    def fault(self) -> SegmailError | None:
        """What ended the run early, or what a person must fix for a sender that was refused."""
        return self._fault or self.refused.fault()

    def reach(self) -> bool:
        """Connect before anything is recorded; if that is impossible, `fault` says why."""

        def connect() -> None:
            try:
                self._usable()[0].open()
                self.is_connected = True
            except (MailServerUnavailable, ConfigError) as error:
                self._stop(error)
            except BaseException as error:  # noqa: BLE001 - raised below
                self.crash = error

        thread = threading.Thread(target=connect, daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(_LOOK)
            self._patience.look()
        if self.crash is not None:
            raise self.crash
        return not self._limits.stop.no_new.is_set()

    def send(
        self, attempts: Sequence[Attempt], *, ask_again: AskAgain, asked_at: float
    ) -> Generator[list[Outcome]]:
        """Send the messages and yield their outcomes in groups as they arrive.

        The messages were last checked at `asked_at` (`time.monotonic`); `ask_again` checks them
        again. Every attempt gets exactly one outcome. If the server is out of reach, `fault` says
        so and everything that was not begun is released. An unexpected exception of a thread is
        raised at the end, after all other outcomes.
        """
        waiting = Waiting(attempts, self._limits.pace, self._limits.stop.no_new)
        finished: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        last_look = LastLook(attempts, ask_again, at=asked_at, most=self._limits.recheck_seconds)
        threads = [
            threading.Thread(
                target=self._work, args=(mailer, waiting, last_look, finished), daemon=True
            )
            for mailer in self._usable()[: len(attempts)]
        ]
        self._at_work = len(threads)
        for thread in threads:
            thread.start()
        left = len(attempts)
        try:
            while left:
                group = self._gather(finished, left)
                left -= len(group)
                yield group
        finally:
            if left:  # the caller gave up: its database is gone
                self._limits.stop.no_new.set()
            for thread in threads:
                thread.join()
        if self.crash is not None:
            raise self.crash

    def close(self) -> None:
        """Say goodbye to the server on every connection."""
        for mailer in self._mailers:
            mailer.close()

    def _gather(self, finished: queue.SimpleQueue[Outcome], most: int) -> list[Outcome]:
        """Wait for one outcome and take those that follow at once, so that they are settled
        together.
        """
        group = [self._next(finished)]
        deadline = time.monotonic() + _GATHER
        while len(group) < most:
            try:
                group.append(finished.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                break
        return group

    def _next(self, finished: queue.SimpleQueue[Outcome]) -> Outcome:
        """Return the next outcome; a run that must end does not wait long for slow servers."""
        while True:
            try:
                return finished.get(timeout=_LOOK)
            except queue.Empty:
                self._patience.look()

    def _work(
        self,
        mailer: Mailer,
        waiting: Waiting,
        last_look: LastLook,
        finished: queue.SimpleQueue[Outcome],
    ) -> None:
        if not self._opened(mailer):
            return
        ahead: deque[Attempt] = deque()  # messages that the server already knows about

        def take_next() -> Envelope | None:
            while (attempt := waiting.take_now()) is not None:
                if (outcome := self._forbids(attempt, last_look)) is None:
                    ahead.append(attempt)
                    return attempt.prepared.envelope
                last_look.forget(attempt)
                finished.put(outcome)
            return None

        while (attempt := ahead.popleft() if ahead else self._take(waiting)) is not None:
            outcome = self._deliver(mailer, attempt, last_look, take_next)
            last_look.forget(attempt)
            finished.put(outcome)
            if mailer in self._lost and not ahead and not self._limits.stop.no_new.is_set():
                return

    def _take(self, waiting: Waiting) -> Attempt | None:
        attempt = waiting.take()
        if attempt is not None:
            self._limits.pace.wait(self._limits.stop.no_new)
        return attempt

    def _usable(self) -> list[Mailer]:
        return [mailer for mailer in self._mailers if mailer not in self._lost]

    def _opened(self, mailer: Mailer) -> bool:
        """Connect before a message is taken; return False if the others go on without this one."""
        if self._limits.stop.no_new.is_set():
            return True
        try:
            mailer.open()
        except (MailServerUnavailable, ConfigError) as error:
            return not self._others_go_on(mailer, error)
        except BaseException as error:  # noqa: BLE001 - raised again by `send`
            self._crash(error)
        return True

    def _others_go_on(self, mailer: Mailer, error: SegmailError) -> bool:
        """Do without a connection if others are working; end the run for any other error."""
        with self._one_at_a_time:
            is_last = self._at_work == 1 or self._limits.stop.no_new.is_set()
            if mailer in self._lost:
                return True
            if is_last or not isinstance(error, NoConnection):
                self._stop(error)
                return False
            self._at_work -= 1
            first = not self._lost
            self._lost.add(mailer)
        if first:
            logger.info(
                "Going on with fewer connections than asked for, no more are opened: %s", error
            )
        return True

    def _deliver(
        self,
        mailer: Mailer,
        attempt: Attempt,
        last_look: LastLook,
        following: Callable[[], Envelope | None],
    ) -> Outcome:
        begun = False

        def on_introduce() -> None:
            # Checked here, and not before the connection is opened, which may take long.
            if outcome := self._forbids(attempt, last_look):
                raise _Forbidden(outcome)

        def on_begin() -> None:
            nonlocal begun
            self._journal.write(Verdict.BEGUN, [attempt.key])
            begun = True

        send = partial(mailer.send, on_introduce=on_introduce, on_begin=on_begin,
                       following=following)  # fmt: skip
        try:
            return self._dialogue(send, attempt)
        except (MailServerUnavailable, ConfigError) as error:
            self._others_go_on(mailer, error)
            return self._answered(attempt, Verdict.DEFERRED, Status.RELEASED, str(error))
        except BaseException as error:  # noqa: BLE001 - raised again by `send`
            # A bug: end in order, and leave messages that may have been accepted for a person to
            # judge.
            self._crash(error)
            if begun:
                return outcome_of(attempt, Status.FAILED, f"interrupted by a bug: {error!r}")
            return outcome_of(attempt, Status.RELEASED, "the run was stopped by a bug")

    def _dialogue(self, send: Callable[[Envelope], Accepted], attempt: Attempt) -> Outcome:
        try:
            accepted = send(attempt.prepared.envelope)
        except _Forbidden as forbidden:
            return forbidden.outcome
        except (MessageRefused, MessageError) as error:
            code = getattr(error, "code", None) or 0
            return self._answered(attempt, Verdict.REFUSED, Status.FAILED, str(error), code)
        except SenderRefused as error:
            if second := self.refused.add(attempt.prepared, error):
                self._stop(second)
            return self._answered(attempt, Verdict.DEFERRED, Status.RELEASED, str(error))
        except MessageDeferred as error:
            code = error.code or 0
            return self._answered(attempt, Verdict.DEFERRED, Status.DEFERRED, str(error), code)
        except AcceptanceUnknown as error:
            return outcome_of(attempt, Status.FAILED, f"interrupted: {error}", error.code or 0)
        return self._answered(attempt, Verdict.ACCEPTED, Status.SENT, accepted.reply)

    def _answered(
        self, attempt: Attempt, verdict: Verdict, status: Status, reason: str, code: int = 0
    ) -> Outcome:
        """Record the answer; if the journal fails now, the run ends but no outcome changes."""
        try:
            self._journal.write(verdict, [attempt.key])
        except ConfigError as error:
            self._stop(error)
        return outcome_of(attempt, status, reason, code)

    def _forbids(self, attempt: Attempt, last_look: LastLook) -> Outcome | None:
        """Return the outcome of a message that must not be announced to the server now."""
        if reason := self._reason_not_to_begin(attempt):
            return outcome_of(attempt, Status.RELEASED, reason)
        try:
            return last_look.forbids(attempt)
        except DatabaseUnavailable as error:  # the check failed; raised again by `send`
            self._crash(error)
            return outcome_of(attempt, Status.RELEASED, str(error))
        except BaseException as error:  # noqa: BLE001 - raised again by `send`
            self._crash(error)
            return outcome_of(attempt, Status.RELEASED, "the run was stopped by a bug")

    def _crash(self, error: BaseException) -> None:
        self.crash = error
        self._limits.stop.no_new.set()

    def _reason_not_to_begin(self, attempt: Attempt) -> str | None:
        now = self._clock.now()
        if self._limits.stop.no_new.is_set():
            return str(self.fault) if self.fault else "the run was stopped"
        if reason := self.refused.reason(attempt.prepared):
            return reason
        if self._limits.until is not None and now >= self._limits.until:
            return "the time of this run is over"
        if attempt.prepared.row.lease_until - now < self._limits.longest_dialogue:
            return "too little of the lease is left"
        return None

    def _stop(self, error: SegmailError) -> None:
        if not self._limits.stop.abort.is_set():  # then it was broken off here
            self._fault = self._fault or error
        self._limits.stop.no_new.set()
