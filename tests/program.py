"""Starts the real program as cron does: a process of its own, its answer on stdout and stderr.

What the program imports takes most of the time of a short run. So a process that has imported it,
`tests.forked_program`, forks one for each start; see there. Where what Python does at its start
matters, `start` begins with Python itself.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL

ROOT = Path(__file__).parent.parent

_PR_SET_CHILD_SUBREAPER = 36  # of Linux's prctl
_one_at_a_time = threading.Lock()  # tests start programs in several threads


def start(
    url: URL, folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start `segmail` on a shop; its state, log and (unless `env` says where) mails in `folder`."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "SEGMAIL_DATABASE_URL": url.render_as_string(hide_password=False),
        "SEGMAIL_STATE_DIR": str(folder / "state"),
        "SEGMAIL_LOG_FILE": str(folder / "segmail.log"),
        "SEGMAIL_SMTP_URL": f"file://{folder}/mails",
        **_configuration(folder),
        **(env or {}),
    }
    is_forked = all(name.startswith("SEGMAIL_") for name in env or {})
    return (_Forked if is_forked else subprocess.Popen)(
        [sys.executable, "-W", "error", "-m", "segmail", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    )


class _Forked(subprocess.Popen[str]):
    """The program in a process that was forked from one in which it is imported."""

    def _execute_child(self, args: list[str], *how: Any) -> None:
        """Do what subprocess does at this point: let the process begin, and note its id."""
        cwd, env, written, errors = how[4], how[5], how[12], how[14]
        request = json.dumps({"arguments": args[5:], "folder": str(cwd), "environment": env})
        with _one_at_a_time:
            server = _fork_server()
            socket.send_fds(server.socket, [request.encode()], [written, errors])
            self.pid = int(server.socket.recv(32))
        self._child_created = True
        for end in (written, errors):
            os.close(end)


class _ForkServer:
    """A process of `tests.forked_program`; this one becomes the parent of what it forks."""

    def __init__(self) -> None:
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        self.socket, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "tests.forked_program", str(there.fileno())],
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
                pass_fds=[there.fileno()],
                cwd=ROOT,
            )


@cache
def _fork_server() -> _ForkServer:
    return _ForkServer()


def _configuration(folder: Path) -> dict[str, str]:
    """Name the file that a test has put there; where a shop is named, none is looked for."""
    file = folder / "segmail.toml"
    return {"SEGMAIL_CONFIG": str(file)} if file.exists() else {}


def run(
    url: URL, folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `segmail` to its end."""
    with start(url, folder, *arguments, env=env) as process:
        out, err = process.communicate(timeout=600)  # a busy machine is no fault
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)
