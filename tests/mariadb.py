"""A private MariaDB server on a socket in a temporary folder, for the length of a test run."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SETTINGS = (
    "--skip-networking",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-buffer-pool-size=128M",
    "--innodb-lock-wait-timeout=5",
    "--character-set-server=utf8mb3",
    "--sql-mode=STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
    # Not UTC on purpose: Maho's literals must survive a server in another zone.
    "--default-time-zone=-03:00",
)


@contextmanager
def private_server(*settings: str) -> Iterator[str]:
    """Start a server, yield its SQLAlchemy URL without a database name, stop and remove it."""
    # Socket paths are limited to 107 bytes, so the folder is a short one of its own.
    folder = Path(tempfile.mkdtemp(prefix="segmail-db-", dir=_memory_folder()))
    user = getpass.getuser()
    try:
        _install(folder, user)
        server = subprocess.Popen(
            [
                _program("mariadbd"),
                "--no-defaults",
                f"--user={user}",
                f"--datadir={folder}/data",
                f"--socket={folder}/s",
                f"--pid-file={folder}/pid",
                f"--tmpdir={folder}",
                f"--log-error={folder}/log",
                *_SETTINGS,
                *settings,
            ]
        )
        try:
            _wait_for(folder / "s", folder / "log")
            yield f"mysql+pymysql://{user}@/?unix_socket={folder}/s"
        finally:
            server.terminate()
            server.wait(timeout=60)
    finally:
        shutil.rmtree(folder)


def _memory_folder() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - speed only


def _program(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        raise RuntimeError(f"{name} is missing: apt-get install mariadb-server")
    return found


def _install(folder: Path, user: str) -> None:
    subprocess.run(
        [
            _program("mariadb-install-db"),
            "--no-defaults",
            f"--user={user}",
            f"--datadir={folder}/data",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ],
        check=True,
        capture_output=True,
    )


def _wait_for(socket: Path, log: Path) -> None:
    for _ in range(600):
        if socket.exists():  # made when the server listens
            return
        time.sleep(0.05)
    raise RuntimeError(f"mariadbd did not start:\n{log.read_text()}")
