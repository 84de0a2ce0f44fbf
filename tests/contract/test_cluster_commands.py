"""Every command on a page or in a file of `cluster/`, against the commands and options that there are."""

import re

import pytest
from torch.distributed.run import get_args_parser

from tests.cluster_files import CLUSTER, README, check_commands, options_of, ray_command_line, read
from tests.pages import ROOT, blocks

pytestmark = pytest.mark.contract


def commands_of_the_pages() -> list[str]:
    texts = [README, (ROOT / "docs" / "clusters.md").read_text()]
    spans = [
        span
        for text in texts
        for span in re.findall(r"`((?:llamoco-data|llamoco-tune|ray|kubectl|sbatch|docker) [^`]+)`", text)
    ]
    written = [*spans, *(command for text in texts for block in blocks(text) for command in block.commands)]
    return list(dict.fromkeys(written))


@pytest.mark.parametrize("command", commands_of_the_pages())
def test_command_of_a_page_names_what_exists(command: str):
    # The arguments of a script are those of the command that it runs.
    campaign = command.replace("sbatch cluster/slurm.sh", "llamoco-data run")
    check_commands(re.sub(r"sbatch (--\S+ )*cluster/slurm-tune\.sh", "llamoco-tune", campaign))
    for path in re.findall(r"\bcluster/[\w./-]+", command):
        assert (ROOT / path).exists(), path


def test_commands_of_the_files_name_what_exists():
    assert check_commands(read("rayjob.yaml")["spec"]["entrypoint"]) == 1
    script = re.sub(r"\\\n", " ", (CLUSTER / "slurm.sh").read_text())
    run = re.findall(r"^ *llamoco-data .+(?= &$)", script, flags=re.MULTILINE)
    assert [check_commands(command) for command in run] == [1]
    started = set(re.findall(r"^ +(--[\w-]+)", script.partition("ray_options=(")[2].partition(")")[0], re.MULTILINE))
    for command in re.findall(r"ray start [^&]+", script):
        started |= set(re.findall(r"(--[\w-]+)", command))
    assert started <= options_of(ray_command_line().commands["start"])


def test_commands_of_tuning_name_what_exists():
    assert check_commands(read("tune-rayjob.yaml")["spec"]["entrypoint"]) == 3
    script = (CLUSTER / "slurm-tune.sh").read_text()
    known = set(re.findall(r"--[\w-]+", get_args_parser().format_help()))
    started = re.findall(r"torchrun ([^`\n]*?) -m llamoco_tune", script + README)
    started += re.findall(r"torchrun ([^`]*?) -m llamoco_tune", (CLUSTER / "tune-rayjob.yaml").read_text())
    assert len(started) == 4
    for options in started:
        assert set(re.findall(r"--[\w-]+", options)) <= known


def test_unknown_option_is_found():
    for broken in (
        "ray job submit --address http://x -- llamoco-data run DIR --worker 3",
        "bash -c 'llamoco-tune base smollm2 --out DIR && llamoco-tune teach --worker 3'",
        "torchrun --standalone -m llamoco_tune teach --worker 3",
    ):
        with pytest.raises(AssertionError, match="--worker"):
            check_commands(broken)


def test_readme_lists_every_file():
    for file in CLUSTER.iterdir():
        named = f"`{file.name}`" in README or f"cluster/{file.name}" in README
        assert named or file.name in {"README.md", "Dockerfile.dockerignore"}, file.name
