"""The process of one stranger's program: it confines itself, for good, runs the program, and says how that ended.

It knows the box, the budget and the numbers of constraints, and nothing else about the problem.
"""

import contextlib
import os
import random
import resource
import signal
import socket
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from llamoco_data import texts
from llamoco_data.box import filter as calls
from llamoco_data.box import frames, layers, system, view
from llamoco_data.box.asking import Asking
from llamoco_data.box.frames import Job
from llamoco_data.box.layers import Layers
from llamoco_data.outcomes import Given, RunStatus, describe, outcome

FILE_BYTES = 100_000_000
"""Largest file that a program may write."""
NUM_PROCESSES = 64
"""Processes and threads that a program may have at once, where the kernel keeps count."""
WAITS, RUNS = "llamoco-waits", "llamoco-runs"
"""Names of the process while it waits for its job, and then; the program may take another."""
_CONNECTION = 3
"""Descriptor of a program's one connection."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run takes place."""

    found: Layers
    visible: tuple[str, ...]
    hidden: tuple[str, ...]
    private: str
    """Its private folder, where it has namespaces of its own; empty where it has none."""
    mapped_bytes: int
    """Address space of the loaded libraries."""
    filter: bytes
    """The filter of system calls; empty where there is none, or where it depends on the run's process."""

    @property
    def isolated(self) -> bool:
        """Whether it gets namespaces of its own."""
        return bool(self.private)


def begin(place: Place, lane: int, output: int, parent: int) -> NoReturn:
    """Turns this fork of the zygote into the process of a program, once it gets its job.

    Args:
        place: where the run takes place.
        lane: descriptor of the connection by which the job comes.
        output: descriptor that takes the program's output.
        parent: process id of the zygote.
    """
    try:
        system.die_with_parent(signal.SIGKILL)
        if os.getppid() != (0 if place.isolated else parent):
            system.LEAVE(1)
        os.setsid()
        system.show_memory(True)
        if place.isolated:
            system.unshare(system.NEW_MOUNTS | system.NEW_IPC)
            view.private_mounts(place.private)
        _arrange_descriptors(lane, output)
        system.be_called(WAITS)
        job, meter = _awaited()
        system.be_called(RUNS)
        _become_program(place, job, meter)
    except BaseException as error:  # noqa: BLE001 - the trusted side is to know, whatever it is
        try:
            with contextlib.suppress(OSError):
                os.write(output, f"{type(error).__name__}: {error}".encode(errors="replace")[:1000])
        finally:  # whatever the program has made of these functions
            system.LEAVE(1)


def place_of(found: Layers, visible: tuple[str, ...], hidden: tuple[str, ...]) -> Place:
    """The place of all runs of this process, which has loaded the libraries; what it holds is made once for all."""
    isolated, filter_ = layers.NAMESPACES in found.holding, b""
    if layers.FILTER in found.holding and (isolated or found.landlock >= layers.SIGNALS_SINCE):
        filter_ = calls.packed(calls.instructions(calls.machine(), None, isolated=isolated))
    with open("/proc/self/statm", "rb") as file:
        mapped_bytes = int(file.read().split()[0]) * resource.getpagesize()
    private = view.private_folder(visible) if isolated else ""
    return Place(found, visible, hidden, private=private, mapped_bytes=mapped_bytes, filter=filter_)


def home(folder: str) -> Mapping[str, str]:
    """Variables of a program's environment that name its private folder."""
    return {"HOME": folder, "TMPDIR": folder}


def _arrange_descriptors(lane: int, output: int) -> None:
    """Leaves open the output, nothing to read, and one connection: first that of the job, later that of the meter."""
    nowhere = os.open(os.devnull, os.O_RDONLY)
    for descriptor, target in ((nowhere, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, target)
    _keep_connection(lane)
    os.closerange(_CONNECTION + 1, 1 << 10)


def _keep_connection(descriptor: int) -> None:
    if descriptor != _CONNECTION:
        os.dup2(descriptor, _CONNECTION, inheritable=False)


def _awaited() -> tuple[Job, int]:
    """The job, and the descriptor of the connection to its meter; ends this process where none comes."""
    lane = socket.socket(fileno=_CONNECTION)
    message, descriptors, _, _ = socket.recv_fds(lane, len(frames.RUN), 2, socket.MSG_CMSG_CLOEXEC)
    lane.detach()
    if message != frames.RUN:
        system.LEAVE(0)
    job, meter = descriptors
    with open(job, "rb") as content:
        return Job.from_json(content.read()), meter


def _become_program(place: Place, job: Job, meter: int) -> NoReturn:
    _keep_connection(meter)
    os.close(meter)
    connection = socket.socket(fileno=_CONNECTION)
    folder = place.private or job.folder
    os.environ.update(home(folder))
    tempfile.tempdir = folder
    here = os.path.join(folder, "here")  # empty, unlike its parent, which holds the file of the program's text
    os.mkdir(here)
    os.chdir(here)
    texts.settle(Path(folder, f"{texts.PREFIX}run"))
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_DFL)
    asking = Asking(job, connection)
    _confine(place, job, folder)
    connection.send(frames.BEGUN.to_bytes(frames.HEAD_BYTES, "little"))
    status, detail = _run(job, asking)
    _flush()
    connection.send(frames.ended(status, detail))
    system.LEAVE(0)


def _confine(place: Place, job: Job, folder: str) -> None:
    """Gives up what the program is not to have, for good."""
    holding = place.found.holding
    layers.limit(
        memory_bytes=place.mapped_bytes + job.memory_bytes,
        file_bytes=FILE_BYTES,
        cpu_s=job.cpu_s,
        num_processes=NUM_PROCESSES,
    )
    system.drop_capabilities()
    system.no_new_privileges()
    if layers.LANDLOCK in holding:
        own = [f"/proc/{os.getpid()}"]
        visible = ["/"] if place.isolated else [*view.SYSTEM, *view.MACHINE, *own, *place.visible]
        writable = [folder, *(["/dev/shm"] if place.isolated else []), *view.DEVICES]
        view.restrict(place.found.landlock, visible, () if place.isolated else place.hidden, writable)
    if layers.FILTER in holding:
        system.filter_calls(place.filter or calls.packed(calls.instructions(calls.machine(), os.getpid())))


def _run(job: Job, asking: Asking) -> tuple[RunStatus, str]:
    given = Given(
        objective=asking.objective,
        constraints=asking.constraints if job.num_constraints else None,
        lower=np.array(job.lower),
        upper=np.array(job.upper),
        max_evaluations=job.max_evaluations,
        refused=lambda: asking.refused,
    )
    random.seed(job.seed)
    np.random.seed(job.seed)  # noqa: NPY002 - pycma and others draw from the global generator
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    return _caught(lambda: outcome(job.program, given, job.seed))


def _caught(run: Callable[[], tuple[RunStatus, str]]) -> tuple[RunStatus, str]:
    try:
        return run()
    except KeyboardInterrupt as error:  # raised by the program itself: no terminal reaches this process
        return "raised", describe(error)


def _flush() -> None:
    """Writes out what the program has printed, whatever it has made of the streams."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
