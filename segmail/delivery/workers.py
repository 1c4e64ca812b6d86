"""Sends with several processes: each claims its own rows, as runs on several hosts would.

Python runs on one core at a time, and most of an e-mail's work is rendering and writing it. The
processes share nothing but the limit. The first one also sends, because each process takes memory.
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

from segmail.delivery.assemble import Share, Work, open_run
from segmail.delivery.job import Stop
from segmail.delivery.quota import Quota
from segmail.delivery.rows.outcome import Outcome
from segmail.delivery.run import Run
from segmail.errors import SegmailError, WorkerDied
from segmail.log import logger
from segmail.transport.mailer import NoConnection

_FORK = multiprocessing.get_context("fork")  # so that loaded modules and data are shared
_LOOK = 0.2  # seconds between two checks for a signal

_OnOutcomes = Callable[[Sequence[Outcome]], None]


@dataclass(frozen=True)
class _Ended:
    """A process has ended; it says what ended its sending early, or what it raised, if anything."""

    fault: SegmailError | None = None
    error: Exception | None = None
    was_connected: bool = True  # to the mail server, at any time


class WorkerBug(Exception):
    """A bug in one of the processes; the text is the traceback from there."""


def send_in_processes(work: Work, *, on_outcomes: _OnOutcomes) -> SegmailError | None:
    """Send with `work.due.workers` processes, including this one; return what ended one early.

    Each logs its outcomes itself; `on_outcomes` gets them here, from one thread at a time. If this
    process dies, the others end in order. Raises what any of them raised (WorkerBug for a bug in
    another one); WorkerDied if one was killed, whose rows come due again by themselves.
    """
    limit, number_of_all = work.options.limit, work.due.workers
    work.job.shop.database.close()  # a connection cannot be shared
    work.preparer.read_ahead()
    gc.freeze()  # keeps loaded pages shared: the collector would write into each
    quota = Quota(limit, _FORK.Value("q", limit) if limit else None)
    parent_gone, parent_here = _FORK.Pipe(duplex=False)
    processes: dict[Connection, ForkProcess] = {}
    for number in range(1, number_of_all):
        receiver, sender = _FORK.Pipe(duplex=False)
        worker = Worker(work, Share(number, number_of_all), quota)
        process = _FORK.Process(
            target=worker.run, args=(sender, parent_gone, parent_here), daemon=True
        )
        process.start()
        sender.close()
        processes[receiver] = process
    parent_gone.close()
    pool = WorkerPool(processes, work.job.stop, on_outcomes)
    with pool, open_run(work, Share(0, number_of_all)) as run:
        own = _send(run, quota, pool.hand_on)
    return pool.fault(own)


def _send(run: Run, quota: Quota, on_outcomes: _OnOutcomes) -> _Ended:
    """Connect before anything is claimed: a server may have no room for one more process."""
    if run.senders.reach():
        run.send_due(quota, on_outcomes=on_outcomes)
    return _Ended(run.senders.fault, was_connected=run.senders.connections.was_open)


@dataclass(frozen=True)
class Worker:
    """One of the other processes: what it sends, and how it reports to the first one."""

    work: Work
    share: Share
    quota: Quota

    def run(self, sender: Connection, parent_gone: Connection, parent_here: Connection) -> None:
        """Send this worker's share and report through `sender`: its outcomes and its end.

        The first process holds the only `parent_here` that stays open.
        """
        parent_here.close()
        threading.Thread(target=self._end_with_parent, args=(parent_gone,), daemon=True).start()
        sender.send(self._send(sender))

    def _send(self, sender: Connection) -> _Ended:
        def hand_on(outcomes: Sequence[Outcome]) -> None:
            sender.send([replace(outcome, error=None) for outcome in outcomes])

        try:
            with open_run(self.work, self.share) as run:
                return _send(run, self.quota, hand_on)
        except SegmailError as error:
            return _Ended(error=error)
        except Exception:  # noqa: BLE001 - the first process raises it
            return _Ended(error=WorkerBug(traceback.format_exc()))
        finally:
            self.work.job.shop.database.close()

    def _end_with_parent(self, parent_gone: Connection) -> None:
        """Wait for the first process's end of the pipe to close, which kill -9 causes, too."""
        wait([parent_gone])
        self.work.job.stop.ask()


class WorkerPool:
    """The other processes, heard while this one sends; left when all have ended."""

    def __init__(
        self, processes: dict[Connection, ForkProcess], stop: Stop, on_outcomes: _OnOutcomes
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

    def hand_on(self, outcomes: Sequence[Outcome]) -> None:
        """Pass outcomes of any process to `on_outcomes`, one group at a time."""
        with self._one_at_a_time:
            self._on_outcomes(outcomes)

    def fault(self, own: _Ended) -> SegmailError | None:
        """Return what ended the sending of one early, or raise what one raised.

        `own` is the end of the first process. A process that never had a connection does not count
        if another one had.
        """
        ends = [own, *self._ends]
        for end in ends:
            if end.error is not None:
                raise end.error
        left_out = [end.fault for end in ends if isinstance(end.fault, NoConnection)
                    and not end.was_connected]  # fmt: skip
        if left_out and any(end.was_connected for end in ends):
            logger.info("Going on with fewer connections: %s", left_out[0])
            ends = [end for end in ends if end.fault not in left_out]
        return next((end.fault for end in ends if end.fault is not None), None)

    def _listen(self) -> None:
        """Pass on what the processes report, until each has ended; pass a signal on to them."""
        open_receivers = set(self._processes)
        passed_on = False
        while open_receivers:
            if self._stop.abort.is_set() and not passed_on:
                passed_on = True
                self._pass_on()
            for receiver in wait(open_receivers, timeout=_LOOK):
                assert isinstance(receiver, Connection)  # noqa: S101 - nothing else is waited for
                if end := self._receive(receiver):
                    self._ends.append(end)
                    open_receivers.discard(receiver)

    def _receive(self, receiver: Connection) -> _Ended | None:
        """Pass on one message; return how the process ended, if the message says so."""
        try:
            message = receiver.recv()
        except (EOFError, OSError):  # the latter: it was killed while reporting
            self._processes[receiver].join()
            return _Ended(error=WorkerDied(self._processes[receiver].exitcode))
        if isinstance(message, _Ended):
            return message
        self.hand_on(message)
        return None

    def _pass_on(self) -> None:
        for process in self._processes.values():
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, signal.SIGTERM)
