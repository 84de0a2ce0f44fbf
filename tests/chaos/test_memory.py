"""A program that eats memory until the kernel or Ray kills it: recorded as such, and its neighbours' rows are as ever.

The node is in a memory control group of its own, so that nothing else on the machine is in danger; skipped where a
test may make none. ?? s.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaigns import entrant, results
from tests.chaos.undisturbed import undisturbed
from tests.clusters import THIS_HOST, Head, Host, head_node, worker_node
from tests.drivers import driver, ended

pytestmark = pytest.mark.chaos

GROUPS = Path("/sys/fs/cgroup/memory")
NODE_BYTES = 1_900_000_000
# Bounded all the same, should the group not hold it.
EATER = """
import time
import numpy as np
hoard = []
for _ in range(180):
    hoard.append(np.ones(1_250_000))
    time.sleep(0.02)
return lower
"""
BYSTANDER = """
import time
time.sleep(2.0)
return lower
"""
SPEC = {"num_problems": 2, "repeats": 1}


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with head_node(num_cpus=0, dashboard=False) as head:
        yield head


@pytest.fixture
def confined() -> Iterator[Host]:
    """This machine with less memory: what runs there sees the group's limit as the machine's."""
    group = GROUPS / "llamoco-test"
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


@pytest.mark.parametrize(
    ("environment", "detail"),
    [
        ({"RAY_memory_monitor_refresh_ms": "0"}, "its worker process died"),
        ({"RAY_memory_usage_threshold": "0.75"}, "its worker was ended for want of memory"),
    ],
    ids=["kernel", "Ray"],
)
def test_program_that_eats_memory(environment: dict[str, str], detail: str, head: Head, confined: Host, tmp_path: Path):
    with worker_node(head, 2, confined, environment):
        campaign = driver(
            tmp_path / "c", environment=head.environment, address=head.address, bodies=[EATER, BYSTANDER], spec=SPEC
        )
        assert ended(campaign) == (0, "", "")
    eater = entrant(EATER).candidate_id
    records = results(tmp_path / "c")
    assert {(r.status, r.detail) for r in records if r.candidate_id == eater} == {("crashed", detail)}
    others = [record for record in records if record.candidate_id != eater]
    assert others == undisturbed(tmp_path / "undisturbed", BYSTANDER, **SPEC)
