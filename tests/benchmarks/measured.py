"""Runs a command and prints as JSON what it used.

A program of its own, and a small one: Linux counts the memory of whoever starts a program into
that program's peak, so the benchmark itself would be measured.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time


def main(command: list[str]) -> None:
    began = time.perf_counter()
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = {
        "code": ran.returncode,
        "out": ran.stdout,
        "err": ran.stderr,
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
