"""The storm itself: runs are started, struck at a point, and in the end left to finish the work."""

from __future__ import annotations

import math
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.shop_builder import ShopBuilder
from tests.storm.database_proxy import DatabaseProxy, database_proxy
from tests.storm.hold import Hold
from tests.storm.mail_server import Mail, MailServer, mail_server
from tests.storm.others import Others
from tests.storm.points import How, Point
from tests.storm.program import Host, Program
from tests.storm.shop import StormShop

_SETTINGS = "[delivery]\nbatch = 10\nretry_minutes = 1\ngrace_minutes = 600\n"
_DUE = 24  # rows, at each start: three batches
LEASE = timedelta(minutes=15)
_BETWEEN = LEASE + timedelta(minutes=1)
_TRIES = 6  # runs in which a point must be met
_ROUNDS_TO_END = 16
_OVERLAPS = 0.2  # of the runs, by another one
_CHANGES = 0.7  # of the runs, from one host to the other
_IN_A_ROW = 2  # a host that is away for longer than its grace loses its attempts to the other
_BUGS = {2, 70, 78}  # exit codes that no kill and no lost connection may cause


@dataclass
class Struck:
    """A run that was killed, or cut off from its database, and what it may leave in doubt."""

    point: Point
    began: datetime
    until: datetime  # the next run began
    in_doubt: int  # messages at most
    whom: str


@dataclass
class Weather:
    """What happened until now."""

    struck: list[Struck] = field(default_factory=list)
    missed: list[Point] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    runs: int = 0
    overlapping: int = 0


@dataclass
class _Machine:
    """A host, and what holds its runs at the database."""

    host: Host
    proxy: DatabaseProxy


class Storm:
    """Passes over one shop with `workers` processes a run."""

    def __init__(
        self,
        shop: StormShop,
        machines: Sequence[_Machine],
        server: MailServer,
        *,
        workers: int,
        chance: random.Random,
    ) -> None:
        self.shop = shop
        self.weather = Weather()
        self._machines = list(machines)
        self._server = server
        self._workers = workers
        self._chance = chance
        self._now = shop.builder.now
        self._in_a_row = 0  # runs that this host had
        self.others = Others(shop, chance, server.url("others.storm.test"))

    def strike(self, point: Point) -> Struck | None:
        """Start runs until one was struck at this point; None where none came there."""
        for _ in range(_TRIES):
            struck = self._run_and_strike(point)
            if struck is not None:
                self.weather.struck.append(struck)
                return struck
        self.weather.missed.append(point)
        return None

    def calm_down(self) -> list[Mail]:
        """Run on both hosts in turn until nothing is scheduled; return the new mails."""
        for _ in range(_ROUNDS_TO_END):
            if not self.shop.unsettled():
                break
            with self._time_passes():
                self._expect_no_bug(self._start(self._next_machine()), "run")
        self.others.round_began = self._now
        self.weather.faults += self.others.faults
        self.others.faults.clear()
        return self._server.new_mails()

    def _run_and_strike(self, point: Point) -> Struck | None:
        self.shop.top_up(_DUE, self._now)
        machine, began = self._next_machine(), self._now
        connections = point.connections or self._chance.choice((1, 2, 4))
        whom = self._chance.choice(("all", "all", "first", "worker")) if self._workers > 1 else ""
        with self._time_passes():
            hold = self._hold(point, machine)
            program = self._start(machine, connections)
            other = self._maybe_overlap(point)
            was_struck = self._meet(point, program, hold, whom or "all")
            self._expect_no_bug(program, point.name)
            if other is not None:
                self._expect_no_bug(other, "overlapping run")
            machine.proxy.disarm()
        with self._time_passes(timedelta(minutes=1)):  # the attempts are open, their leases run
            self.others.maybe_act(self._chance.choice(self._machines).host, self._now)
        in_doubt = max(connections, self._workers) if point.is_kill else 0
        return Struck(point, began, self._now, in_doubt, whom) if was_struck else None

    def _next_machine(self) -> _Machine:
        """Return the host whose turn it is; each comes back well before its grace is over."""
        self._in_a_row += 1
        if self._in_a_row > _IN_A_ROW or self._chance.random() < _CHANGES:
            self._machines.reverse()
            self._in_a_row = 1
        return self._machines[0]

    def _hold(self, point: Point, machine: _Machine) -> Hold | None:
        turn = self._chance.randint(1, point.turns)
        if point.stage:
            stage = "long" if point.stage == "middle" else point.stage
            return self._server.hold(self._name(1), stage, turn)
        if point.transaction:
            transaction, _, when = point.transaction.partition(" ")
            passing = point.how is How.AFTER
            return machine.proxy.hold(transaction, when, turn, passing=passing)
        return None

    def _name(self, ahead: int = 0) -> str:
        return f"run{self.weather.runs + ahead}.storm.test"

    def _start(self, machine: _Machine, connections: int = 4) -> Program:
        self.weather.runs += 1
        command = ("process-emails", "--limit", "0", "--connections", f"{connections}",
                   "--workers", f"{self._workers}")  # fmt: skip
        return Program(machine.host, self._server.url(self._name()), self._now, command)

    def _maybe_overlap(self, point: Point) -> Program | None:
        """Start another run beside, on any host that does not hold it in place of the first."""
        if self._chance.random() >= _OVERLAPS:
            return None
        self.weather.overlapping += 1
        return self._start(self._machines[1 if point.transaction else self._chance.randrange(2)])

    def _meet(self, point: Point, program: Program, hold: Hold | None, whom: str) -> bool:
        """Strike the program when it comes to the point; tell whether it did."""
        if hold is not None and (hold := self._arrived(point, program, hold)) is None:
            return False
        if point.how is How.UNREAD and hold is not None:
            program.stop()
            hold.give_answer()
        if point.how is How.AFTER:
            if hold is not None:
                hold.let_go()
            time.sleep(self._chance.uniform(0, point.delay))
        alive = not program.has_ended
        if point.is_kill and alive:
            program.kill(whom, self._chance)
        if hold is not None:
            hold.let_go()
        return alive

    def _arrived(self, point: Point, program: Program, hold: Hold) -> Hold | None:
        """Wait until the program is held; return where, None where it came to its end instead."""
        if not _comes_to(hold, program):
            return None
        return self._let_on(program, hold) if point.stage == "middle" else hold

    def _let_on(self, program: Program, at_mail: Hold) -> Hold | None:
        """Let a long message begin, but not leave at once; return where it is held halfway.

        None where the sink was late, and found all of the message waiting for it.
        """
        program.squeeze(self._server.port)
        halfway = self._server.hold_again("middle")
        at_mail.let_go()
        return halfway if _comes_to(halfway, program) else None

    def _expect_no_bug(self, program: Program, what: str) -> None:
        code = program.wait_until_gone()
        if code in _BUGS:
            self.weather.faults.append(f"{what}: ended with {code}\n{program.output()}")

    @contextmanager
    def _time_passes(self, between: timedelta = _BETWEEN) -> Iterator[None]:
        """Let a lease run out after what is done, in the time of the program's clock."""
        began = time.monotonic()
        yield
        self._server.settle()
        elapsed = math.ceil((time.monotonic() - began) / 60)
        self._now += between + timedelta(minutes=elapsed)


def _comes_to(hold: Hold, program: Program) -> bool:
    """Wait; tell whether the program was held before it ended."""
    while not hold.reached.wait(0.01):
        if program.has_ended:
            return False
    return True


@contextmanager
def storm_over(builder: ShopBuilder, folder: Path, *, workers: int, seed: int) -> Iterator[Storm]:
    """Yield a storm over a fresh shop on a MariaDB server, with two hosts in `folder`."""
    chance = random.Random(seed)
    with ExitStack() as stack:
        # Socket paths are limited to 107 bytes, so their folder is a short one of its own.
        sockets = stack.enter_context(tempfile.TemporaryDirectory(prefix="segmail-"))
        machines = []
        for name in ("a", "b"):
            home = folder / name
            home.mkdir()
            (home / "segmail.toml").write_text(_SETTINGS)
            proxy, url = stack.enter_context(database_proxy(Path(sockets) / name, builder.url))
            machines.append(_Machine(Host(home, url), proxy))
        server = stack.enter_context(mail_server(folder, seed))
        shop = StormShop(builder, chance)
        yield Storm(shop, machines, server, workers=workers, chance=chance)
