"""Writes RESULTS.md."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.machine import line_of, output_of
from tests.galera.cluster import Cluster
from tests.program import ROOT

FILE = Path(__file__).parent / "RESULTS.md"


def write_results(figures: Mapping[str, int], cluster: Cluster) -> None:
    """Write the figures of a run, with what it ran on."""
    table = "\n".join(f"| {name} | {value:,} |" for name, value in figures.items())
    node = cluster.alive[0]
    mariadb, galera = (
        node.ask("SELECT VERSION()")[0][0],
        node.status("wsrep_provider_version").partition("(")[0],
    )
    cores = f"{os.cpu_count()} cores ({line_of('/proc/cpuinfo', 'model name')})"
    commit = output_of("git", "-C", f"{ROOT}", "describe", "--always", "--dirty")
    FILE.write_text(
        f"""# Three machines on a Galera cluster

Written by `bin/galera` on {datetime.now(UTC):%Y-%m-%d}, commit
{commit}: MariaDB {mariadb} with Galera {galera}, three nodes
with four appliers each, all on one machine with {cores}.

Each of three machines runs `process-emails --limit 1000 --workers 1` over and over, on a node of
its own, over the same rows. The third node is killed with SIGKILL after 3,000 mails and never comes
back. What it had begun is for the two others to find: first when the lease of its claims is over,
then when the grace for its attempts is. The mail server writes each message to disk before its 250.

| | |
|---|---|
{table}

"Conflicts" are transactions that Galera refused at their commit, or ended for another node's; each
was run again. Interrupted are the messages that the third machine had recorded and not settled when
its node died, from none to a batch of 300, as it happens: it would have told what became of them,
had it come back within the grace (another test shows that nothing is interrupted then).
"""
    )
