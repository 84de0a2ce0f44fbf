"""The Slurm script with stand-ins for what it calls: which nodes start what, what a signal does, how it ends."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pages import ROOT
from tests.web import wait_until

pytestmark = pytest.mark.contract

SCRIPT = ROOT / "cluster" / "slurm.sh"
TUNING = ROOT / "cluster" / "slurm-tune.sh"
STAND_INS = {
    # Runs its command here, where the real one would run it on other nodes.
    "srun": 'echo "srun $*" >>"$CALLS"; while [[ $1 == --* ]]; do shift; done; exec "$@"',
    "scontrol": 'echo "scontrol $*" >>"$CALLS"; [[ $1 != show ]] || printf "localhost\\nn2\\nn3\\n"',
    "ray": """
        echo "ray $*" >>"$CALLS"
        case $1 in
          start)
            trap 'kill %1; exit' TERM
            for option; do [[ $option != --temp-dir=* ]] || mkdir -p "${option#*=}"; done
            sleep infinity & wait ;;
          health-check) [[ -z ${HEAD_HANGS:-} ]] && grep -q "^ray start --head" "$CALLS" ;;
          get-auth-token) mkdir -p ~/.ray; echo secret >~/.ray/auth_token ;;
        esac""",
    "llamoco-data": """
        echo "llamoco-data $*" >>"$CALLS"
        trap 'kill %1; exit 130' TERM
        until ((SLURM_JOB_NUM_NODES == 1)) || grep -q "^ray start --address" "$CALLS"; do sleep 0.1; done
        echo working
        [[ $* != *--drains* ]] || { sleep infinity & wait; }
        [[ $* != *--nonsense* ]] || exit 2""",
    "llamoco-tune": """
        echo "llamoco-tune $* on $OMP_NUM_THREADS threads" >>"$CALLS"
        trap 'kill %1; exit 143' TERM
        echo working
        [[ $* != *--lasts* ]] || { sleep infinity & wait; }
        [[ $* != *--nonsense* ]] || exit 2""",
    # The script looks every two seconds whether the head is there; here the head is there at once.
    "sleep": "[[ $1 == infinity ]] || set -- 0.1; exec /bin/sleep $1",
    "torchrun": 'echo "torchrun $* on $OMP_NUM_THREADS threads" >>"$CALLS"',
}


@dataclass(frozen=True, slots=True)
class Job:
    """The script as Slurm would run it."""

    process: subprocess.Popen[str]
    folder: Path

    @property
    def calls(self) -> list[str]:
        """What it has called, in order, each with its arguments."""
        return (self.folder / "calls").read_text().splitlines()

    def called(self, program: str) -> list[str]:
        return [call for call in self.calls if call.startswith(f"{program} ")]

    def ended(self) -> int:
        """Waits for its exit code."""
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def submit(tmp_path: Path):
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, body in STAND_INS.items():
        (bin_folder / name).write_text(f"#!/usr/bin/env bash\n{body}\n")
        (bin_folder / name).chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "SLURM_"))}
    environment = inherited | {
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "LLAMOCO_BIN": str(bin_folder),
        "HOME": str(tmp_path),
        "CALLS": str(tmp_path / "calls"),
        "LLAMOCO_HEAD_IP": "192.0.2.1",
        "SLURM_JOB_ID": "4242",
        "SLURM_JOB_NODELIST": "n[1-3]",
        "SLURM_JOB_NUM_NODES": "3",
        "SLURM_CPUS_PER_TASK": "16",
    }
    jobs: list[Job] = []

    def start(*arguments: str, script: Path = SCRIPT, **changed: str) -> Job:
        process = subprocess.Popen(
            ["bash", str(script), *arguments],
            cwd=tmp_path,
            env=environment | changed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        jobs.append(Job(process, tmp_path))
        return jobs[-1]

    yield start
    for job in jobs:
        job.process.kill()
        job.process.communicate()


def once_working(job: Job) -> Job:
    """The job, once its campaign has begun."""
    assert job.process.stdout is not None
    assert any(line == "working\n" for line in job.process.stdout)
    return job


@pytest.mark.parametrize("script", [SCRIPT, TUNING])
def test_script_passes_its_linter(script: Path):
    subprocess.run(["bash", "-n", script], check=True)
    linter = Path(sys.executable).parent / "shellcheck"
    done = subprocess.run([linter, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_job_starts_a_head_and_workers_and_runs_the_campaign(submit):
    job = submit("/shared/c", "--recipe", "demo")
    assert job.ended() == 0
    head, workers = sorted(job.called("srun"))
    assert "--nodes=1 --ntasks=1 --nodelist=localhost" in head
    assert "ray start --head --node-ip-address=192.0.2.1 --port=21210 --num-cpus=15" in head
    assert "--nodes=2 --ntasks=2 --exclude=localhost" in workers
    assert "ray start --address=192.0.2.1:21210 --num-cpus=16" in workers
    assert job.called("llamoco-data") == [
        "llamoco-data run /shared/c --recipe demo --address 192.0.2.1:21210 --workers 47"
    ]
    assert "scontrol requeue 4242" not in job.calls


def test_job_on_one_node_starts_no_workers(submit):
    job = submit("/shared/c", SLURM_JOB_NUM_NODES="1", SLURM_CPUS_PER_TASK="1")
    assert job.ended() == 0
    (head,) = job.called("srun")
    assert "--num-cpus=1 " in head
    assert job.called("llamoco-data") == ["llamoco-data run /shared/c --address 192.0.2.1:21210 --workers 1"]


def test_job_whose_time_is_nearly_over_drains_and_queues_itself_again(submit):
    job = once_working(submit("/shared/c", "--drains"))
    job.process.send_signal(signal.SIGUSR1)
    assert job.ended() == 130
    assert job.called("scontrol")[-1] == "scontrol requeue 4242"


@pytest.mark.parametrize(
    ("sent", "again", "nodes"),
    [(signal.SIGUSR1, True, "3"), (signal.SIGTERM, False, "1"), (signal.SIGTERM, False, "3")],
)
def test_job_whose_head_is_still_starting_ends_as_one_that_drains(
    submit, tmp_path: Path, sent: signal.Signals, again: bool, nodes: str
):
    job = submit("/shared/c", HEAD_HANGS="yes", TMPDIR=str(tmp_path), SLURM_JOB_NUM_NODES=nodes)
    scratch = tmp_path / "llamoco-4242"
    wait_until(scratch.is_dir, "the head is starting")
    job.process.send_signal(sent)
    assert job.ended() == 143
    assert ("scontrol requeue 4242" in job.calls) == again
    assert (len(job.called("srun")), job.called("llamoco-data")) == (1, [])
    assert not scratch.exists()


def test_job_keeps_the_logs_of_ray_only_if_something_went_wrong(submit, tmp_path: Path):
    scratch = tmp_path / "llamoco-4242"
    for arguments, kept in ((("--nonsense",), True), ((), False)):
        submit("/shared/c", *arguments, TMPDIR=str(tmp_path)).ended()
        assert scratch.exists() == kept
    job = once_working(submit("/shared/c", "--drains", TMPDIR=str(tmp_path)))
    job.process.send_signal(signal.SIGUSR1)
    job.ended()
    assert not scratch.exists()


def test_job_that_is_cancelled_drains_and_stays_away(submit):
    job = once_working(submit("/shared/c", "--drains"))
    job.process.send_signal(signal.SIGTERM)
    assert job.ended() == 130
    assert "scontrol requeue 4242" not in job.calls


def test_job_passes_on_how_the_campaign_ended(submit):
    assert submit("/shared/c", "--nonsense").ended() == 2


def test_job_makes_a_token_once(submit):
    assert submit("/shared/c").ended() == 0
    job = submit("/shared/c")
    assert job.ended() == 0
    assert job.calls.count("ray get-auth-token --generate") == 1
    assert ((job.folder / ".ray" / "auth_token").stat().st_mode & 0o077) == 0


def test_token_of_the_user_is_left_alone(submit):
    job = submit("/shared/c", RAY_AUTH_TOKEN_PATH="/elsewhere/token")
    assert job.ended() == 0
    assert "ray get-auth-token --generate" not in job.calls


@pytest.mark.parametrize(
    ("gpus", "arguments", "call"),
    [
        ("1", ("teach", "--out", "o"), "llamoco-tune teach --out o on 16 threads"),
        (
            "4",
            ("teach", "--out", "o"),
            "torchrun --standalone --nproc-per-node=4 -m llamoco_tune teach --out o on 4 threads",
        ),
        ("4", ("base", "smollm2"), "llamoco-tune base smollm2 on 4 threads"),
    ],
)
def test_tuning_job_uses_the_gpus_that_it_has(submit, gpus: str, arguments: tuple[str, ...], call: str):
    job = submit(*arguments, script=TUNING, SLURM_GPUS_ON_NODE=gpus)
    assert job.ended() == 0
    assert job.calls == [call]


@pytest.mark.parametrize(("sent", "again"), [(signal.SIGUSR1, True), (signal.SIGTERM, False)])
def test_tuning_job_stops_and_queues_itself_again_when_its_time_is_over(submit, sent: signal.Signals, again: bool):
    job = once_working(submit("teach", "--lasts", script=TUNING))
    job.process.send_signal(sent)
    assert job.ended() == 143
    assert job.called("scontrol") == (["scontrol requeue 4242"] if again else [])


def test_tuning_job_passes_on_how_it_ended(submit):
    assert submit("teach", "--nonsense", script=TUNING).ended() == 2


@pytest.mark.parametrize("script", [SCRIPT, TUNING])
@pytest.mark.parametrize("environment", [{}, {"SLURM_JOB_ID": ""}])
def test_script_without_arguments_or_slurm_is_refused_in_one_line(submit, environment: dict[str, str], script: Path):
    job = submit(*(["/shared/c"] if environment else []), script=script, **environment)
    out, _ = job.process.communicate(timeout=60)
    assert job.process.returncode == 2
    assert out.count("\n") == 1
    assert "sbatch" in out
