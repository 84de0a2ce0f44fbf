"""A Ray cluster of a test's own on this machine: own ports, own folder, a token; and nothing of it left afterwards."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

ATTEMPTS = 3
"""Ray gives a node 30 s to start, and no more on a machine under load."""
COMMAND_LIMIT_S = 240.0
STARTED = "block forever"
"""In the line that `ray start --block` prints once the node is up."""


@dataclass(frozen=True, slots=True)
class Head:
    """A head node, and the environment of those who may use it."""

    environment: dict[str, str]
    folder: Path
    address: str
    """host:port, for drivers."""
    url: str
    """Of the job server."""
    metrics_url: str
    """Of the node's metrics, as Prometheus reads them."""

    def run(self, *command: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """A command to its end, with variables set anew, or taken out where empty."""
        environment = {name: value for name, value in (self.environment | changed).items() if value}
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=COMMAND_LIMIT_S,
        )


@contextlib.contextmanager
def own_folder() -> Generator[Path]:
    """A folder with a short name, since Ray puts sockets in it; every process that has it as its home is ended."""
    folder = Path(tempfile.mkdtemp(prefix="llamoco-"))
    try:
        yield folder
    finally:
        for pid in _processes_at_home_in(folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def environment_in(folder: Path) -> dict[str, str]:
    """An environment without any Ray of the caller's, whose home is the folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "SLURM_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return inherited | {"HOME": str(folder), "PATH": path, "RAY_USAGE_STATS_ENABLED": "0"}


@contextlib.contextmanager
def head_node(num_cpus: int) -> Generator[Head]:
    """A head node with token authentication and a job server.

    Raises:
        RuntimeError: it does not start.
    """
    with own_folder() as folder:
        token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16), "RAY_JOB_STOP_WAIT_TIME_S": "60"}
        environment = environment_in(folder) | token | {"RAY_metrics_report_interval_ms": "500"}
        said = ""
        for _ in range(ATTEMPTS):
            gcs, dashboard, *others = _free_ports(5)
            arguments = _start_arguments(folder, num_cpus, gcs, dashboard, others)
            process = subprocess.Popen(
                arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if STARTED in line:
                    break
            else:
                process.wait()
                continue
            try:
                yield Head(
                    environment=environment,
                    folder=folder,
                    address=f"127.0.0.1:{gcs}",
                    url=f"http://127.0.0.1:{dashboard}",
                    metrics_url=f"http://127.0.0.1:{others[-1]}/metrics",
                )
            finally:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.communicate(timeout=40)
                process.kill()
                process.communicate()
            return
        raise RuntimeError(f"Ray's head did not start in {ATTEMPTS} attempts:\n{said}")


def _start_arguments(folder: Path, num_cpus: int, gcs: int, dashboard: int, others: list[int]) -> list[str]:
    agent, client, metrics = others
    return [
        str(Path(sys.executable).parent / "ray"),
        "start",
        "--head",
        "--block",
        "--node-ip-address=127.0.0.1",
        f"--port={gcs}",
        f"--dashboard-port={dashboard}",
        f"--dashboard-agent-listen-port={agent}",
        f"--ray-client-server-port={client}",
        f"--metrics-export-port={metrics}",
        "--min-worker-port=0",
        "--max-worker-port=0",
        f"--num-cpus={num_cpus}",
        "--object-store-memory=100000000",
        f"--temp-dir={folder / 'ray'}",
    ]


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [server.getsockname()[1] for server in sockets]


def _processes_at_home_in(folder: Path) -> list[int]:
    wanted = f"HOME={folder}".encode()
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found
