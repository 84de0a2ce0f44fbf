"""Programs that attack, on every tier that can be had here; what they did is looked at from outside."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import pytest

from llamoco_data import sample_problem
from llamoco_data.box import folders, layers, system
from llamoco_data.box.layers import Tier
from llamoco_data.confined import ConfinedRun, run_confined, zygote
from llamoco_data.confined.connection import close_zygote
from llamoco_data.confined.running import OVERFULL
from llamoco_data.problems.evaluation import build
from llamoco_data.runs import RunRecord
from tests.boxes import children, left_below
from tests.campaigns import HEAD
from tests.hostile import attacks
from tests.hostile.cheats import CHEATS, OVER_BUDGET

pytestmark = pytest.mark.hostile

FREE = sample_problem("demo", seed=7, index=1).with_budget(200)
PROBLEM = build(FREE)
SECRET = "s3cr3t-of-the-user"
TIERS: Mapping[Tier, tuple[str, ...]] = {
    "isolated": (),
    "filtered": ("namespaces",),
    "limited": ("namespaces", "landlock", "filter"),
}
"""Tier -> layers to leave out for it; a machine that cannot give a tier gives the best below it."""
CONFINING: tuple[Tier, ...] = ("isolated", "filtered")
HONEST = "objective(upper)\nobjective(lower)\nreturn lower"
ATTACKED = "objective(upper)\n{}\nreturn lower"

every_tier = pytest.mark.parametrize("tier", TIERS)
confining_tier = pytest.mark.parametrize("tier", CONFINING)


def program_of(body: str) -> str:
    return HEAD + "".join(f"    {line}\n" for line in body.strip().splitlines())


def run(body: str, tier: Tier, time_limit_s: float = 20.0) -> ConfinedRun:
    least: Tier = "limited" if tier == "limited" else "filtered"
    made = run_confined(
        program_of(body), FREE, 5, problem=PROBLEM, time_limit_s=time_limit_s, least=least, without=TIERS[tier]
    )
    assert made.record.faults == 0, body
    assert not left_below(zygote(TIERS[tier]).process.pid), body
    return made


def without_time(record: RunRecord) -> dict[str, object]:
    return record.model_dump(exclude={"cpu_s", "faults", "candidate_id"})


def run_all(bodies: Mapping[str, str], tier: Tier, time_limit_s: float = 20.0) -> dict[str, ConfinedRun]:
    """Runs programs, then an honest one, whose record has to be as ever."""
    made = {name: run(ATTACKED.format(body), tier, time_limit_s) for name, body in bodies.items()}
    honest = run(HONEST, tier).record
    assert (honest.status, honest.evaluations) == ("completed", 2)
    return made


@pytest.mark.parametrize("tier", ["isolated", "limited"])
def test_endless_program_ends_at_its_time_limit(tier: Tier):
    """Tiers without namespaces end a run alike, whatever else confines it."""
    zygote(TIERS[tier])
    for name, body in attacks.LOOPS.items():
        began = time.monotonic()
        made = run(body, tier, 0.3)
        assert made.record.status == "timed_out", name
        assert time.monotonic() - began < 10.0, name


@every_tier
def test_address_space_is_limited(tier: Tier):
    for name, made in run_all(attacks.MEMORY, tier).items():
        assert made.record.status in ("raised", "crashed"), (name, made.record)


def test_files_in_memory_are_limited():
    if zygote().tier != "isolated":
        pytest.skip("needs namespaces")
    shared = set(Path("/dev/shm").glob("m*"))
    for name, made in run_all(attacks.FILES_IN_MEMORY, "isolated").items():
        assert made.record.status == "raised", (name, made.record)
    assert set(Path("/dev/shm").glob("m*")) <= shared


def test_memory_of_the_machine_is_limited():
    for name, made in run_all(attacks.MEMORY_OF_THE_MACHINE, "isolated", 1.5).items():
        assert made.record.status in ("raised", "crashed", "timed_out"), (name, made.record)


def test_shared_memory_counts_as_memory():
    record = run(attacks.SHARED_MEMORY["in several processes"], "limited", 60.0).record
    assert (record.status, record.detail) == ("crashed", OVERFULL)


@confining_tier
def test_shared_memory_that_could_not_be_counted_is_refused(tier: Tier):
    for name, made in run_all(attacks.SHARED_MEMORY, tier, 4.0).items():
        assert made.record.status == "raised", (name, made.record)


@every_tier
def test_nothing_outlives_a_run(tier: Tier):
    run_all(attacks.PROCESSES, tier, 1.0)


def test_bomb_of_forks_is_contained_where_the_kernel_counts_processes():
    if "own user" not in zygote().layers and os.geteuid() == 0:
        pytest.fail("root gives its programs no user of their own here")
    made = run("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", "isolated", 1.5)
    assert made.record.status in ("timed_out", "crashed")


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    """A folder of the user."""
    return witness_in(tmp_path)


def witness_in(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "witness").write_text(SECRET)
    return folder


def filled(bodies: Mapping[str, str], **values: object) -> dict[str, str]:
    filled_ = dict(bodies)
    for word, value in values.items():
        filled_ = {name: body.replace(word, str(value)) for name, body in filled_.items()}
    return filled_


def unconfined(body: str, here: Path, open_files: Sequence[int] = ()) -> str:
    """What an attack prints in a process that nothing confines."""
    program = f"{program_of(ATTACKED.format(body))}minimize(lambda x: 0.0, [0.0], [1.0], 200, 5)\n"
    variables = {"A_SECRET": SECRET, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=here,
        env=variables,
        pass_fds=open_files,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    ).stdout


def what_its_owner_can_change(folder: Path) -> list[tuple[object, ...]]:
    """Name, mode, owner, length and times of a folder and the files in it."""
    found = [(place.name, place.stat()) for place in (folder, *sorted(folder.iterdir()))]
    return [(name, at.st_mode, at.st_uid, at.st_size, at.st_mtime_ns, at.st_ctime_ns) for name, at in found]


def test_attacks_write_where_nothing_confines_them(tmp_path: Path):
    for number, (name, body) in enumerate(attacks.WRITING.items()):
        if "FOLDER" not in body:  # it would change more than a folder of this test
            continue
        folder, here = witness_in(tmp_path / f"{number}"), tmp_path / f"here-{number}"
        here.mkdir()
        before = what_its_owner_can_change(folder)
        unconfined(body.replace("FOLDER", str(folder)), here)
        assert what_its_owner_can_change(folder) != before, name


def test_attacks_see_the_secret_where_nothing_confines_them(witness: Path):
    bodies = filled(attacks.READING, FOLDER=witness, SECRET=SECRET)
    with (witness / "witness").open() as file:
        said = {
            name: unconfined(body, witness, [file.fileno()])
            for name, body in bodies.items()
            if name not in attacks.READING_OF_OTHER_PROCESSES
        }
    assert [name for name, text in said.items() if SECRET not in text] == []


@confining_tier
def test_nothing_outside_is_written(tier: Tier, witness: Path):
    library = Path(os.path.realpath(build.__code__.co_filename)).stat().st_mtime_ns
    before = what_its_owner_can_change(witness)
    run_all(filled(attacks.WRITING, FOLDER=witness), tier)
    assert what_its_owner_can_change(witness) == before
    assert (witness / "witness").read_text() == SECRET
    assert (witness / "witness").stat().st_nlink == 1
    assert not Path("/tmp/llamoco-hostile-left").exists()
    assert Path(os.path.realpath(build.__code__.co_filename)).stat().st_mtime_ns == library


@pytest.mark.parametrize("version", [1, 2])
def test_file_is_kept_where_landlock_is_too_old_to_restrict_its_length(version: int, witness: Path):
    if system.landlock_version() < version:
        pytest.skip(f"needs Landlock {version}")
    before = what_its_owner_can_change(witness)
    text = f"""
import contextlib, os
from llamoco_data.box import filter as calls, system, view
system.drop_capabilities()
system.no_new_privileges()
view.restrict({version}, ("/usr",), (), ())
system.filter_calls(calls.packed(calls.instructions(calls.machine(), os.getpid())))
place = {str(witness / "witness")!r}
with contextlib.suppress(PermissionError): os.truncate(place, 0)
for access in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_ACCMODE):
    with contextlib.suppress(PermissionError): os.open(place, access | os.O_TRUNC)
    with contextlib.suppress(PermissionError): os.close(os.open(place, access)); print('opened')
print('tried')
"""
    tried = subprocess.run([sys.executable, "-c", text], capture_output=True, check=True, text=True).stdout
    assert tried == "tried\n"
    assert what_its_owner_can_change(witness) == before


@confining_tier
def test_no_secret_is_read(tier: Tier, witness: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("A_SECRET", SECRET)
    bodies = filled(attacks.READING, FOLDER=witness, SECRET=SECRET)
    for name, made in run_all({**bodies, "by asking": "objective(lower)"}, tier).items():
        assert SECRET not in made.said, name
        assert SECRET not in made.record.detail, name


def test_process_beside_the_program_has_nothing_open_that_could_be_read_or_written():
    without = (layers.LANDLOCK, layers.OWN_USER)
    program = program_of(f"{attacks.LEFT_BESIDE}\n{HONEST}")
    try:
        for _ in range(2):
            made = run_confined(program, FREE, 5, problem=PROBLEM, without=without)
            assert (made.record.tier, made.record.status) == ("isolated", "completed")
            assert set(made.said.split()) == {"/dev/null"}
    finally:
        close_zygote(without)


@pytest.fixture
def listeners(tmp_path: Path) -> Generator[tuple[list[object], dict[str, object]]]:
    """What was received by sockets of the user, and what they are called."""
    abstract, path = f"llamoco-{os.getpid()}", str(tmp_path / "socket")
    received: list[object] = []
    tcp = socket.create_server(("127.0.0.1", 0))
    port = tcp.getsockname()[1]
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", port))
    unix = [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
    for listener, name in zip(unix, (path, f"\0{abstract}"), strict=True):
        listener.bind(name)
        listener.listen()
    Path(path).chmod(0o777)
    sockets = [tcp, udp, *unix]
    for each in sockets:
        each.setblocking(False)
    yield received, {"PORT": port, "SOCKET": path, "ABSTRACT": abstract}
    for each in sockets:
        with contextlib.suppress(BlockingIOError):
            received.append(each.recv(10) if each is udp else each.accept())
        each.close()
    assert received == []


@confining_tier
def test_no_socket_reaches_anybody(tier: Tier, listeners: tuple[list[object], dict[str, object]]):
    for name, made in run_all(filled(attacks.SOCKETS, **listeners[1]), tier).items():
        assert made.record.status == "raised", name


@confining_tier
def test_no_signal_reaches_anybody(tier: Tier):
    began = zygote(TIERS[tier]).process.pid
    outside = (os.getpid(), began, *children(began))
    before = [(process, os.sched_getaffinity(process)) for process in outside]
    run_all(attacks.SIGNALS, tier, 5.0)
    assert [(process, os.sched_getaffinity(process)) for process in outside] == before
    assert zygote(TIERS[tier]).process.pid == began
    assert zygote(TIERS[tier]).process.poll() is None


VICTIM = """
import time
from llamoco_data.box import system
system.drop_capabilities()
print("ready", flush=True)
time.sleep(1000)
"""
"""A process of the user, which has no more rights than a program, so that nothing but the filter is between them."""
REACHING_OUT = {
    "F_SETOWN": "fcntl.fcntl(out, 8, victim)",
    "F_SETOWN_EX": "fcntl.fcntl(out, 15, struct.pack('=ii', 1, victim))",
    "FIOSETOWN": "fcntl.ioctl(out, 0x8901, struct.pack('=i', victim))",
    "SIOCSPGRP": "fcntl.ioctl(out, 0x8902, struct.pack('=i', victim))",
    "sched_setaffinity": "os.sched_setaffinity(victim, {min(os.sched_getaffinity(0))})",
}


@pytest.mark.parametrize("name", REACHING_OUT)
def test_process_of_the_user_is_out_of_reach_without_namespaces_and_landlock_that_keeps_signals(name: str):
    text = f"""
import contextlib, fcntl, os, socket, struct, sys
from llamoco_data.box import filter as calls, system
victim = int(sys.argv[1])
system.drop_capabilities()
system.filter_calls(calls.packed(calls.instructions(calls.machine(), os.getpid())))
one, other = socket.socketpair()
out = one.fileno()
with contextlib.suppress(OSError): {REACHING_OUT[name]}
with contextlib.suppress(OSError): fcntl.fcntl(out, 10, 9)  # F_SETSIG
fcntl.fcntl(out, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
other.send(b"x")
"""
    with subprocess.Popen([sys.executable, "-c", VICTIM], stdout=subprocess.PIPE) as victim:
        try:
            assert victim.stdout is not None
            assert victim.stdout.readline() == b"ready\n"
            subprocess.run([sys.executable, "-c", text, str(victim.pid)], check=True)
            assert victim.poll() is None
            assert os.sched_getaffinity(victim.pid) == os.sched_getaffinity(0)
        finally:
            victim.kill()


@every_tier
def test_flood_of_output_is_cut(tier: Tier, capfd: pytest.CaptureFixture[str]):
    for name, made in run_all(attacks.OUTPUT, tier).items():
        assert made.record.status == "completed", (name, made.record.detail)
        assert len(made.said.encode()) <= 4 * 65_536
    assert capfd.readouterr() == ("", "")


@every_tier
def test_every_exit_is_a_failure_of_the_program(tier: Tier):
    for name, made in run_all(attacks.EXITS, tier, 30.0).items():
        assert made.record.status in ("raised", "crashed"), (name, made.record)


@every_tier
def test_forged_packet_breaks_the_connection(tier: Tier):
    for name, body in attacks.FORGED.items():
        record = run(f"{attacks.HEAD_OF_FORGED}{body}\nreturn lower", tier).record
        assert (record.status, record.best_f) == ("crashed", None), (name, record)


@every_tier
def test_flood_of_questions_is_answered_within_its_budget_alone(tier: Tier):
    made = run(f"{attacks.HEAD_OF_FORGED}{attacks.FLOOD}\nreturn lower", tier)
    assert made.record.status in ("crashed", "over_budget"), made.record
    assert made.record.best_f in (None, PROBLEM.objective(0 * PROBLEM.lower))
    assert 0 < made.meter.evaluations <= FREE.max_evaluations


@every_tier
def test_cheat_changes_no_record(tier: Tier):
    honest = run(HONEST, tier).record
    for name, body in CHEATS.items():
        kept = "objective(upper)\nobjective(lower)\nhonestly = lower.copy()\n"
        record = run(f"{kept}{body}\nreturn honestly", tier, 5.0).record
        if record.status == "completed":
            assert without_time(record) == without_time(honest), name
        else:  # it broke its own process, and gains nothing by it
            assert record.best_f is None or record.best_f >= (honest.best_f or 0.0), name


@every_tier
def test_program_over_its_budget_is_found_out(tier: Tier):
    for name, body in OVER_BUDGET.items():
        record = run(body, tier).record
        assert (record.status, record.evaluations) == ("over_budget", FREE.max_evaluations), (name, record)


@every_tier
def test_thousands_of_nested_folders_are_removed(tier: Tier, monkeypatch: pytest.MonkeyPatch):
    close_zygote(TIERS[tier])
    with tempfile.TemporaryDirectory() as place:  # that of the next zygote, and of no other test
        Path(place).chmod(0o1777)
        monkeypatch.setenv("TMPDIR", place)
        run_all(
            {
                "nested": "import os\nfor _ in range(1500):\n    os.mkdir('d')\n    os.chdir('d')",
                "no text": "import os\nos.mkdir(b'\\xff\\xfe')\nopen(b'\\xff\\xfe/\\x80', 'w').close()",
                "forbidden": "import os\nos.makedirs('a/b')\nos.chmod('a/b', 0)\nos.chmod('a', 0)",
                "many": "for n in range(3000): open(str(n), 'w').close()",
                "links": "import os\nos.symlink('/', 'root')\nos.symlink('loop', 'loop')\nos.mkfifo('pipe')",
            },
            tier,
        )
        (box,) = Path(place).glob(f"{folders.PREFIX}*")
        assert not [*box.glob("run-*")]
        close_zygote(TIERS[tier])
        assert not [*Path(place).iterdir()]
