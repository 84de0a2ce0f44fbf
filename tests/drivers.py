"""Drivers of the small campaign in processes of their own, to be killed, paused, starved and raced."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.forking import DATA, Forked, forked

Driver = Forked | subprocess.Popen[str]

DRIVER = """
import json, os, random, resource, sys, time
import llamoco_data.campaign.driver as driver
import llamoco_data.drive.lease as lease
import llamoco_data.drive.loop as loop
from llamoco_data.execution import executor
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio.stored_candidates import stored_candidates
from tests.campaigns import SMALL, OneRunSlices, candidate, small

options = json.loads(sys.argv[2])
loop.BLOCK_S = options["block_s"]
if "stale_s" in options:
    lease.BEAT_S, lease.STALE_S, lease.LOOK_S = options["stale_s"] / 10, options["stale_s"], options["stale_s"] / 20
if "machine" in options:
    lease._machine = lambda: options["machine"]
wall, jumps = time.time, random.Random(1)
def stop():
    if "clock" in options:
        time.time = lambda: wall() + jumps.uniform(-1e7, 1e7)
    time.sleep(options["pace_s"])
    return False
if "file_bytes" in options:
    resource.setrlimit(resource.RLIMIT_FSIZE, (options["file_bytes"],) * 2)
if "user" in options:
    os.setgid(options["user"])
    os.setuid(options["user"])
if "margin_s" in options:
    import llamoco_data.execution.ray_actors as ray_actors
    where = ray_actors.RayExecutor(options["address"], options.get("workers"), options["margin_s"])
else:
    where = executor(options.get("address", "inline"), options.get("workers"))
try:
    driver.run_candidates(
        sys.argv[1],
        small(**options.get("spec", {})),
        (*(candidate(body) for body in options.get("bodies", [])), *stored_candidates(SMALL.optimizers)),
        OneRunSlices(where),
        notice=lambda line: print(line, flush=True),
        stop=stop,
    )
except LlamocoError as error:
    print(error, file=sys.stderr)
    sys.exit(2)
"""


def driver(
    folder: Path | str,
    *,
    environment: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
    **options: Any,
) -> Driver:
    """A driver that commits after every run unless told otherwise.

    Args:
        prefix: a command that is to run the driver.
        options: `address` and `workers`, where the work is to be done, and `margin_s`; `bodies` of further candidates;
            `spec`, for `small`; `block_s`; `pace_s`, a pause before each run, so that there is a middle to be met in;
            `stale_s`, after which a lease is given up; `machine`, the name of another machine that this is to pass
            for; `clock`, where its wall clock is to jump once it is at work; `file_bytes`, which no file may exceed;
            `user`, the number of one that it is to become.
    """
    command = ["-c", DRIVER, str(folder), json.dumps({"block_s": 0.0, "pace_s": 0.0, **options})]
    variables = {**os.environ, **(environment or {})}
    if not prefix:
        return forked(DATA, command, env=variables)
    return subprocess.Popen(
        [*prefix, sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=variables,
    )


def ended(process: Driver) -> tuple[int, str, str]:
    """Exit code, output and errors of a driver, within four minutes."""
    out, err = process.communicate(timeout=240)
    return process.wait(), out, err
