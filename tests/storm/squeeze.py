"""Makes the send buffers of another process's sockets small, from outside.

The kernel takes a whole mail at once, and delivers it even after its sender was killed. With a
small buffer the sender waits until the other side has read: it can be killed halfway.
"""

from __future__ import annotations

import ctypes
import os
import socket
from contextlib import suppress
from pathlib import Path

_PIDFD_GETFD = 438  # the system call's number, the same on every architecture
_LEAST = 1  # byte; the kernel makes it some thousand


def squeeze(pid: int, port: int) -> None:
    """Shrink the buffers of the process's connections to `port` on the loopback interface.

    Raises PermissionError where the kernel does not let a parent look into its child.
    """
    process = os.pidfd_open(pid)
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                if str(entry.readlink()).startswith("socket:"):
                    _squeeze_socket(_copied(process, int(entry.name)), port)
    finally:
        os.close(process)


def _copied(process: int, descriptor: int) -> socket.socket:
    libc = ctypes.CDLL(None, use_errno=True)
    copy = libc.syscall(_PIDFD_GETFD, process, descriptor, 0)
    if copy < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return socket.socket(fileno=copy)


def _squeeze_socket(connected: socket.socket, port: int) -> None:
    with connected, suppress(OSError):  # not connected, or not with an Internet address
        if connected.family == socket.AF_INET and connected.getpeername()[1] == port:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LEAST)
