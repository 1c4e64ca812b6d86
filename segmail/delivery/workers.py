"""Sends with several processes: each claims its own rows, as runs on several hosts would.

Python runs on one core at a time, and most of an e-mail's work is rendering and writing it. The
processes share nothing but the limit. The first one sends, too: each takes memory.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess

from segmail.delivery.assemble import Share, Work, send_share
from segmail.delivery.job import Stop
from segmail.delivery.quota import Quota
from segmail.delivery.rows.outcome import Outcome
from segmail.errors import SegmailError, WorkerDied

_FORK = multiprocessing.get_context("fork")  # what is loaded is shared
_LOOK = 0.2  # seconds between two looks at what a signal asked for

_Tell = Callable[[Sequence[Outcome]], None]


@dataclass(frozen=True)
class _Ended:
    """A process came to its end; what ended its sending early, or what it raised, if anything."""

    fault: SegmailError | None = None
    error: Exception | None = None


class WorkerBug(Exception):
    """A bug in one of the processes; the text is the traceback from there."""


def send_in_processes(work: Work, *, on_outcomes: _Tell) -> SegmailError | None:
    """Send with `work.due.workers` processes, this one among them; return what ended one early.

    Each logs its outcomes itself; `on_outcomes` gets them here, from one thread at a time. When
    this process dies, the others end in order. Raises what any of them raised (WorkerBug for a bug
    in another one); WorkerDied where one was killed, whose rows come due again by themselves.
    """
    job, limit, number_of_all = work.job, work.options.limit, work.due.workers
    job.shop.database.close()  # a connection cannot be shared
    work.preparer.read_ahead()
    gc.freeze()  # what is loaded stays shared: the collector would write into each page of it
    quota = Quota(limit, _FORK.Value("q", limit) if limit else None)
    alive, held = _FORK.Pipe(duplex=False)
    others: dict[Connection, ForkProcess] = {}
    for number in range(1, number_of_all):
        told, tells = _FORK.Pipe(duplex=False)
        other = _Other(work, Share(number, number_of_all), quota)
        process = _FORK.Process(target=other.run, args=(tells, alive, held), daemon=True)
        process.start()
        tells.close()
        others[told] = process
    alive.close()
    company = Company(others, job.stop, on_outcomes)
    with company:
        fault = send_share(work, Share(0, number_of_all), quota, on_outcomes=company.tell)
    return fault or company.fault()


@dataclass(frozen=True)
class _Other:
    """What each of the other processes does."""

    work: Work
    share: Share
    quota: Quota

    def run(self, tells: Connection, alive: Connection, held: Connection) -> None:
        held.close()  # the first process holds the only other end
        threading.Thread(target=self._end_with_parent, args=(alive,), daemon=True).start()
        tells.send(self._send(tells))

    def _send(self, tells: Connection) -> _Ended:
        def tell(outcomes: Sequence[Outcome]) -> None:
            tells.send([replace(outcome, error=None) for outcome in outcomes])

        try:
            return _Ended(send_share(self.work, self.share, self.quota, on_outcomes=tell))
        except SegmailError as error:
            return _Ended(error=error)
        except Exception:  # noqa: BLE001 - the first process raises it
            return _Ended(error=WorkerBug(traceback.format_exc()))
        finally:
            self.work.job.shop.database.close()

    def _end_with_parent(self, alive: Connection) -> None:
        """Wait for the first process's end of the pipe to close, which also kill -9 does."""
        wait([alive])
        self.work.job.stop.ask()


class Company:
    """The other processes, listened to while this one sends; left when all have ended."""

    def __init__(
        self, processes: dict[Connection, ForkProcess], stop: Stop, on_outcomes: _Tell
    ) -> None:
        self._processes = processes
        self._stop = stop
        self._on_outcomes = on_outcomes
        self._one_at_a_time = threading.Lock()
        self._ends: list[_Ended] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> None:
        self._listener.start()

    def __exit__(self, *_raised: object) -> None:
        self._listener.join()
        for process in self._processes.values():
            process.join()

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        with self._one_at_a_time:
            self._on_outcomes(outcomes)

    def fault(self) -> SegmailError | None:
        """Return what ended the sending of one early, or raise what one raised."""
        for end in self._ends:
            if end.error is not None:
                raise end.error
        return next((end.fault for end in self._ends if end.fault is not None), None)

    def _listen(self) -> None:
        """Hand on what the processes tell, until each has ended; pass a signal on to them."""
        talking = set(self._processes)
        passed_on = False
        while talking:
            if self._stop.now.is_set() and not passed_on:
                passed_on = True
                self._pass_on()
            for told in wait(talking, timeout=_LOOK):
                assert isinstance(told, Connection)  # noqa: S101 - nothing else was waited for
                if end := self._heard(told):
                    self._ends.append(end)
                    talking.discard(told)

    def _heard(self, told: Connection) -> _Ended | None:
        """Hand on one message; return how the process ended, where that is what it tells."""
        try:
            message = told.recv()
        except (EOFError, OSError):  # the latter: it was killed in the middle of telling
            self._processes[told].join()
            return _Ended(error=WorkerDied(self._processes[told].exitcode))
        if isinstance(message, _Ended):
            return message
        self.tell(message)
        return None

    def _pass_on(self) -> None:
        for process in self._processes.values():
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, signal.SIGTERM)
