"""Sends with several processes: each claims its own rows, as runs on several hosts would.

Python runs on one core at a time, and most of an e-mail's work is rendering and writing it. The
processes share nothing but the limit, and tell the first one what they did.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess

from segmail.delivery.job import Job, Options
from segmail.delivery.look import Due
from segmail.delivery.opening import Share, open_run
from segmail.delivery.quota import Quota
from segmail.delivery.rows import Outcome
from segmail.delivery.summary import log_outcome
from segmail.errors import SegmailError, WorkerDied

_FORK = multiprocessing.get_context("fork")  # the modules are loaded, the templates need not be
_LOOK = 0.2  # seconds between two looks at what a signal asked for


@dataclass(frozen=True)
class _Ended:
    """A process came to its end; what ended its sending early, or what it raised, if anything."""

    fault: SegmailError | None = None
    error: Exception | None = None


class WorkerBug(Exception):
    """A bug in one of the processes; the text is the traceback from there."""


def send_in_processes(
    job: Job,
    options: Options,
    due: Due,
    *,
    on_outcomes: Callable[[Sequence[Outcome]], None],
) -> SegmailError | None:
    """Send with `due.workers` processes, and return what ended one of them early.

    Each logs its outcomes itself; `on_outcomes` gets them here. When this process dies, the
    others end in order. Raises what any of them raised (WorkerBug for a bug); WorkerDied where one
    was killed, whose rows come due again by themselves.
    """
    job.shop.database.close()  # a connection cannot be shared
    gc.freeze()  # what is loaded stays shared: the collector would write into each page of it
    quota = Quota(options.limit, _FORK.Value("q", options.limit) if options.limit else None)
    alive, held = _FORK.Pipe(duplex=False)
    processes: dict[Connection, ForkProcess] = {}
    for number in range(due.workers):
        told, tells = _FORK.Pipe(duplex=False)
        work = _Work(job, options, due, Share(number, due.workers), quota)
        process = _FORK.Process(target=work.run, args=(tells, alive, held), daemon=True)
        process.start()
        tells.close()
        processes[told] = process
    alive.close()
    ends = list(_listen(processes, job, on_outcomes))
    for process in processes.values():
        process.join()
    for end in ends:
        if end.error is not None:
            raise end.error
    return next((end.fault for end in ends if end.fault is not None), None)


@dataclass(frozen=True)
class _Work:
    """What one of the processes does."""

    job: Job
    options: Options
    due: Due
    share: Share
    quota: Quota

    def run(self, tells: Connection, alive: Connection, held: Connection) -> None:
        held.close()  # the first process holds the only other end
        threading.Thread(target=self._end_with_parent, args=(alive,), daemon=True).start()
        tells.send(self._send(tells))

    def _send(self, tells: Connection) -> _Ended:
        def settled(outcomes: Sequence[Outcome]) -> None:
            for outcome in outcomes:
                log_outcome(outcome)
            tells.send([replace(outcome, error=None) for outcome in outcomes])

        try:
            with ExitStack() as stack:
                run = open_run(self.job, self.options, self.due, stack, self.share)
                run.send_due(self.quota, on_outcomes=settled)
                return _Ended(run.senders.fault)
        except SegmailError as error:
            return _Ended(error=error)
        except Exception:  # noqa: BLE001 - the first process raises it
            return _Ended(error=WorkerBug(traceback.format_exc()))
        finally:
            self.job.shop.database.close()

    def _end_with_parent(self, alive: Connection) -> None:
        """Wait for the first process's end of the pipe to close, which also kill -9 does."""
        wait([alive])
        self.job.stop.ask()


def _listen(
    processes: dict[Connection, ForkProcess],
    job: Job,
    on_outcomes: Callable[[Sequence[Outcome]], None],
) -> Iterator[_Ended]:
    """Hand on what the processes tell, until each has ended; pass a signal on to them."""
    open_ends = set(processes)
    warned = False
    while open_ends:
        if job.stop.soon.is_set() and not warned:
            warned = True
            for process in processes.values():
                if process.is_alive() and process.pid is not None:
                    os.kill(process.pid, signal.SIGTERM)
        for told in wait(open_ends, timeout=_LOOK):
            assert isinstance(told, Connection)  # noqa: S101 - nothing else was waited for
            try:
                message = told.recv()
            except EOFError:
                open_ends.discard(told)
                processes[told].join()
                yield _Ended(error=WorkerDied(processes[told].exitcode))
                continue
            if isinstance(message, _Ended):
                open_ends.discard(told)
                yield message
            else:
                on_outcomes(message)
