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
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ATTEMPTS = 3
"""Ray gives a node 30 s to start, and no more on a machine under load."""
COMMAND_LIMIT_S = 240.0
STARTED = "block forever"
"""In the line that `ray start --block` prints once the node is up."""


@dataclass(frozen=True, slots=True)
class Host:
    """Where a node runs."""

    ip: str
    prefix: tuple[str, ...] = ()
    """What runs a command there."""


THIS_HOST = Host("127.0.0.1")


@dataclass(frozen=True, slots=True)
class Node:
    """A worker node: `ray start`, its raylet, and what the raylet has started."""

    pid: int

    def kill_raylet(self) -> None:
        """Ends it as if its machine had lost power: it says goodbye to nobody."""
        for pid in descendants(self.pid):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == "raylet":
                    os.kill(pid, signal.SIGKILL)

    def send_signal(self, number: signal.Signals) -> None:
        """To all its processes."""
        for pid in descendants(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def descendants(pid: int) -> Iterator[int]:
    """The processes that a process has started, and those that these have."""
    with contextlib.suppress(OSError):
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text(encoding="utf-8").split():
                yield int(child)
                yield from descendants(int(child))


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
def head_node(
    num_cpus: int, host: Host = THIS_HOST, *, dashboard: bool = True, environment: Mapping[str, str] | None = None
) -> Generator[Head]:
    """A head node with token authentication and a job server.

    Args:
        dashboard: whether there is to be a job server, which is most of the start's cost.
        environment: variables for the node and whoever uses it.

    Raises:
        RuntimeError: it does not start.
    """
    with own_folder() as folder:
        token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16), "RAY_JOB_STOP_WAIT_TIME_S": "60"}
        quick = {"RAY_metrics_report_interval_ms": "500"}
        variables = environment_in(folder) | token | quick | dict(environment or {})

        def arguments() -> list[str]:
            gcs, server, client = _free_ports(3)
            return [
                "--head",
                f"--port={gcs}",
                f"--dashboard-port={server}",
                f"--include-dashboard={dashboard}",
                f"--ray-client-server-port={client}",
                f"--temp-dir={folder / 'ray'}",
            ]

        with _started(arguments, num_cpus, host, variables) as (_, used):
            ports = {name: value for name, _, value in (argument.partition("=") for argument in used)}
            yield Head(
                environment=variables,
                folder=folder,
                address=f"{host.ip}:{ports['--port']}",
                url=f"http://{host.ip}:{ports['--dashboard-port']}",
                metrics_url=f"http://{host.ip}:{ports['--metrics-export-port']}/metrics",
            )


@contextlib.contextmanager
def worker_node(
    head: Head, num_cpus: int, host: Host = THIS_HOST, environment: Mapping[str, str] | None = None
) -> Generator[Node]:
    """A node that joins a head, and is gone afterwards.

    Raises:
        RuntimeError: it does not start.
    """
    variables = head.environment | dict(environment or {})
    with _started(lambda: [f"--address={head.address}"], num_cpus, host, variables) as (process, _):
        yield Node(process.pid)


@contextlib.contextmanager
def _started(
    arguments: Callable[[], list[str]], num_cpus: int, host: Host, environment: Mapping[str, str]
) -> Generator[tuple[subprocess.Popen[str], list[str]]]:
    """A node and the arguments that it was started with, until its use ends."""
    said = ""
    for _ in range(ATTEMPTS):
        agent, metrics = _free_ports(2)
        used = [*arguments(), f"--metrics-export-port={metrics}"]
        process = subprocess.Popen(
            [
                *host.prefix,
                str(Path(sys.executable).parent / "ray"),
                "start",
                "--block",
                f"--node-ip-address={host.ip}",
                f"--dashboard-agent-listen-port={agent}",
                "--min-worker-port=0",
                "--max-worker-port=0",
                f"--num-cpus={num_cpus}",
                "--object-store-memory=100000000",
                *used,
            ],
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if STARTED in line:
                break
        else:
            process.communicate()  # which waits, and closes the pipe of an attempt that failed
            continue
        try:
            yield process, used
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=40)
            process.kill()
            process.communicate()
        return
    raise RuntimeError(f"a Ray node did not start in {ATTEMPTS} attempts:\n{said}")


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
