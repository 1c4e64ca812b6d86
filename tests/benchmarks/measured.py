"""Runs a command and prints as JSON what it used.

A program of its own, and a small one: Linux counts the memory of whoever starts a program into
that program's peak, so the benchmark itself would be measured.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

_BETWEEN = 0.2  # seconds between two looks at the memory


def main(command: list[str]) -> None:
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        watch = _Memory(running.pid)
        watch.start()
        out, err = running.communicate()
    seconds = time.perf_counter() - began
    watch.over.set()
    watch.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = {
        "code": running.returncode,
        "out": out.decode(),
        "err": err.decode(),
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_mib": max(used.ru_maxrss, watch.most) / 1024,
    }
    print(json.dumps(answer))


class _Memory(threading.Thread):
    """Looks at what a program and its processes hold together; shared pages count once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.most = 0  # KiB
        self._pid = pid

    def run(self) -> None:
        while not self.over.wait(_BETWEEN):
            pids = list(_family(self._pid))
            if len(pids) > 1:  # of one process alone the kernel keeps the peak
                self.most = max(self.most, sum(map(_held, pids)))


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has ended
        return
    for child in children:
        yield from _family(int(child))


def _held(pid: int) -> int:
    """Return a process's share of the memory, in KiB; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    main(sys.argv[1:])
