"""What others do to the shop between the kills: customers, admins, and segmail's other jobs.

Each deed comes while attempts of killed runs are open. Some of the jobs are killed themselves.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

from tests.storm.program import Host, Program
from tests.storm.shop import StormShop

_OFTEN = 0.6  # of the runs have something done to the shop after them
_KILLED = 0.3  # of the jobs
_WHILE_IT_WORKS = 0.9  # seconds, after which a job is killed at most
_DAYS = 3  # rows of rounds that were looked at are older
_BUGS = {2, 70, 78}


class Others:
    """Does one thing at a time, by chance."""

    def __init__(self, shop: StormShop, chance: random.Random, smtp_url: str) -> None:
        self._shop = shop
        self._chance = chance
        self._smtp_url = smtp_url
        self.done: dict[str, int] = {}
        self.killed = 0
        self.faults: list[str] = []
        self.round_began = shop.builder.now

    def maybe_act(self, host: Host, now: datetime) -> None:
        """Do something to the shop, or nothing."""
        if self._chance.random() >= _OFTEN:
            return
        deeds: list[tuple[str, Callable[[Host, datetime], None]]] = [
            ("unsubscriptions", self._unsubscribe),
            ("departures", self._leave),
            ("deletions", self._delete),
            ("both cleanups", self._clean_up),
            ("retries", self._retry),
            ("automation off and on", self._switch),
        ]
        name, deed = self._chance.choice(deeds)
        self.done[name] = self.done.get(name, 0) + 1
        deed(host, now)

    def _unsubscribe(self, host: Host, now: datetime) -> None:
        self._shop.unsubscribe(3)
        self._job(host, now, "refresh-segments", "--all", "--no-enrol")

    def _leave(self, host: Host, now: datetime) -> None:
        self._shop.let_leave(3)
        self._job(host, now, "refresh-segments", "--all", "--no-enrol")

    def _delete(self, _host: Host, _now: datetime) -> None:
        self._shop.delete(2)

    def _clean_up(self, host: Host, now: datetime) -> None:
        self._shop.note_orphans()
        self._job(host, now, "cleanup-progress", "--days", f"{_DAYS}")
        self._job(host, now, "cleanup-coupons", "--days", "0")

    def _retry(self, host: Host, now: datetime) -> None:
        since = f"{self.round_began:%Y-%m-%d %H:%M}"
        if since < f"{now:%Y-%m-%d %H:%M}":
            self._job(host, now, "retry", "--reason", "interrupted", "--since", since, "--yes")

    def _switch(self, host: Host, now: datetime) -> None:
        segment = str(self._shop.segment)
        self._job(host, now, "segment", "automation", segment, "off")
        self._job(host, now, "process-emails", mayfail=False)
        self._job(host, now, "segment", "automation", segment, "on", mayfail=False)

    def _job(self, host: Host, now: datetime, *command: str, mayfail: bool = True) -> None:
        program = Program(host, self._smtp_url, now, command)
        if mayfail and self._chance.random() < _KILLED:
            program.let_work(self._chance.uniform(0, _WHILE_IT_WORKS))
            if not program.has_ended:
                program.kill("all", self._chance)
                self.killed += 1
        code = program.wait_until_gone()
        if code in _BUGS:
            self.faults.append(f"{' '.join(command)}: ended with {code}\n{program.output()}")
