"""Forks a process of segmail for each request; started by `tests.program`.

It has imported what commands import, and done nothing else. Each process it forks is one of its own
with its own arguments, environment, folder and streams, and ends as Python does. Its parent is
whoever asked, because the process between them ends at once: `python -m tests.forked_program FD`
reads requests from that socket until it is closed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
from typing import Any


def import_all() -> None:
    """Import what commands import when they run: here once, and not in the process of each.

    What is there is not looked through again as garbage, which would take each process longest.
    """
    import segmail

    for module in pkgutil.walk_packages(segmail.__path__, "segmail."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def _next_request(server: socket.socket) -> dict[str, Any] | None:
    """Wait for a request; return it in a new process, and None in this one at the end."""
    while True:
        request, streams, _, _ = socket.recv_fds(server, 1_000_000, 2)
        if not request:
            return None
        reader, writer = os.pipe()
        between = os.fork()
        if not between:
            if os.fork():
                os._exit(0)
            os.close(reader)
            os.write(writer, str(os.getpid()).encode())
            os.close(writer)
            server.close()
            for number, stream in enumerate(streams, start=1):
                os.dup2(stream, number)
                os.close(stream)
            found: dict[str, Any] = json.loads(request)
            return found
        for stream in (*streams, writer):
            os.close(stream)
        os.waitpid(between, 0)
        server.send(os.read(reader, 32))
        os.close(reader)


def _open_streams() -> None:
    """Open stdout and stderr again, as Python does at its start: they are others' now."""
    for number, name in enumerate(("stdout", "stderr"), start=1):
        old = getattr(sys, name)
        stream = open(  # noqa: SIM115 - it stays open
            number,
            "w",
            encoding=old.encoding,
            errors=old.errors,
            buffering=1 if name == "stderr" else -1,
            closefd=False,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _main(number: int) -> None:
    import_all()
    with socket.socket(fileno=number) as server:
        request = _next_request(server)
    if request is None:
        return
    _open_streams()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["segmail", *request["arguments"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from segmail.cli import main

    main()


if __name__ == "__main__":
    _main(int(sys.argv[1]))
