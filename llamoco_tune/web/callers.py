"""Who is at the other end of a connection within this machine, as the kernel's table of connections tells it."""

import contextlib
import ipaddress
import sys
from collections.abc import Collection
from pathlib import Path

_TABLES = {4: Path("/proc/net/tcp"), 6: Path("/proc/net/tcp6")}


def is_of(users: Collection[int], host: str, port: int) -> bool:
    """Whether a connection from an address and port is one of certain users of this machine.

    A connection within this machine that the table does not list, as in some containers, counts as theirs.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if not address.is_loopback:
        return False
    user = _owner(f"{_written(address.packed)}:{port:04X}", _TABLES[address.version])
    return user is None or user in users


def _written(packed: bytes) -> str:
    """An address as the table has it: in words of four bytes, each as a number of this machine."""
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)


def _owner(place: str, table: Path) -> int | None:
    """The user whose socket has a place as its own end."""
    with contextlib.suppress(OSError):
        for line in table.read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[1] == place and fields[9] != "0":  # without an inode: a connection that was closed
                return int(fields[7])
    return None
