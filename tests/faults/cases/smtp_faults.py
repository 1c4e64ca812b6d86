"""Runs the program against a server that misbehaves, and later ones against one that does not."""

from __future__ import annotations

import collections
from datetime import timedelta
from pathlib import Path

from tests.faults.cases.end_state import INTERRUPTED, REFUSED, SENT, DueRows
from tests.faults.cases.smtp_cases import Case, scripts
from tests.jobs import Runner
from tests.program import run
from tests.sending import patience
from tests.smtp_server import Script, Server, recording_server, scripted_server

AT_ONCE: Script = {"EHLO": "250-mail.test\n250-8BITMIME\n250-PIPELINING\n250 SMTPUTF8"}
ONE_BY_ONE: Script = {}
COMMAND = ("--now", "2026-03-10 12:00", "process-emails")


def check(case: Case, due: DueRows, folder: Path, offers: Script, *options: str) -> None:
    """Assert what a run ends with, and that later runs repeat nothing and lose nothing."""
    with scripted_server(*scripts(case, offers)) as server:
        options = options or ("--connections", "1")
        url = server.url(f"{patience(case.answer)}&{case.options}".rstrip("&"), login=case.login)
        ran = run(due.shop.url, folder, *COMMAND, *options, env={"SEGMAIL_SMTP_URL": url})

    assert ran.returncode == case.code, ran.stderr
    assert due.after == list(case.after)
    assert ran.stdout == ""
    assert bool(ran.stderr) is (case.code != 0)
    log = (folder / "segmail.log").read_text()
    assert "s3cret-word" not in log + ran.stderr
    assert ("process-emails ended with" in log) is (case.code != 0)
    check_later_runs(due, folder, server)


def check_later_runs(due: DueRows, folder: Path, server: Server) -> None:
    """Run until nothing is due: on this host, then on another one two days later."""
    failed = [state for state in due.after if state in (REFUSED, INTERRUPTED)]
    with recording_server() as healthy:
        here = Runner(due.shop, folder)
        here(smtp_url=healthy.url(), now=due.shop.now + timedelta(hours=1))
        there = Runner(due.shop, folder, state="another host")
        there(smtp_url=healthy.url(), now=due.shop.now + timedelta(days=2))

    received = [*server.messages, *healthy.messages]
    twice = [to for to, n in collections.Counter(m.rcpt_to for m in received).items() if n > 1]
    statuses = collections.Counter(due.shop.status(id) for id in due.ids)
    assert not twice
    assert statuses[SENT] == len(due.ids) - len(failed) == len(received)
    assert statuses["failed"] == len(failed)
