"""A program that eats memory until the kernel or Ray kills it: recorded as such, and its neighbours' rows are as ever.

The node is in a memory control group of its own, so that nothing else on the machine is in danger; skipped where a
test may make none. 40 s.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llamoco_data.runs import RunRecord
from tests.campaigns import candidate, results
from tests.chaos.undisturbed import undisturbed
from tests.clusters import THIS_HOST, Head, Host, head_node, worker_node
from tests.drivers import driver, ended

pytestmark = pytest.mark.chaos

GROUPS = Path("/sys/fs/cgroup/memory")
NODE_BYTES = 2_000_000_000
"""A node with two workers takes 450 MB of them; 650 MB where others start at the same time."""
# It eats on the second problem alone, and not for ever, should the group not hold it.
EATER = """
import time
import numpy as np
hoard = []
for _ in range(250 if len(lower) == 3 else 0):
    hoard.append(np.ones(1_250_000))
    time.sleep(0.02)
return lower
"""
SPEC = {"num_problems": 2, "repeats": 1}
# One of them at a time fits into three quarters of the node, and two do not: room of 150 MB on either side.
GREEDY = """
import time
import numpy as np
hoard = np.ones(75_000_000)
time.sleep(2.0)
return lower
"""


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with head_node(num_cpus=0, dashboard=False) as head:
        yield head


@pytest.fixture
def confined() -> Iterator[Host]:
    """A part of this machine's memory, which what runs there takes for the whole."""
    group = GROUPS / f"llamoco-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"this machine lets no test make a memory control group: {error}")
    try:
        (group / "memory.limit_in_bytes").write_text(str(NODE_BYTES), encoding="utf-8")
        enter = f'echo $$ > {group}/cgroup.procs && mount --bind {group} {GROUPS} && exec "$@"'
        yield Host(THIS_HOST.ip, ("unshare", "--mount", "sh", "-c", enter, "sh"))
    finally:
        deadline = time.monotonic() + 30
        while group.exists() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):  # processes that were killed are still in it
                group.rmdir()


def statuses(records: list[RunRecord], body: str) -> set[tuple[str, str]]:
    return {(record.status, record.detail) for record in records if record.candidate_id == candidate(body).candidate_id}


def others(records: list[RunRecord]) -> list[RunRecord]:
    return [record for record in records if record.candidate_id != candidate(EATER).candidate_id]


@pytest.mark.slow
def test_program_that_eats_memory_until_the_kernel_kills_it(head: Head, confined: Host, tmp_path: Path):
    with worker_node(head, 1, confined, {"RAY_memory_monitor_refresh_ms": "0"}):
        campaign = driver(tmp_path / "c", environment=head.environment, address=head.address, bodies=[EATER], spec=SPEC)
        assert ended(campaign) == (0, "", "")
    records = results(tmp_path / "c")
    assert statuses(records, EATER) == {("completed", ""), ("crashed", "its worker process died")}
    assert others(records) == undisturbed(tmp_path / "undisturbed", **SPEC)


@pytest.mark.slow
def test_programs_that_have_memory_enough_one_at_a_time_are_not_blamed_for_their_neighbours(
    head: Head, confined: Host, tmp_path: Path
):
    with worker_node(head, 2, confined, {"RAY_memory_usage_threshold": "0.75"}):
        campaign = driver(
            tmp_path / "c", environment=head.environment, address=head.address, bodies=[GREEDY, EATER], spec=SPEC
        )
        assert ended(campaign) == (0, "", "")
    records = results(tmp_path / "c")
    assert statuses(records, EATER) == {("completed", ""), ("crashed", "its worker was ended for want of memory")}
    assert others(records) == undisturbed(tmp_path / "undisturbed", GREEDY, **SPEC)
