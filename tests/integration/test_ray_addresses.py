"""Where a campaign's actors live: a cluster that is joined and left running, or one line that says there is none."""

import os
import socket
from pathlib import Path

import pytest

from llamoco_data.campaign import run_campaign
from llamoco_data.execution import executor
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.identity import LlamocoError
from tests.campaigns import SMALL
from tests.forking import DATA, finished

pytestmark = pytest.mark.integration

JOIN = """
from llamoco_data.execution import executor
with executor("auto", 1).connected():
    import ray
    print(ray.get_runtime_context().gcs_address, ray.get(ray.put("joined")))
"""


def test_cluster_that_runs_is_joined_and_left_running(local_ray: None):
    import ray  # noqa: PLC0415 - after the package has set what Ray reads when it is imported

    address = ray.get_runtime_context().gcs_address
    joined = finished(DATA, ["-c", JOIN], env={**os.environ, "RAY_ADDRESS": address})
    assert (joined.returncode, joined.stdout) == (0, f"{address} joined\n"), joined.stderr
    assert len(ray.nodes()) == 1
    assert ray.get(ray.put("still here")) == "still here"


REFUSED = """
import sys
from llamoco_data.campaign import run_campaign
from llamoco_data.execution import executor
from llamoco_data.identity import LlamocoError
import llamoco_data.execution.ray_connection as ray_connection
from tests.campaigns import SMALL
ray_connection.CONNECT_LIMIT_S = float(sys.argv[3])
try:
    run_campaign(sys.argv[1], SMALL, executor(sys.argv[2]))
except LlamocoError as error:
    print(error)
"""


@pytest.mark.parametrize("what", ["closed", "silent", "nonsense"])
def test_address_without_ray_is_refused_in_one_line(what: str, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as closed:
        ports = {"silent": silent.getsockname()[1], "closed": closed.getsockname()[1]}
        closed.close()
        address = f"127.0.0.1:{ports[what]}" if what in ports else "nonsense"
        limit_s = "2" if what == "silent" else "30"
        ended = finished(DATA, ["-c", REFUSED, str(tmp_path / "c"), address, limit_s])
    assert ended.returncode == 0
    reason = {"closed": "Connection refused", "silent": "nothing answered within 2 s", "nonsense": "Invalid address"}
    assert ended.stdout.startswith(f"no Ray answers at address '{address}': {reason[what]}")
    assert ended.stdout.rstrip().endswith("check the address and that its head node runs, or run with --address local")
    assert ended.stdout.count("\n") == 1
    assert ended.stderr == ""
    assert not run_campaign(tmp_path / "c", SMALL, InlineExecutor()).drained


def test_other_cluster_than_the_one_this_process_is_connected_to_is_refused(local_ray: None, tmp_path: Path):
    with pytest.raises(LlamocoError, match=r"connected to the Ray at .*, not 127\.0\.0\.1:1; use that"):
        run_campaign(tmp_path / "c", SMALL, executor("127.0.0.1:1"))
