"""Hosts in network namespaces of their own, joined by a switch, whose links can be cut; where the machine allows it."""

import contextlib
import os
import subprocess
from collections.abc import Generator
from dataclasses import dataclass

import pytest

from tests.clusters import Host

PREFIX = "10.213.77."


@dataclass(frozen=True, slots=True)
class Network:
    """The first host is also the switch."""

    hosts: tuple[Host, ...]
    names: tuple[str, ...]

    def cut(self, number: int) -> None:
        """Takes the link to a host down."""
        ip("-n", self.names[0], "link", "set", f"port{number}", "down")

    def mend(self, number: int) -> None:
        ip("-n", self.names[0], "link", "set", f"port{number}", "up")


@contextlib.contextmanager
def network(num_hosts: int) -> Generator[Network]:
    """Hosts that reach each other and nothing else. Skips the test where no namespace can be made."""
    names = tuple(f"llamoco-{os.getpid()}-{number}" for number in range(num_hosts))
    hosts = tuple(
        Host(f"{PREFIX}{number + 1}", ("nsenter", f"--net=/run/netns/{name}")) for number, name in enumerate(names)
    )
    with contextlib.ExitStack() as made:
        try:
            for name in names:
                ip("netns", "add", name)
                made.callback(ip, "netns", "delete", name)
                ip("-n", name, "link", "set", "lo", "up")
            _join(names)
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            pytest.skip(f"this machine lets no test make network namespaces: {said.strip()}")
        yield Network(hosts, names)


def _join(names: tuple[str, ...]) -> None:
    switch, *others = names
    ip("-n", switch, "link", "add", "name", "switch", "type", "bridge")
    ip("-n", switch, "address", "add", f"{PREFIX}1/24", "dev", "switch")
    ip("-n", switch, "link", "set", "switch", "up")
    for number, name in enumerate(others, start=1):
        port = f"port{number}"
        ip("-n", switch, "link", "add", "name", port, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("-n", switch, "link", "set", port, "master", "switch", "up")
        ip("-n", name, "address", "add", f"{PREFIX}{number + 1}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
