"""A driver for tests: runs a campaign on a Ray cluster, waits until the node tells of every run, and prints both."""

import json
import sys
import time
from urllib.request import urlopen

import ray

from llamoco_data.campaign import run_campaign
from llamoco_data.campaign.ray_metrics import RayMetrics
from llamoco_data.execution import executor
from llamoco_data.recipes import campaign_for

LIMIT_S = 60.0


def main(address: str, metrics_url: str, folder: str) -> None:
    ray.init(address=address, log_to_driver=False)
    spec = campaign_for(folder, "demo", 2)
    outcome = run_campaign(folder, spec, executor("auto"), report=RayMetrics("small").publish)
    deadline = time.monotonic() + LIMIT_S
    lines: list[str] = []
    while _told(lines) < outcome.progress.new_runs and time.monotonic() < deadline:
        with urlopen(metrics_url) as answer:
            every = answer.read().decode().splitlines()
        # The node tells of other drivers' campaigns too.
        lines = [line for line in every if line.startswith("ray_llamoco_") and 'campaign="small"' in line]
    sys.stdout.write(json.dumps(lines))


def _told(lines: list[str]) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("ray_llamoco_runs_total{"))


if __name__ == "__main__":
    main(*sys.argv[1:])
