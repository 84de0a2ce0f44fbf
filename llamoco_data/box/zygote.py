"""A process with one thread and all libraries loaded, which forks one confined copy of itself for each run.

It loads nothing of the problems, and sees only what programs see. A fork takes milliseconds, a new interpreter with
these libraries seconds. Two processes stand behind each other here: a launcher that prepares the confinement and
outlives the zygote, so that nothing that the zygote leaves can outlive both; and the zygote itself.
"""

import contextlib
import gc
import importlib
import io
import os
import select
import signal
import socket
import sys
import time
import warnings
from dataclasses import dataclass
from typing import NoReturn

from llamoco_data.box import folders, layers, run, system, view, waiting
from llamoco_data.box.frames import READY_BYTES, SAID_BYTES, STOP, Left, Ready
from llamoco_data.box.layers import Layers
from llamoco_data.box.processes import end_descendants, end_namespace, load, own_bytes
from llamoco_data.box.removal import remove_tree
from llamoco_data.box.waiting import Waiting
from llamoco_data.identity import Record
from llamoco_data.outcomes import one_thread

WATCH_S = 0.1
"""Time between two looks at what a run takes."""
END_S = 10.0
"""Time for the processes of a run to end once they are killed."""


class Settings(Record):
    """What the trusted side says to a zygote when it starts it."""

    visible: tuple[str, ...]
    """Files and folders that programs may read, besides the system's."""
    hidden: tuple[str, ...]
    """Folders beneath them that programs may not see."""
    path: tuple[str, ...]
    """Where programs import from."""
    preloaded: tuple[str, ...]
    """Modules to load before the first run."""
    passed_over: tuple[str, ...]
    """Modules that count as absent meanwhile: the preloaded ones do without them, and a program may load them."""
    without: tuple[str, ...]
    """Layers that are left out."""
    memory_bytes: int
    """Memory that all processes of a run may take together."""
    num_processes: int
    """Number of processes that a run may have at once."""


def main() -> None:
    """Prepares the confinement, and serves runs at the socket whose descriptor is the first argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    settings = Settings.from_json(sys.argv[2])
    try:
        found = layers.probed(settings.without)
        _launch(control, settings, found)
    except BaseException as error:
        with contextlib.suppress(OSError):
            control.send(Ready(fault=f"{type(error).__name__}: {error}"[:1000]).to_json().encode())
        raise


def _launch(control: socket.socket, settings: Settings, found: Layers) -> None:
    """Starts the zygote, waits for its end, and ends what it may have left."""
    folder, isolated = folders.begin(), layers.NAMESPACES in found.holding
    try:
        system.adopt_orphans()
        if isolated:
            layers.enter_namespaces(own_user=layers.OWN_USER in found.holding)
        this = os.getpid()
        zygote = os.fork()
        if zygote == 0:
            _become_zygote(control, settings, found, folder, 0 if isolated else this)
        control.close()
        os.waitpid(zygote, 0)
        if not isolated:
            end_descendants(END_S)
    finally:
        remove_tree(folder)


def _become_zygote(control: socket.socket, settings: Settings, found: Layers, folder: str, parent: int) -> NoReturn:
    try:
        system.die_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            system.LEAVE(1)
        zygote = _prepared(control, settings, found, folder)
        told = Ready(
            layers=tuple(sorted(found.holding)),
            missing=tuple(f"{layer}: {why}" for layer, why in found.missing.items()),
            folder="" if zygote.place.isolated else folder,
        )
        control.send(told.to_json().encode())
        _close_errors()
        zygote.serve()
        system.LEAVE(0)
    except BaseException as error:  # noqa: BLE001 - the trusted side is to know, whatever it is
        with contextlib.suppress(OSError):
            control.send(Ready(fault=f"{type(error).__name__}: {error}"[:1000]).to_json().encode())
        system.LEAVE(1)


def _close_errors() -> None:
    """Leaves the file of the trusted side that takes the errors of the start, and is read only then."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _prepared(control: socket.socket, settings: Settings, found: Layers, folder: str) -> "_Zygote":
    """Confines this process to what programs see, and loads their libraries."""
    os.setsid()
    processes = -1
    isolated = layers.NAMESPACES in found.holding
    if isolated:
        processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        system.unshare(system.NEW_MOUNTS)  # the launcher goes on seeing its folder
        view.change_root(settings.visible, settings.hidden, folder)
        if layers.OWN_USER in found.holding:
            layers.change_user()
    else:
        system.adopt_orphans()
    system.show_memory(False)
    system.bound_capabilities()
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "wb") as file:
        file.write(b"1000")  # where memory is short, programs go first
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)
    os.environ.update(run.home(view.private_folder(settings.visible) if isolated else folder))
    sys.path[:] = settings.path
    _preload(settings)
    one_thread()
    gc.collect()
    gc.freeze()
    threads = os.listdir("/proc/self/task")
    if len(threads) > 1:
        raise RuntimeError(f"the libraries started {len(threads) - 1} threads, so that no fork of this process is safe")
    _forget_project()
    place = run.place_of(found, settings.visible, settings.hidden)
    if place.isolated:
        view.close_root(place.private)
    return _Zygote(control, settings, place, processes, own_bytes())


def _preload(settings: Settings) -> None:
    absent = dict.fromkeys(settings.passed_over)
    sys.modules.update(absent)  # pyright: ignore[reportArgumentType, reportCallIssue] - None says: absent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in settings.preloaded:
            with contextlib.suppress(ImportError):  # a program that needs it fails with the same error
                importlib.import_module(name)
    for name in absent:
        del sys.modules[name]


def _forget_project() -> None:
    """Makes the project unknown to the programs that forks of this process run."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "llamoco_data"]:
        del sys.modules[name]


@dataclass(slots=True)
class _Zygote:
    """What serves the runs."""

    control: socket.socket
    settings: Settings
    place: run.Place
    processes: int
    """Descriptor of the process namespace; -1 without one."""
    own_bytes: int
    """Memory of this process, which each fork shares."""
    ready: Waiting | None = None
    """The process of the next program, where it is made already."""

    def serve(self) -> None:
        """Makes one run after the other, until the trusted side closes the connection."""
        self._make_ready()
        while (request := socket.recv_fds(self.control, READY_BYTES, 3, socket.MSG_CMSG_CLOEXEC))[0]:
            message, descriptors, _, _ = request
            if message == STOP:  # late: the run has ended by itself
                continue
            job, meter, said = descriptors
            try:
                left = self._run(job, meter, said)
            except OSError:
                left = Left(code=0, cpu_s=0.0, overfull=False, fault=True)
            finally:
                for descriptor in descriptors:
                    with contextlib.suppress(OSError):
                        os.close(descriptor)
            with contextlib.suppress(BrokenPipeError):
                self.control.send(left.packed())
            self._make_ready()  # while the trusted side makes its record

    def _make_ready(self) -> None:
        with contextlib.suppress(OSError):  # the next run tries again, and says so
            self.ready = waiting.made(self.place, self.processes)

    def _run(self, job: int, meter: int, said: int) -> Left:
        child = self._begun(job, meter)
        try:
            overfull = self._watch(child, said)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.process, signal.SIGKILL)
            _, status, usage = os.wait4(child.process, 0)
            ended = child.first is not None and end_namespace(child.first, END_S)
            if not ended and not end_descendants(END_S):
                system.LEAVE(1)  # the launcher, and the kernel, have more to say than this process
            _keep(child.output, said)
            return Left(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, overfull, fault=False)
        finally:
            child.close()

    def _begun(self, job: int, meter: int) -> Waiting:
        """The process of a program, which has its job: the one that waits, or a new one where that has ended."""
        child, self.ready = self.ready or waiting.made(self.place, self.processes), None
        try:
            child.give(job, meter)
        except OSError:
            child.close()
            end_descendants(END_S)
            child = waiting.made(self.place, self.processes)
            child.give(job, meter)
        return child

    def _watch(self, child: Waiting, said: int) -> bool:
        """Waits until the run ends or is to end; keeps its output; returns whether it took too much."""
        output = child.output
        os.set_blocking(output, False)
        watched = os.pidfd_open(child.process)
        try:
            poller = select.poll()
            for descriptor in (watched, self.control.fileno(), output):
                poller.register(descriptor, select.POLLIN)
            look = time.monotonic() + WATCH_S
            while True:
                ready = {descriptor for descriptor, _ in poller.poll(1000 * max(0.0, look - time.monotonic()))}
                if watched in ready:
                    return False
                if self.control.fileno() in ready:
                    if self.control.recv(READY_BYTES) != STOP:
                        system.LEAVE(0)  # the trusted side has gone
                    return False
                if output in ready and not _keep(output, said):
                    poller.unregister(output)
                if time.monotonic() >= look:
                    if self._is_overfull():
                        return True
                    look = time.monotonic() + WATCH_S
        finally:
            os.close(watched)

    def _is_overfull(self) -> bool:
        taken = load(self.own_bytes, self.settings.memory_bytes)
        return taken.num_processes > self.settings.num_processes or taken.memory_bytes > self.settings.memory_bytes


def _keep(output: int, said: int) -> bool:
    """Moves what a program has written to the file of its output, up to the limit; returns whether more can come."""
    while True:
        try:
            content = os.read(output, 1 << 16)
        except BlockingIOError:
            return True
        if not content:
            return False
        room = SAID_BYTES - os.lseek(said, 0, os.SEEK_END)
        if room > 0:
            os.write(said, content[:room])
        if len(content) < 1 << 16:
            return True
