"""One cluster for all tests; a node that a test has killed is started again for the next one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.galera.cluster import Cluster, galera_cluster
from tests.galera.hosts import Host, sink
from tests.galera.results import write_results
from tests.galera.shop import GaleraShop


@pytest.fixture(scope="session")
def the_cluster() -> Iterator[Cluster]:
    with galera_cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(the_cluster: Cluster) -> Cluster:
    """Three nodes, all alive."""
    the_cluster.heal()
    return the_cluster


@pytest.fixture
def galera_shop(cluster: Cluster) -> Iterator[GaleraShop]:
    shop = GaleraShop(cluster)
    yield shop
    shop.close()


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    """The file in which the mail server writes whom it accepted a message for."""
    return tmp_path / "mails"


@pytest.fixture
def hosts(galera_shop: GaleraShop, mails: Path, tmp_path: Path) -> Iterator[list[Host]]:
    """Three machines; each names a node of its own in its crontab."""
    with sink(mails) as smtp_url:
        yield [Host(galera_shop.url(n), tmp_path / f"host{n}", smtp_url) for n in (1, 2, 3)]


@pytest.fixture
def figures(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[dict[str, int]]:
    """What a test counts; written to RESULTS.md when it has passed."""
    counted: dict[str, int] = {}
    yield counted
    if not request.session.testsfailed:
        write_results(counted, cluster)
