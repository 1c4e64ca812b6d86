"""One refresh by the real program, and what it took."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from tests.benchmarks.program import Segmail
from tests.benchmarks.segments.figures import Run
from tests.benchmarks.segments.shop import LargeShop
from tests.benchmarks.segments.shoppers import shopping
from tests.benchmarks.server import Counters


@dataclass(frozen=True)
class Bench:
    """The shop, the program and the counters that all measurements share."""

    shop: LargeShop
    segmail: Segmail
    counters: Counters

    def refresh(self, *options: str, now: str) -> Run:
        """Run `refresh-segments`; RuntimeError where it could not tell what it did."""
        self.counters.start()
        out, used = self.segmail.run(
            *("--now", now, "refresh-segments", "--json", *options),
            smtp_url=f"file://{self.segmail.folder}/mails",
            accept_failure=True,
        )
        spent = self.counters.spent()
        told = json.loads(out)["segments"]
        return Run(
            told,
            used.seconds,
            used.peak_mib,
            spent.cpu,
            spent.statements["Questions"],
            rows=spent.rows,
            cpu=used.cpu,
        )

    def refresh_beside_shoppers(self, *options: str, now: str) -> Run:
        """Run `refresh-segments` while others write to the shop and the locks are watched."""
        with shopping(self.shop.url, self.shop.customers) as locks:
            run = self.refresh(*options, now=now)
        return replace(run, statements=None, locks=locks)
