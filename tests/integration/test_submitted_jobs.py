"""Campaigns on a Ray cluster that asks for a token: exit codes, rows, refusals, a stop that drains, and metrics."""

import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from llamoco_data.campaign import read_candidates, read_problems, run_campaign
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.recipes import campaign_for
from tests.campaigns import results
from tests.clusters import Head, head_node

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    pytest.importorskip("aiohttp", reason="Ray's job server is not installed: pip install '.[cluster]'")
    with head_node(num_cpus=1) as head:
        yield head


def submit(head: Head, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    return head.run("ray", "job", "submit", "--address", head.url, *arguments, **changed)


def test_submitted_campaign_ends_with_the_rows_of_a_local_one(head: Head):
    folder = head.folder / "submitted"
    campaign = ["llamoco-data", "run", str(folder), "--recipe", "demo", "--problems", "1"]
    done = submit(head, "--", *campaign, "--address", "auto")
    assert done.returncode == 0, done.stdout
    assert "the one problem is complete" in done.stdout
    local = head.folder / "local"
    run_campaign(local, campaign_for(local, "demo", 1), InlineExecutor())
    assert results(folder) == results(local)


def test_submitted_mistake_ends_with_its_line_and_an_exit_code(head: Head):
    done = submit(head, "--", "llamoco-data", "run", "nowhere", "--recipe", "dmo")
    assert done.returncode == 1, done.stdout
    assert "failed with exit code 2" in done.stdout
    assert "llamoco-data: there is no recipe 'dmo'" in done.stdout


@pytest.mark.parametrize("token", ["", "0" * 32], ids=["no token", "another token"])
def test_submission_without_the_token_is_refused(head: Head, token: str):
    mark = head.folder / f"mark-{len(token)}"
    done = submit(head, "--", "touch", str(mark), RAY_AUTH_TOKEN=token, RAY_AUTH_MODE="token" if token else "")
    assert done.returncode != 0
    assert "AuthenticationError" in done.stdout
    assert not mark.exists()


def test_stopped_job_drains_and_keeps_what_was_run(head: Head):
    folder = head.folder / "stopped"
    campaign = ["llamoco-data", "run", str(folder), "--recipe", "demo", "--address", "auto"]
    submitted = submit(head, "--no-wait", "--submission-id", "stopped", "--", *campaign)
    assert submitted.returncode == 0, submitted.stdout
    follow = ["ray", "job", "logs", "--follow", "--address", head.url, "stopped"]
    with subprocess.Popen(follow, env=head.environment, stdout=subprocess.PIPE, text=True) as logs:
        assert logs.stdout is not None
        begun = next((line for line in logs.stdout if re.match(r"\d+/24 problems, [1-9]", line)), None)
        logs.kill()
    assert begun is not None
    assert head.run("ray", "job", "stop", "--address", head.url, "stopped").returncode == 0
    said = head.run("ray", "job", "logs", "--address", head.url, "stopped").stdout
    made = re.search(r"^([\d,]+) runs, ", said, flags=re.MULTILINE)
    assert made is not None, said
    assert "go on with" in said
    assert len(results(folder)) == int(made[1].replace(",", ""))


def test_metrics_of_the_node_add_up_to_the_runs_of_the_folder(head: Head):
    folder = head.folder / "measured"
    driver = Path(__file__).parent.parent / "metrics_driver.py"
    done = head.run(sys.executable, str(driver), head.address, head.metrics_url, str(folder))
    assert done.returncode == 0, done.stdout
    every = [LINE.fullmatch(line) for line in json.loads(done.stdout.splitlines()[-1])]
    lines = [match for match in every if match]
    told = {(match["name"], label(match, "optimizer"), label(match, "status")): match for match in lines}
    runs, evaluations, seconds = Counter[tuple[str, str]](), Counter[str](), defaultdict[str, float](float)
    optimizer_of = {candidate.candidate_id: candidate.optimizer for candidate in read_candidates(folder)}
    for problem in read_problems(folder):
        for record in problem.records:
            optimizer = optimizer_of[record.candidate_id]
            runs[optimizer, record.status] += 1
            evaluations[optimizer] += record.evaluations
            seconds[optimizer] += record.cpu_s
    assert {key[1:]: float(told[key]["value"]) for key in told if key[0] == "runs_total"} == runs
    for optimizer in evaluations:
        assert float(told["evaluations_total", optimizer, ""]["value"]) == evaluations[optimizer]
        assert float(told["run_seconds_total", optimizer, ""]["value"]) == pytest.approx(seconds[optimizer])
    problems = {label(match, "state"): float(match["value"]) for match in lines if match["name"] == "problems"}
    assert problems == {"done": 2, "begun": 0, "waiting": 0}


LINE = re.compile(r"ray_llamoco_(?P<name>\w+)\{(?P<labels>.*)\} (?P<value>\S+)")


def label(match: re.Match[str], name: str) -> str:
    found = re.search(rf'\b{name}="(\w*)"', match["labels"])
    return found[1] if found else ""
