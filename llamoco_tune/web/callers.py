"""Who is at the other end of a connection within this machine, as the kernel's tables of connections tell it."""

import contextlib
import ipaddress
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

Place = tuple[str, int]
"""Address and port of one end of a connection."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_MAPPED = bytes(10) + b"\xff\xff"
"""What stands before an address of IPv4 where a socket of IPv6 uses it (RFC 4291, 2.5.5.2)."""


def is_of(users: Collection[int], client: Place, server: Place) -> bool:
    """Whether the client of a connection is one of certain users of this machine.

    A connection that the kernel does not list is not theirs. Only where it has no tables at all, as in some containers,
    any connection within this machine counts as theirs.
    """
    here, there = _address(client[0]), _address(server[0])
    if here is None or there is None or not here.is_loopback:
        return False
    if not any(table.exists() for table in _TABLES):
        return True
    # Both ends: sockets of two users may have one address and port, if they lead to different servers.
    wanted = {
        (f"{one}:{client[1]:04X}", f"{other}:{server[1]:04X}")
        for one, other in zip(_written(here), _written(there), strict=False)
    }
    return any(user in users for ends, user in _listed() if ends in wanted)


def _address(host: str) -> _Address | None:
    """An address; that of IPv4 where one of IPv6 stands for it."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _written(address: _Address) -> list[str]:
    """An address in each form that the tables may have: in words of four bytes, each as a number of this machine."""
    forms = [address.packed] if address.version == 6 else [address.packed, _MAPPED + address.packed]
    return ["".join(f"{word:08X}" for (word,) in struct.iter_unpack("=I", form)) for form in forms]


def _listed() -> Iterator[tuple[tuple[str, str], int]]:
    """The own and the other end of every socket, and its user."""
    for table in _TABLES:
        with contextlib.suppress(OSError):
            for line in table.read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[9] != "0":  # without an inode: a connection that was closed
                    yield (fields[1], fields[2]), int(fields[7])
