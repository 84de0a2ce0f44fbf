"""The list of system calls, decided by an interpreter of the kernel's filter language, on both machines."""

import errno
import os
import struct

import pytest

from llamoco_data.box import filter as calls
from llamoco_data.box.filter import ALLOW, FAIL, KILL, MACHINES
from llamoco_data.box.system_calls import NUMBERS

pytestmark = pytest.mark.unit

EPERM, ENOSYS, DONE = FAIL | errno.EPERM, FAIL | errno.ENOSYS, FAIL


def verdict(
    machine: str, name: str | int, *arguments: int, own_process: int | None = None, isolated: bool = False
) -> int:
    code, column = MACHINES[machine]
    number = NUMBERS[name][column] if isinstance(name, str) else name
    assert number is not None
    data = struct.pack("=iIQ6Q", number, code, 0, *arguments, *[0] * (6 - len(arguments)))
    return decided(calls.instructions(machine, own_process, isolated=isolated), data)


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_allows_sockets_of_the_machine_alone_where_they_reach_nobody_else(machine: str):
    filter_ = calls.instructions(machine, None, isolated=True)
    column = MACHINES[machine][1]

    def decision(name: str, argument: int) -> int:
        return decided(
            filter_, struct.pack("=iIQ6Q", NUMBERS[name][column], MACHINES[machine][0], 0, argument, *[0] * 5)
        )

    assert [decision("socket", family) for family in (1, 2, 10, 16, 17, 40)] == [ALLOW] + [EPERM] * 5
    assert decision("connect", 3) == ALLOW


def decided(filter_: list[calls.Instruction], data: bytes) -> int:
    at, held = 0, 0
    while True:
        operation, if_true, if_false, constant = filter_[at]
        at += 1
        if operation == 0x06:
            return constant
        if operation == 0x20:
            (held,) = struct.unpack_from("=I", data, constant)
        elif operation == 0x54:
            held &= constant
        else:
            true = {0x15: held == constant, 0x35: held >= constant, 0x45: bool(held & constant)}[operation]
            at += if_true if true else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_allows_what_programs_need_and_nothing_that_reaches_out(machine: str):
    for name in ("read", "openat", "mmap", "futex", "execve", "wait4", "sendto", "recvfrom", "exit_group"):
        assert verdict(machine, name) == ALLOW, name
    assert verdict(machine, "socket", 1) == verdict(machine, "socket", 2) == EPERM
    for name in ("bind", "listen", "accept4", "connect"):
        assert verdict(machine, name) == EPERM, name
    assert (verdict(machine, "socketpair", 1), verdict(machine, "socketpair", 2)) == (ALLOW, EPERM)
    assert verdict(machine, "clone", 0x01200011) == verdict(machine, "clone", 0x3D0F00) == ALLOW
    for namespace in (0x80, 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert verdict(machine, "clone", namespace | 17) == EPERM
    assert verdict(machine, "clone3") == ENOSYS
    assert [verdict(machine, "prctl", option) for option in (15, 16, 1, 4, 22, 36, 38)] == [ALLOW] * 2 + [EPERM] * 5
    assert [verdict(machine, "ioctl", 1, request) for request in (0x5401, 0x5412, 0x541C)] == [ALLOW, EPERM, EPERM]
    assert verdict(machine, 500) == ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_keeps_signals_inside_where_nothing_else_does(machine: str):
    for name in ("kill", "tgkill"):
        assert verdict(machine, name, 1) == ALLOW
        assert verdict(machine, name, 77, own_process=77) == ALLOW
        assert verdict(machine, name, 78, own_process=77) == EPERM
        assert verdict(machine, name, (1 << 32) - 1, own_process=77) == EPERM
    for number in (8, 10, 15):  # whom a descriptor signals, and by what
        assert verdict(machine, "fcntl", 5, number) == EPERM, number
    for request in (0x8901, 0x8902):
        assert verdict(machine, "ioctl", 5, request) == EPERM, request
    assert verdict(machine, "prlimit64", 0, own_process=77) == ALLOW
    assert verdict(machine, "prlimit64", 78) == EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_changes_no_mode_time_or_length_by_a_path_where_no_namespace_hides_the_user_s_files(machine: str):
    column, now, path = MACHINES[machine][1], 0, 0x7FFE_0000_1000
    for name in ("chmod", "fchmod", "fchmodat", "utime", "utimes", "futimesat", "utimensat", "truncate"):
        if NUMBERS[name][column] is not None:
            assert verdict(machine, name, path, path, path, isolated=True) == ALLOW, name
            assert verdict(machine, name, path, path, path) == (EPERM if name == "truncate" else DONE), name
    assert verdict(machine, "utimensat", 5, path, now) == EPERM
    assert verdict(machine, "utimensat", 5, 0, now) == DONE
    assert verdict(machine, "ftruncate", 5) == ALLOW
    assert (verdict(machine, "openat2"), verdict(machine, "openat2", isolated=True)) == (ENOSYS, ALLOW)


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_lets_no_file_be_opened_that_is_neither_read_nor_written_or_emptied_while_it_is_read(machine: str):
    for access, expected in ((os.O_RDONLY, EPERM), (os.O_WRONLY, ALLOW), (os.O_RDWR, ALLOW), (os.O_ACCMODE, EPERM)):
        flags = access | os.O_CLOEXEC | os.O_CREAT
        assert verdict(machine, "openat", 5, 7, flags | os.O_TRUNC) == expected, access
        assert verdict(machine, "openat", 5, 7, flags | os.O_TRUNC, isolated=True) == ALLOW, access
    assert [verdict(machine, "openat", 5, 7, access) for access in (os.O_RDONLY, os.O_ACCMODE)] == [ALLOW, EPERM]
    if machine == "x86_64":
        assert [verdict(machine, "open", 7, flags) for flags in (0, 0x200, 0x201)] == [ALLOW, EPERM, ALLOW]


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_lets_no_processor_of_another_process_be_chosen_where_no_namespace_hides_it(machine: str):
    assert [verdict(machine, "sched_setaffinity", process) for process in (0, 77)] == [ALLOW, EPERM]
    own = [verdict(machine, "sched_setaffinity", process, own_process=77) for process in (0, 77, 78)]
    assert own == [ALLOW, ALLOW, EPERM]
    assert verdict(machine, "sched_setaffinity", 77, isolated=True) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_lets_nothing_be_left_with_a_file_that_is_only_read(machine: str):
    assert verdict(machine, "fcntl", 5, 1036) == EPERM  # F_SET_RW_HINT
    assert verdict(machine, "ioctl", 5, 0x40086602) == EPERM  # FS_IOC_SETFLAGS
    assert verdict(machine, "ioctl", 5, 0x40087602) == EPERM  # FS_IOC_SETVERSION
    assert verdict(machine, "fcntl", 5, 1024) == EPERM  # F_SETLEASE
    for number in (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1031, 1032):
        assert verdict(machine, "fcntl", 5, number) == ALLOW, number
    for request in (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451):
        assert verdict(machine, "ioctl", 5, request) == ALLOW, request


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_lets_no_memory_be_shared_that_is_no_file_s(machine: str):
    shared, private, none, fixed = 0x01, 0x02, 0x20, 0x10
    for flags in (private | none, private, shared, private | none | fixed | 0x20000, 0x03):
        assert verdict(machine, "mmap", 0, 4096, 3, flags) == ALLOW, flags
    for flags in (shared | none, shared | none | fixed, shared | none | 0x40000):
        assert verdict(machine, "mmap", 0, 4096, 3, flags) == EPERM, flags


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_refuses_calls_that_nothing_asked_for(machine: str):
    refused = {
        "x86_64": (101, 165, 166, 272, 308, 321, 298, 425, 310, 311, 319, 250),
        "aarch64": (117, 40, 39, 97, 268),
    }
    for number in refused[machine]:
        assert verdict(machine, number) == EPERM, number


def test_filter_ends_a_process_that_speaks_another_machine_s_calls():
    filter_ = calls.instructions("x86_64", None)
    assert decided(filter_, struct.pack("=iIQ6Q", 0, MACHINES["aarch64"][0], 0, *[0] * 6)) == KILL
    assert decided(filter_, struct.pack("=iIQ6Q", 0x40000000, MACHINES["x86_64"][0], 0, *[0] * 6)) == KILL


def test_filter_is_none_for_a_machine_without_a_list():
    with pytest.raises(OSError, match="no list of system calls for riscv64"):
        calls.instructions("riscv64", os.getpid())


def test_jumps_of_the_filter_fit_the_kernel_s_format():
    for machine in MACHINES:
        filter_ = calls.instructions(machine, 77)
        assert len(filter_) < 4096
        assert all(0 <= jump < 256 for _, *jumps, _ in filter_ for jump in jumps)
        assert len(calls.packed(filter_)) == 8 * len(filter_)
