"""What is measured: mails through the same sink, side by side, and what each run used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.program import Segmail, Used
from tests.benchmarks.server import Counters, Spent
from tests.benchmarks.shop import BenchmarkShop
from tests.benchmarks.sink import Sink

CONNECTIONS = 4


@dataclass(frozen=True)
class Case:
    """How many mails are due, and whether each has a coupon, and a cart with five items."""

    messages: int
    coupon: bool
    rounds: int
    workers: int | None = None  # None: as many as the program takes by itself
    cart: bool = False


@dataclass(frozen=True)
class Sent:
    """One run of `process-emails`."""

    messages: int
    sending_seconds: float  # without the program's start
    used: Used
    server: Spent

    @property
    def rate(self) -> float:
        """Mails per second, from the program's start to its end."""
        return self.messages / self.used.seconds


@dataclass(frozen=True)
class Round:
    """Segmail and `smtp-source` one after the other; the latter in messages per second."""

    segmail: Sent
    source_kept: float  # connections serve many messages, as segmail's do
    source_new: float  # a connection for each message


@dataclass(frozen=True)
class Bench:
    """The shop, the program, the sink and the counters that all measurements share."""

    shop: BenchmarkShop
    segmail: Segmail
    sink: Sink
    counters: Counters

    def message(self) -> Path:
        """Send one mail into a file and return it, for `smtp-source` to push the same bytes."""
        self.schedule(1, coupon=True)
        mails = self.segmail.folder / "mails"
        self.segmail.run("process-emails", smtp_url=f"file://{mails}")
        [mail] = mails.glob("*.eml")
        message = self.segmail.folder / "message"
        message.write_bytes(mail.read_bytes().replace(b"\r\n", b"\n"))
        return message

    def compare(self, message: Path, case: Case) -> Iterator[Round]:
        """Yield the rounds of a case; who goes first changes from round to round."""
        for number in range(case.rounds):
            if number % 2:
                kept, new = self._push(message, case.messages)
                yield Round(self.send_due(case), kept, new)
            else:
                sent = self.send_due(case)
                yield Round(sent, *self._push(message, case.messages))

    def with_and_without_carts(self, case: Case) -> Iterator[tuple[Sent, Sent]]:
        """Yield rounds: the mails of a case without carts, and the same with carts."""
        for _ in range(case.rounds):
            yield self.send_due(case), self.send_due(replace(case, cart=True))

    def send_due(self, case: Case) -> Sent:
        """Make the rows of a case due and send them."""
        self.schedule(case.messages, coupon=case.coupon, cart=case.cart)
        return self.send(case.messages, workers=case.workers)

    def send(self, limit: int, *, workers: int | None = None) -> Sent:
        """Run the program on what is due; every row must be sent."""
        self.counters.start()
        out, used = self.segmail.run(
            "process-emails",
            *("--limit", f"{limit}", "--connections", f"{CONNECTIONS}", "--json"),
            *(("--workers", f"{workers}") if workers else ()),
            smtp_url=self.sink.url,
        )
        told = json.loads(out)
        if any(told[other] for other in ("skipped", "failed", "deferred", "released")):
            raise RuntimeError(f"not every row was sent: {out}")
        return Sent(told["sent"], told["seconds"], used, self.counters.spent())

    def schedule(self, count: int, *, coupon: bool, cart: bool = False) -> None:
        """Make rows due in a shop and a state without history."""
        self.segmail.forget_runs()
        self.shop.schedule(count, coupon=coupon, cart=cart)

    def forget_walks(self) -> None:
        """Let the next run walk over everything, as the first one of a host does."""
        shutil.rmtree(self.segmail.folder / "state" / "claim", ignore_errors=True)

    def _push(self, message: Path, count: int) -> tuple[float, float]:
        kept, new = (
            self.sink.push(message, count=count, connections=CONNECTIONS, keep=keep)
            for keep in (True, False)
        )
        return kept, new
