"""A MariaDB Galera cluster of three nodes on the loopback interface, in a temporary folder."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.pool import NullPool

PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")

_PATIENCE = 120.0  # seconds that a node may take to start, to join or to be thrown out
_SETTINGS = (
    "--bind-address=127.0.0.1",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--innodb-flush-log-at-trx-commit=0",  # what a node loses, the others have
    "--innodb-doublewrite=0",
    "--innodb-autoinc-lock-mode=2",
    "--binlog-format=ROW",
    "--character-set-server=utf8mb3",
    "--sql-mode=STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
    "--default-time-zone=-03:00",
    "--wsrep-on=ON",
    f"--wsrep-provider={PROVIDER}",
    "--wsrep-cluster-name=segmail",
    "--wsrep-sst-method=rsync",
    "--wsrep-slave-threads=4",
)


class Node:
    """One server of the cluster; it has three ports and a socket of its own."""

    def __init__(self, number: int, folder: Path, user: str) -> None:
        self.number = number
        self._folder = folder / f"n{number}"
        self._user = user
        self._mysql, self.group, self._transfer, self._changes = _free_ports(4)
        self._process: subprocess.Popen[bytes] | None = None
        root = f"mysql+pymysql://root@/?unix_socket={self._folder}/s"
        self.url: URL = make_url(root)

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, members: list[int]) -> None:
        """Start it and wait until it is in step with `members` (their ports; none: the first)."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._install()
        address = ",".join(f"127.0.0.1:{port}" for port in members)
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "mariadbd",
                    "--no-defaults",
                    f"--user={self._user}",
                    f"--datadir={self._folder}/data",
                    f"--socket={self._folder}/s",
                    f"--pid-file={self._folder}/pid",
                    f"--tmpdir={self._folder}",
                    f"--port={self._mysql}",
                    *_SETTINGS,
                    *self._addresses(),
                    f"--wsrep-cluster-address=gcomm://{address}",
                    *(() if members else ("--wsrep-new-cluster",)),
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_for("wsrep_local_state_comment", "Synced")

    def kill(self) -> None:
        """End it as a power failure does."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """Return what a statement answers, with a connection of its own."""
        engine = create_engine(self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []

    def status(self, name: str) -> str:
        """Return one of `SHOW STATUS`, which a node answers in every state."""
        told = self._client(f"SHOW GLOBAL STATUS LIKE '{name}'")
        return told.partition("\t")[2].strip()

    def wait_for(self, name: str, value: str) -> None:
        """Wait until a status has this value."""
        end = time.monotonic() + _PATIENCE
        while self.status(name) != value:
            if not self.is_alive or time.monotonic() > end:
                log = (self._folder / "log").read_text(errors="replace")[-3000:]
                raise RuntimeError(f"Node {self.number} does not get to {name} = {value}:\n{log}")
            time.sleep(0.1)

    def isolate(self) -> None:
        """Cut it off from the others: it then refuses every statement."""
        self._isolate(1)
        self.wait_for("wsrep_cluster_status", "non-Primary")

    def reunite(self) -> None:
        """Undo `isolate`, and wait until it has caught up."""
        self._isolate(0)
        self.wait_for("wsrep_local_state_comment", "Synced")

    def _isolate(self, value: int) -> None:
        self._client(f"SET GLOBAL wsrep_provider_options = 'gmcast.isolate={value}'")

    def _client(self, statement: str) -> str:
        """Return what the server's own client prints; drivers need more than a lone node grants."""
        client = ["mariadb", "--no-defaults", "-uroot", f"-S{self._folder}/s", "-Ne", statement]
        return subprocess.run(client, capture_output=True, text=True, check=False).stdout

    def _addresses(self) -> list[str]:
        options = {
            "gcache.size": "32M",
            "gmcast.listen_addr": f"tcp://127.0.0.1:{self.group}",
            "ist.recv_addr": f"127.0.0.1:{self._changes}",
        }
        return [
            f"--wsrep-node-name=n{self.number}",
            f"--wsrep-node-address=127.0.0.1:{self.group}",
            f"--wsrep-sst-receive-address=127.0.0.1:{self._transfer}",
            f"--wsrep-provider-options={';'.join(f'{k}={v}' for k, v in options.items())}",
        ]

    def _install(self) -> None:
        data = self._folder / "data"
        data.mkdir(parents=True)
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
             "--auth-root-authentication-method=normal"],
            check=True,
            capture_output=True,
        )  # fmt: skip
        for path in [self._folder, *self._folder.rglob("*")]:
            shutil.chown(path, self._user)


class Cluster:
    """Three nodes; any of them may be killed."""

    def __init__(self, folder: Path) -> None:
        # A state transfer by rsync does not work as root.
        user = "mysql" if os.getuid() == 0 else getpass.getuser()
        self.nodes = [Node(number, folder, user) for number in (1, 2, 3)]

    @property
    def alive(self) -> list[Node]:
        return [node for node in self.nodes if node.is_alive]

    def heal(self) -> None:
        """Start the nodes that are not alive; they take the others' data."""
        for node in self.nodes:
            if not node.is_alive:
                node.start([member.group for member in self.alive])
        self.wait_for_size(len(self.nodes))

    def kill(self) -> None:
        """End all nodes at once."""
        for node in self.alive:
            node.kill()

    def wait_for_size(self, size: int) -> None:
        """Wait until every living node counts so many members."""
        for node in self.alive:
            node.wait_for("wsrep_cluster_size", str(size))

    def wait_until_applied(self) -> None:
        """Wait until every living node has applied what the others have committed until now."""
        for node in self.alive:
            node.ask("SET STATEMENT wsrep_sync_wait = 15 FOR SELECT 1")

    def count(self, status: str) -> int:
        """Return the sum of a status over the living nodes."""
        return sum(int(node.status(status)) for node in self.alive)

    def checksums(self, database: str, tables: list[str]) -> list[dict[str, object]]:
        """Return each living node's checksums of these tables, when it has applied everything."""
        self.wait_until_applied()
        names = ", ".join(f"{database}.{table}" for table in tables)
        return [{str(t): sum for t, sum in n.ask(f"CHECKSUM TABLE {names}")} for n in self.alive]


@contextmanager
def galera_cluster() -> Iterator[Cluster]:
    """Start a cluster; stop and remove it."""
    with ExitStack() as stack:
        # Socket paths are limited to 107 bytes; the servers' user must be able to enter.
        folder = Path(tempfile.mkdtemp(prefix="segmail-galera-"))
        stack.callback(shutil.rmtree, folder)
        folder.chmod(0o755)
        cluster = Cluster(folder)
        stack.callback(cluster.kill)
        cluster.heal()
        yield cluster


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
