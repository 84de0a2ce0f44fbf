"""Campaigns over hosts in network namespaces of their own, one of which is cut off for 20 s.

Skipped where a test may make no namespaces. 40 s, half of them the cut.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaigns import results
from tests.chaos.undisturbed import undisturbed
from tests.clusters import Head, head_node, worker_node
from tests.drivers import driver, ended
from tests.holds import hold_in
from tests.networks import Network, network

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def hosts() -> Iterator[Network]:
    with network(3) as hosts:
        yield hosts


@pytest.fixture(scope="module")
def head(hosts: Network) -> Iterator[Head]:
    first, second, third = hosts.hosts
    with (
        head_node(0, first, dashboard=False) as head,
        worker_node(head, 1, second),
        worker_node(head, 1, third),
    ):
        yield head


def network_of(pid: int) -> str:
    return str(Path(f"/proc/{pid}/ns/net").readlink())


@pytest.mark.slow
@pytest.mark.parametrize("cut_s", [pytest.param(0.0, id="joined"), pytest.param(20.0, id="cut off for 20 s")])
def test_campaign_over_hosts_in_separate_networks(cut_s: float, hosts: Network, head: Head, tmp_path: Path):
    hold = hold_in(tmp_path / "hold")
    with driver(
        tmp_path / "c",
        environment=head.environment,
        prefix=hosts.hosts[0].prefix,
        address=head.address,
        bodies=[hold.body],
    ) as campaign:
        first = hold.another_worker()
        second = hold.another_worker(than={first})
        assert len({network_of(pid) for pid in (first, second, campaign.pid)}) == 3
        if cut_s:
            hosts.cut(1)
            hold.end()
            time.sleep(cut_s)
            hosts.mend(1)
        else:
            hold.end()
        assert ended(campaign) == (0, "", "")
    assert results(tmp_path / "c") == undisturbed(tmp_path / "undisturbed", hold.body)
