"""Three machines send the same rows over three nodes, and one node dies on the way."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segmail.maho.newsletter_queue import QueueStatus
from tests.galera.cluster import Cluster
from tests.galera.hosts import MINUTE, Host, at_once
from tests.galera.shop import NAME, NOW, GaleraShop, Row
from tests.galera.sink import accepted

_ROWS = 10_000
_BATCH = 300  # rows that a run has recorded at most, and not sent
_CONNECTIONS = 4
_PATIENCE = 120.0  # seconds
_AFTER_LEASE, _AFTER_GRACE = NOW + 20 * MINUTE, NOW + 90 * MINUTE
_OPTIONS = ("--limit", "1000", "--connections", f"{_CONNECTIONS}", "--workers", "1")
_INTERRUPTED = "interrupted: "
_LEASES_END = NOW + 15 * MINUTE  # each run begins a second after the one before


def test_nothing_is_sent_twice_or_lost_when_a_node_dies_for_good(
    cluster: Cluster,
    galera_shop: GaleraShop,
    hosts: list[Host],
    mails: Path,
    figures: dict[str, int],
) -> None:
    galera_shop.add_customers(_ROWS)
    galera_shop.make_due()
    began = time.monotonic()

    at_once(
        *(lambda host=host: host.run_until_idle(NOW, *_OPTIONS) for host in hosts),
        _when(mails, 3_000, cluster.nodes[2].kill),
    )
    figures["seconds until nothing was due"] = round(time.monotonic() - began)
    figures["mails until then"] = accepted(mails).total()
    figures["conflicts between nodes"] = _conflicts(cluster)
    for now in (_AFTER_LEASE, _AFTER_GRACE, _AFTER_GRACE + 20 * MINUTE):
        at_once(*(lambda host=host, now=now: host.run_until_idle(now, *_OPTIONS) for host in hosts))

    rows = galera_shop.rows()
    interrupted = [row for row in rows if row["status"] == "failed"]
    figures.update(_figures(rows, mails))
    figures["runs that ended with 75"] = sum(host.codes.count(75) for host in hosts)
    assert list(_faults(rows, accepted(mails), node_lost=True)) == []
    assert len(interrupted) <= _BATCH
    assert set(hosts[0].codes + hosts[1].codes) <= {0, 1}
    assert set(hosts[2].codes[hosts[2].codes.index(75) :]) == {75}
    assert galera_shop.counts()["newsletter_queue"] == _ROWS
    cluster.wait_for_size(2)
    first, second = cluster.checksums(NAME, [*galera_shop.counts()])
    assert first == second


def test_a_machine_whose_node_comes_back_knows_what_became_of_its_messages(
    cluster: Cluster, galera_shop: GaleraShop, hosts: list[Host], mails: Path
) -> None:
    galera_shop.add_customers(3_000)
    galera_shop.make_due()
    at_once(
        *(lambda host=host: host.run_until_idle(NOW, *_OPTIONS) for host in hosts),
        _when(mails, 500, cluster.nodes[2].kill),
    )
    assert hosts[2].codes[-1] == 75

    cluster.heal()
    for now in (_AFTER_LEASE, _AFTER_LEASE + 20 * MINUTE):
        for host in (hosts[0], hosts[2], hosts[1]):
            host.run_until_idle(now, *_OPTIONS)

    rows = galera_shop.rows(3)
    assert list(_faults(rows, accepted(mails), node_lost=True)) == []
    assert {row["status"] for row in rows} == {"sent"}


def test_a_node_that_is_cut_off_ends_its_run_with_75_and_repeats_nothing(
    cluster: Cluster, galera_shop: GaleraShop, hosts: list[Host], mails: Path
) -> None:
    galera_shop.add_customers(3_000)
    galera_shop.make_due()
    at_once(
        *(lambda host=host: host.run_until_idle(NOW, *_OPTIONS) for host in hosts),
        _when(mails, 500, cluster.nodes[2].isolate),
    )

    hosts[2].run("process-emails", NOW, *_OPTIONS)
    cluster.nodes[2].reunite()
    for now in (_AFTER_LEASE, _AFTER_LEASE + 20 * MINUTE):
        for host in (hosts[2], hosts[1], hosts[0]):
            host.run_until_idle(now, *_OPTIONS)

    rows = galera_shop.rows(3)
    assert list(_faults(rows, accepted(mails), node_lost=True)) == []
    assert {row["status"] for row in rows} == {"sent"}
    assert hosts[2].codes.count(75) == 2
    assert set(hosts[0].codes + hosts[1].codes) == {0}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_many_small_claims_on_three_nodes_end_without_an_error(
    cluster: Cluster, galera_shop: GaleraShop, hosts: list[Host], mails: Path, workers: str
) -> None:
    galera_shop.add_customers(1_500)
    galera_shop.make_due()
    options = ("--limit", "20", "--workers", workers)

    at_once(*(lambda host=host: host.run_until_idle(NOW, *options) for host in hosts))

    assert list(_faults(galera_shop.rows(2), accepted(mails))) == []
    assert {code for host in hosts for code in host.codes} == {0}


def _when(mails: Path, count: int, event: Callable[[], None]) -> Callable[[], None]:
    """Return what waits until so many messages were accepted, and then lets it happen."""

    def wait() -> None:
        end = time.monotonic() + _PATIENCE
        while accepted(mails).total() < count:
            assert time.monotonic() < end, f"{accepted(mails).total()} mails, and no more"
            time.sleep(0.05)
        event()

    return wait


def _conflicts(cluster: Cluster) -> int:
    return cluster.count("wsrep_local_cert_failures") + cluster.count("wsrep_local_bf_aborts")


def _figures(rows: list[Row], mails: Path) -> dict[str, int]:
    received = accepted(mails)
    interrupted = [row for row in rows if row["status"] == "failed"]
    return {
        "rows": len(rows),
        "sent": sum(row["status"] == "sent" for row in rows),
        "received twice": sum(count > 1 for count in received.values()),
        "interrupted": len(interrupted),
        "interrupted that had arrived": sum(received[row["email"]] for row in interrupted),
        "without an end": sum(row["status"] == "scheduled" for row in rows),
    }


def _faults(rows: list[Row], received: Counter[str], *, node_lost: bool = False) -> Iterator[str]:
    """Yield what is wrong with a row, its queue row, its link or its mail.

    A batch that was claimed on a node, and not recorded before that node was lost, comes due again
    at the end of its lease.
    """
    for row in rows:
        about = f"row {row['progress_id']} ({row['status']}, {row['reason']})"
        mails = received.pop(row["email"], 0)
        is_sent = row["status"] == "sent"
        if not is_sent and not str(row["reason"]).startswith(_INTERRUPTED):
            yield f"{about} has not come to an end"
        if mails > 1 or (is_sent and not mails):
            yield f"{about}: {mails} messages were accepted"
        expected = QueueStatus.SENT if is_sent else QueueStatus.CANCEL
        if row["queue_status"] != expected or row["links"] != int(is_sent):
            yield f"{about}: queue row is {row['queue_status']}, {row['links']} links"
        due = row["scheduled_at"]
        is_lease_end = node_lost and _LEASES_END <= due < _LEASES_END + MINUTE
        if due != NOW - MINUTE and not is_lease_end:
            yield f"{about}: scheduled_at is {due}"
    yield from (f"a mail of no row: {recipient}" for recipient in received)
