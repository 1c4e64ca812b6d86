"""`segmail process-emails --workers N`: several processes, each mail once, an orderly end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import struct
import subprocess
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from segmail.delivery.job import Stop
from segmail.delivery.workers import WorkerBug, WorkerPool, _Ended
from segmail.errors import WorkerDied
from tests.jobs import Runner, StillClock
from tests.program import run, start
from tests.shop_builder import ShopBuilder
from tests.smtp_server import Fault, Server, recording_server, scripted_server
from tests.waiting import until

CLOCK = ("--config", "segmail.toml", "--now", "2026-03-10 12:00")
TWO = ("process-emails", "--limit", "0", "--workers", "2")


@pytest.fixture
def due(mariadb_shop: ShopBuilder, tmp_path: Path) -> list[int]:
    """Forty due rows, claimed five at a time."""
    (tmp_path / "segmail.toml").write_text("[delivery]\nbatch = 5\n")
    step = mariadb_shop.step(mariadb_shop.segment())
    return [mariadb_shop.due(step, mariadb_shop.customer()) for _ in range(40)]


def test_two_processes_send_every_mail_once(
    mariadb_shop: ShopBuilder, due: list[int], tmp_path: Path
) -> None:
    with recording_server() as server:
        ran = run(mariadb_shop.url, tmp_path, *CLOCK, *TWO, env=_mail_to(server))

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert set(Counter(message.rcpt_to for message in server.messages).values()) == {1}
    assert len(server.messages) == 40
    assert {mariadb_shop.status(row) for row in due} == {"sent"}
    assert "processed 40, failed 0 emails" in (tmp_path / "segmail.log").read_text()


def test_there_are_no_more_processes_than_connections(
    mariadb_shop: ShopBuilder, due: list[int], tmp_path: Path
) -> None:
    with recording_server() as server:
        command = (*CLOCK, *TWO, "--workers", "5", "--connections", "2", "--rate", "10")
        with start(mariadb_shop.url, tmp_path, *command, env=_mail_to(server)) as process:
            until(lambda: len(server.messages) >= 5)
            children = _children(process)
            process.communicate(timeout=300)

    assert len(children) == 1
    assert {mariadb_shop.status(row) for row in due} == {"sent"}


def test_the_processes_share_the_limit(
    mariadb_shop: ShopBuilder, due: list[int], tmp_path: Path
) -> None:
    with recording_server() as server:
        run(mariadb_shop.url, tmp_path, *CLOCK, *TWO, "--limit", "13", env=_mail_to(server))

    assert len(server.messages) == 13
    assert Counter(map(mariadb_shop.status, due)) == {"sent": 13, "scheduled": 27}


def test_a_mail_server_out_of_reach_ends_both_with_75(
    mariadb_shop: ShopBuilder, due: list[int], tmp_path: Path
) -> None:
    with scripted_server({"MAIL": "421 4.3.2 Shutting down"}) as server:
        ran = run(mariadb_shop.url, tmp_path, *CLOCK, *TWO, env=_mail_to(server))

    assert ran.returncode == 75
    assert "421 4.3.2 Shutting down" in ran.stderr
    assert {mariadb_shop.status(row) for row in due} == {"scheduled"}


def test_a_process_that_is_killed_is_told_and_the_other_goes_on(
    mariadb_shop: ShopBuilder, due: list[int], tmp_path: Path
) -> None:
    with recording_server() as server:
        command = (*CLOCK, *TWO, "--rate", "10")  # it takes four seconds
        with start(mariadb_shop.url, tmp_path, *command, env=_mail_to(server)) as process:
            until(lambda: len(server.messages) >= 10)
            [other] = _children(process)
            os.kill(other, signal.SIGKILL)
            _, err = process.communicate(timeout=300)

    assert process.returncode == 75
    assert "One of the processes" in err
    assert set(Counter(message.rcpt_to for message in server.messages).values()) == {1}
    assert len(server.messages) >= 35  # all but what it had claimed
    statuses = Counter(map(mariadb_shop.status, due))
    assert statuses["sent"] + statuses["scheduled"] == 40


def test_no_process_outlives_the_one_that_was_started(
    mariadb_shop: ShopBuilder, due: list[int], tmp_path: Path
) -> None:
    with scripted_server({"RCPT": Fault.HANG}) as server:
        with start(mariadb_shop.url, tmp_path, *CLOCK, *TWO, env=_mail_to(server)) as process:
            server.hanging.wait(300)
            children = _children(process)
            process.kill()

        until(lambda: not any(map(_is_running, children)))

    assert len(children) == 1
    assert {mariadb_shop.status(row) for row in due} == {"scheduled"}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_signal_ends_the_run_in_order_while_the_server_hangs(
    mariadb_shop: ShopBuilder, due: list[int], tmp_path: Path, workers: str
) -> None:
    command = (*CLOCK, *TWO, "--workers", workers)
    with (
        scripted_server({"RCPT": Fault.HANG}) as server,
        start(mariadb_shop.url, tmp_path, *command, env=_mail_to(server)) as process,
    ):
        server.hanging.wait(300)
        process.terminate()
        process.communicate(timeout=80)  # the server's time-out is 90 seconds

    assert process.returncode == 0
    assert {mariadb_shop.status(row) for row in due} == {"scheduled"}
    assert "processed 0, failed 0 emails" in (tmp_path / "segmail.log").read_text()


def _mail_to(server: Server) -> dict[str, str]:
    return {"SEGMAIL_SMTP_URL": server.url("timeout=90")}


def _children(process: subprocess.Popen[str]) -> list[int]:
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in listed]


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # pytest has threads of its own
def test_a_process_that_is_killed_in_the_middle_of_telling_is_told() -> None:
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    os.write(sender.fileno(), struct.pack("!i", 100) + b"half of it")
    sender.close()
    process = fork.Process(target=int, daemon=True)
    process.start()
    pool = WorkerPool({receiver: process}, Stop(), lambda _outcomes: None)

    with pool:
        pass

    with pytest.raises(WorkerDied):
        pool.fault(_Ended())


class _BrokenElsewhere(StillClock):
    """Tells the time in the process that made it, and raises in every other one."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(moment)
        self._maker = os.getpid()

    def now(self) -> datetime:
        if os.getpid() != self._maker:
            raise ZeroDivisionError("a bug")
        return super().now()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # pytest has threads of its own
def test_a_bug_in_a_process_is_raised_with_its_traceback(
    mariadb_shop: ShopBuilder, due: list[int], tmp_path: Path
) -> None:
    run_emails = Runner(mariadb_shop, tmp_path)

    with pytest.raises(WorkerBug, match="ZeroDivisionError: a bug"):
        run_emails(clock=_BrokenElsewhere(mariadb_shop.now), limit=0, workers=2)

    assert {mariadb_shop.status(row) for row in due} == {"sent"}  # by the first process
