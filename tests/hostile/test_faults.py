"""What is no program's fault: a machine that confines too little, and a confinement that fails."""

import errno
import os
import select
import signal
import tempfile
import time
from pathlib import Path

import pytest

from llamoco_data.box import folders
from llamoco_data.box.frames import Ready
from llamoco_data.box.layers import FILTER, LANDLOCK, NAMESPACES, OWN_USER, Tier
from llamoco_data.box.run import WAITS
from llamoco_data.confined import ConfinementFault, TooOpenError, run_confined, zygote
from llamoco_data.execution.work import GivenRuns, Program, Task, advance
from llamoco_data.racing import Run
from llamoco_data.runs import RunRecord, program_id
from tests.benchmarks.soak import KINDS, soaked
from tests.boxes import children, left_below, name_of
from tests.campaigns import HEAD, NO_LIMITS
from tests.hostile.test_attacks import FREE, PROBLEM, TIERS, every_tier, without_time

pytestmark = pytest.mark.hostile

PROGRAM = f"{HEAD}    objective(upper)\n    return lower\n"


def made(tier: Tier) -> RunRecord:
    least: Tier = "limited" if tier == "limited" else "filtered"
    return run_confined(PROGRAM, FREE, 5, problem=PROBLEM, least=least, without=TIERS[tier]).record


def test_program_is_refused_below_the_least_tier_with_the_reason_and_the_way_out():
    without = (NAMESPACES, LANDLOCK, FILTER)
    with pytest.raises(TooOpenError, match="only to the tier 'limited', and 'filtered' is asked for") as refused:
        run_confined(PROGRAM, FREE, 5, problem=PROBLEM, without=without)
    assert "landlock: left out" in str(refused.value)
    assert "--trust-programs" in str(refused.value)


def begins_as(start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Lets zygotes be processes that do this instead; returns the layers with which no other test has one."""
    (tmp_path / "start.py").write_text(start)
    monkeypatch.setattr("llamoco_data.confined.connection._START", tmp_path / "start.py")
    return (NAMESPACES, OWN_USER)


def test_confinement_that_fails_each_time_is_given_up_and_no_record_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ready = Ready(layers=(LANDLOCK, FILTER)).to_json().encode()
    start = f"import socket, sys\nsocket.socket(fileno=int(sys.argv[1])).send({ready!r})\n"
    without = begins_as(start, tmp_path, monkeypatch)
    with pytest.raises(ConfinementFault, match="failed 3 times in a row on one run: its zygote ended"):
        run_confined(PROGRAM, FREE, 5, problem=PROBLEM, without=without)


def test_zygote_that_does_not_start_is_told_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    without = begins_as("raise OSError('no such library')", tmp_path, monkeypatch)
    with pytest.raises(ConfinementFault, match="does not start: it ended while it started; OSError: no such library"):
        run_confined(PROGRAM, FREE, 5, problem=PROBLEM, without=without)


@pytest.mark.parametrize("tier", ["trusted", "filtered"])
def test_machine_without_room_for_a_process_ends_the_work_and_makes_no_record(
    tier: Tier, monkeypatch: pytest.MonkeyPatch
):
    """A full disk is one way; on a worker of Ray, what is no such line would be counted as crashes of the program."""
    program = Program(program_id=program_id(PROGRAM), text=PROGRAM, limits=NO_LIMITS)
    wants = GivenRuns(runs=(Run(candidate_id=program.program_id, seed=5),))
    task = Task(index=0, problem=FREE, wants=wants, time_limit_s=5.0, confined=tier)

    def no_room(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("llamoco_data.confined.running.zygote" if tier == "filtered" else "tempfile.mkdtemp", no_room)
        with pytest.raises(ConfinementFault, match=r"^no process can be made for a program on .*: No space left"):
            advance(task, [program])
    assert [record.status for record in advance(task, [program]).records] == ["completed"]


def test_zygote_that_died_is_replaced_and_counted_apart():
    """At the tier with most processes; that this process starts another when one is gone depends on no tier."""
    first, dead = made("isolated"), zygote()
    assert (first.status, first.faults) == ("completed", 0)
    for process in children(dead.process.pid):
        os.kill(process, signal.SIGKILL)
    dead.process.wait()
    second = made("isolated")
    assert (second.status, second.faults) == ("completed", 1)
    assert without_time(second) == without_time(first)
    assert zygote() is not dead


@every_tier
def test_waiting_process_that_died_is_replaced_without_a_fault(tier: Tier):
    without = TIERS[tier]
    first, serving = made(tier), zygote(without)
    assert not left_below(serving.process.pid)
    (waiting,) = [child for child in children(children(serving.process.pid)[0]) if name_of(child) == WAITS]
    ending = os.pidfd_open(waiting)
    os.kill(waiting, signal.SIGKILL)
    assert select.select([ending], [], [], 10.0)[0]
    os.close(ending)
    second = made(tier)
    assert (second.status, second.faults) == ("completed", 0)
    assert without_time(second) == without_time(first)
    assert zygote(without) is serving
    assert not left_below(serving.process.pid)


@pytest.mark.parametrize("tier", ["trusted", "limited"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("time.sleep(1.8)", "completed"),
        ("while time.process_time() < 2.2: pass", "timed_out"),
    ],
    ids=["waits and ends", "computes"],
)
def test_program_that_hardly_computed_gets_twice_the_time(tier: Tier, body: str, status: str):
    """Waiting stands for a busy machine, on which a program waits for a processor.

    That there is no third attempt is in tests/unit/test_attempts.py.
    """
    text = f"{HEAD}    import time\n    {body}\n    return lower\n"
    program = Program(program_id=program_id(text), text=text, limits=NO_LIMITS)
    wants = GivenRuns(runs=(Run(candidate_id=program.program_id, seed=5),))
    task = Task(index=0, problem=FREE, wants=wants, time_limit_s=1.5, confined=tier)
    (record,) = advance(task, [program]).records
    assert record.status == status


@every_tier
def test_runs_of_all_kinds_leave_nothing(tier: Tier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The same with 1,000 runs: `python -m tests.benchmarks.soak`."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # other tests have folders of their own elsewhere
    before, after, statuses = soaked(len(KINDS), TIERS[tier])
    assert not after.more(before), (before, after)
    assert {"completed", "over_budget", "raised", "invalid_program", "crashed", "timed_out"} == set(statuses)


def test_folder_of_a_killed_launcher_is_removed_by_the_next_and_that_of_a_living_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    held = Path(folders.begin())
    names = {name: tmp_path / f"{folders.PREFIX}{name}" for name in ("killed", "young", "unlocked")}
    for name, place in names.items():
        (place / "run-1" / "deep").mkdir(parents=True)
        if name != "unlocked":
            (place / "lock").touch()
    long_ago = time.time() - 2 * folders.STALE_S
    for place in (held, names["killed"], names["unlocked"]):
        os.utime(place, (long_ago, long_ago))
    newest = Path(folders.begin())
    assert set(tmp_path.iterdir()) == {held, names["young"], newest}
