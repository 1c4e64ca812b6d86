"""A private MariaDB server on a socket in a temporary folder, for the length of a test run.

Where MySQL is installed and MariaDB is not, it is a MySQL server.
"""

from __future__ import annotations

import getpass
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_SETTINGS = (
    "--skip-networking",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-buffer-pool-size=128M",
    "--innodb-lock-wait-timeout=5",
    "--character-set-server=utf8mb3",
    # As MySQL has it, and some set MariaDB up: what is grouped must be told by the group.
    "--sql-mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
    # Not UTC on purpose: Maho's literals must survive a server in another zone.
    "--default-time-zone=-03:00",
)

# Its defaults are a port, and a folder that only the package with the system service makes.
_ONLY_MYSQL = ("--mysqlx=OFF", "--secure-file-priv=NULL", "--information-schema-stats-expiry=0")


class Server:
    """A server of one's own, which may be stopped and started again; `url` names no database."""

    def __init__(self, folder: Path, settings: Sequence[str]) -> None:
        self._folder = folder
        self._settings = settings
        self._user = getpass.getuser()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"mysql+pymysql://{self._user}@/?unix_socket={folder}/s"
        _install(folder, self._user)

    def start(self) -> None:
        """Start it, and wait until it listens."""
        folder = self._folder
        self._process = subprocess.Popen(
            [
                _server_program(),
                "--no-defaults",
                f"--user={self._user}",
                f"--datadir={folder}/data",
                f"--socket={folder}/s",
                f"--pid-file={folder}/pid",
                f"--tmpdir={folder}",
                f"--log-error={folder}/log",
                *_SETTINGS,
                *(_ONLY_MYSQL if is_mysql() else ()),
                *self._settings,
            ]
        )
        _wait_for(folder / "s", self._process, folder / "log")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop it, if it runs; SIGKILL is a crash."""
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.wait(timeout=60)
        self._process = None
        (self._folder / "s").unlink(missing_ok=True)


@contextmanager
def own_server(*settings: str) -> Iterator[Server]:
    """Start a server, yield it, stop and remove it."""
    # Socket paths are limited to 107 bytes, so the folder is a short one of its own.
    folder = Path(tempfile.mkdtemp(prefix="segmail-db-", dir=memory_folder()))
    try:
        server = Server(folder, settings)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def private_server(*settings: str) -> Iterator[str]:
    """Start a server, yield its SQLAlchemy URL without a database name, stop and remove it."""
    with own_server(*settings) as server:
        yield server.url


def memory_folder() -> str | None:
    """Return a folder in memory, where there is one: databases of tests need not last."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - speed only


def is_mysql() -> bool:
    """Return whether the servers that are started here are MySQL's."""
    return _found("mariadbd") is None and _found("mysqld") is not None


def _server_program() -> str:
    return _program("mysqld" if is_mysql() else "mariadbd")


def _program(name: str) -> str:
    found = _found(name)
    if found is None:
        raise RuntimeError(f"{name} is missing: apt-get install mariadb-server")
    return found


def _found(name: str) -> str | None:
    return shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")


def _install(folder: Path, user: str) -> None:
    if is_mysql():
        command = [_program("mysqld"), "--no-defaults", "--initialize-insecure"]
    else:
        command = [
            _program("mariadb-install-db"),
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--force",  # also where nothing tells the address of this host's name
        ]
    subprocess.run(
        [*command, f"--user={user}", f"--datadir={folder}/data"], check=True, capture_output=True
    )


def _wait_for(socket: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        if socket.exists():  # made when the server listens
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    told = log.read_text() if log.exists() else ""
    raise RuntimeError(f"The database server did not start:\n{told}")
