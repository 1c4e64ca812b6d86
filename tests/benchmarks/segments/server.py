"""A private MariaDB on disk with memory for a large shop."""

from __future__ import annotations

import getpass
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url

SETTINGS = (
    "--innodb-buffer-pool-size=4G",
    "--innodb-log-file-size=2G",
    "--innodb-flush-method=O_DIRECT",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-lock-wait-timeout=600",
    # A SELECT with a bad plan must not keep the rest from being measured.
    "--max-statement-time=600",
)
FILLING = ("--innodb-doublewrite=0", "--max-statement-time=0")
_ALWAYS = (
    "--skip-networking",
    "--character-set-server=utf8mb3",
    "--sql-mode=STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
    "--default-time-zone=+00:00",
    # Each run starts without pages: what is warm is read on purpose.
    "--innodb-buffer-pool-load-at-startup=0",
    "--innodb-buffer-pool-dump-at-shutdown=0",
)
_PATIENCE = 600  # seconds for starting and stopping on a busy machine


def install(data: Path) -> None:
    """Make an empty data directory."""
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--user={getpass.getuser()}",
         f"--datadir={data}", "--skip-test-db", "--auth-root-authentication-method=normal"],
        check=True,
        capture_output=True,
    )  # fmt: skip


@contextmanager
def serving(data: Path, *settings: str, keep: bool = False) -> Iterator[URL]:
    """Serve a data directory, yield the URL without a database; what is kept is stopped cleanly."""
    # Temporary tables are large: beside the data. A socket's path must be short: elsewhere.
    with (
        tempfile.TemporaryDirectory(prefix="tmp-", dir=data.parent) as temporary,
        tempfile.TemporaryDirectory(prefix="segmail-") as folder,
    ):
        files = (f"--datadir={data}", f"--tmpdir={temporary}", f"--socket={folder}/s",
                 f"--pid-file={folder}/pid", f"--log-error={folder}/log",
                 f"--user={getpass.getuser()}")  # fmt: skip
        command = ["mariadbd", "--no-defaults", *files, *_ALWAYS, *SETTINGS, *settings]
        # In a session of its own, so that Ctrl-C does not stop it under the program's hands.
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            _wait_for(server, Path(folder))
            at = f"{getpass.getuser()}@/?unix_socket={folder}/s"
            yield make_url(f"mysql+pymysql://{at}&read_timeout=3600")  # filling takes long
        finally:
            if keep:
                server.terminate()
            else:
                server.kill()  # its data are removed: writing all changed pages would take time
            server.wait(_PATIENCE)


def _wait_for(server: subprocess.Popen[bytes], folder: Path) -> None:
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends and server.poll() is None:
        if Path(folder, "s").exists():  # made when the server listens
            return
        time.sleep(0.1)
    raise RuntimeError(f"mariadbd did not start:\n{Path(folder, 'log').read_text('utf-8')}")
