"""Nodes that join, die, hang or are cut off while work is on them: the rows are those of an undisturbed campaign.

One cluster with several raylets on this machine, for all tests. 90 s, of which 20 s are spent standing still.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaigns import SMALL, results
from tests.chaos.undisturbed import undisturbed
from tests.clusters import Head, head_node, worker_node
from tests.drivers import driver, ended
from tests.holds import Hold, hold_in

pytestmark = pytest.mark.chaos

QUICK_TO_MOURN = {"RAY_health_check_period_ms": "500", "RAY_health_check_failure_threshold": "4"}
"""A killed raylet is known as dead after 2 s in place of 14."""


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with head_node(num_cpus=0, dashboard=False, environment=QUICK_TO_MOURN) as head:
        yield head


@pytest.fixture
def hold(tmp_path: Path) -> Hold:
    return hold_in(tmp_path / "hold")


@pytest.mark.slow
def test_nodes_that_die_in_a_row_under_one_run_and_one_that_joins_with_more_processors(
    head: Head, hold: Hold, tmp_path: Path
):
    """More nodes than a run may cost workers; and the pool grows with the last one, since no number was given."""
    with contextlib.ExitStack() as nodes:
        node = nodes.enter_context(worker_node(head, 1))
        with driver(tmp_path / "c", environment=head.environment, address=head.address, bodies=[hold.body]) as campaign:
            seen = {hold.another_worker()}
            for num_cpus in (1, 1, 2):
                node.kill_raylet()
                node = nodes.enter_context(worker_node(head, num_cpus))
                seen.add(hold.another_worker(than=seen))
            hold.another_worker(than=seen)
            hold.end()
            assert ended(campaign) == (0, "", "")
    assert results(tmp_path / "c") == undisturbed(tmp_path / "undisturbed", hold.body)


@pytest.mark.slow
def test_worker_that_is_killed_in_the_middle_of_a_run(head: Head, hold: Hold, tmp_path: Path):
    with (
        worker_node(head, 1),
        driver(
            tmp_path / "c", environment=head.environment, address=head.address, workers=1, bodies=[hold.body]
        ) as campaign,
    ):
        first = hold.another_worker()
        os.kill(first, signal.SIGKILL)
        second = hold.another_worker(than={first})
        os.kill(second, signal.SIGKILL)
        hold.another_worker(than={first, second})
        hold.end()
        assert ended(campaign) == (0, "", "")
    assert results(tmp_path / "c") == undisturbed(tmp_path / "undisturbed", hold.body)


@pytest.mark.slow
def test_driver_that_is_killed_in_the_middle_of_its_workers_runs(head: Head, hold: Hold, tmp_path: Path):
    seen: set[int] = set()
    with worker_node(head, 1):
        for _ in range(3):
            with driver(
                tmp_path / "c", environment=head.environment, address=head.address, bodies=[hold.body]
            ) as campaign:
                seen.add(hold.another_worker(than=seen))
                campaign.kill()
        hold.end()
        last = driver(tmp_path / "c", environment=head.environment, address=head.address, bodies=[hold.body])
        assert ended(last) == (0, "", "")
    assert results(tmp_path / "c") == undisturbed(tmp_path / "undisturbed", hold.body)


@pytest.mark.slow
def test_node_that_stands_still_for_twenty_seconds(head: Head, hold: Hold, tmp_path: Path):
    """As if cut off: all its processes are stopped, over the deadline of what is on it, and then go on."""
    with (
        worker_node(head, 1) as node,
        # The deadline of a call is 7 s: less than the pause.
        driver(
            tmp_path / "c",
            environment=head.environment,
            address=head.address,
            workers=1,
            margin_s=-1.5 * SMALL.time_limit_s + 7.0,
            bodies=[hold.body],
        ) as campaign,
    ):
        hold.another_worker()
        node.send_signal(signal.SIGSTOP)
        time.sleep(20.0)
        hold.end()
        node.send_signal(signal.SIGCONT)
        assert ended(campaign) == (0, "", "")
    assert results(tmp_path / "c") == undisturbed(tmp_path / "undisturbed", hold.body)
