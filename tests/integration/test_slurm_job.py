"""The Slurm script on a real Ray of one node, with stand-ins for Slurm's own two commands."""

import os
import secrets
import subprocess

import pytest

from llamoco_data.campaign import run_campaign
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.recipes import campaign_for
from tests.campaigns import results
from tests.clusters import environment_in, own_folder
from tests.pages import ROOT

pytestmark = pytest.mark.integration

STAND_INS = {"srun": 'while [[ $1 == --* ]]; do shift; done; exec "$@"', "scontrol": "echo localhost"}


@pytest.mark.slow
def test_slurm_job_ends_with_the_rows_of_a_local_campaign():
    with own_folder() as folder:
        for name, body in STAND_INS.items():
            (folder / name).write_text(f"#!/usr/bin/env bash\n{body}\n")
            (folder / name).chmod(0o755)
        environment = environment_in(folder)
        job = environment | {
            "PATH": f"{folder}{os.pathsep}{environment['PATH']}",
            "LLAMOCO_BIN": str(folder),
            "LLAMOCO_HEAD_IP": "127.0.0.1",
            # The ports follow from it.
            "SLURM_JOB_ID": str(secrets.randbelow(1_000_000)),
            "SLURM_JOB_NODELIST": "localhost",
            "SLURM_JOB_NUM_NODES": "1",
            "SLURM_CPUS_PER_TASK": "2",
            "TMPDIR": str(folder),
        }
        submitted = folder / "submitted"
        done = subprocess.run(
            ["bash", ROOT / "cluster" / "slurm.sh", submitted, "--recipe", "demo", "--problems", "1"],
            cwd=folder,
            env=job,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == 0, done.stdout
        assert "the one problem is complete" in done.stdout
        assert (folder / ".ray" / "auth_token").exists()
        run_campaign(folder / "local", campaign_for(folder / "local", "demo", 1), InlineExecutor())
        assert results(submitted) == results(folder / "local")
