"""Postfix's test programs: `smtp-sink` takes mail and forgets it, `smtp-source` pushes it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sink:
    """A running `smtp-sink` on the loopback interface."""

    port: int

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def push(self, message: Path, *, count: int, connections: int, keep: bool) -> float:
        """Return the messages per second that `smtp-source` reaches.

        With `keep` each connection serves many messages, as segmail's do; else one.
        """
        command = ["smtp-source", "-s", f"{connections}", "-m", f"{count}", "-F", f"{message}"]
        command += ["-d"] if keep else []
        began = time.perf_counter()
        subprocess.run([*command, f"127.0.0.1:{self.port}"], check=True)
        return count / (time.perf_counter() - began)


@contextmanager
def running_sink() -> Iterator[Sink]:
    """Start a sink and stop it at the end."""
    sink = Sink(free_port())
    # As root it insists on another user to run as.
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen(["smtp-sink", *user, f"127.0.0.1:{sink.port}", "128"])
    try:
        wait_for(sink.port, process)
        yield sink
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a program listens on a port."""
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(f"a mail server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("a mail server does not listen")
