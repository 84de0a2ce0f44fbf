"""An export that is killed or runs out of space: the set that was there is read as before, and a rerun ends well.

About 10 s.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from llamoco_data.campaign import run_campaign
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import export
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import read_instructions
from llamoco_tune.instructions import rows_of
from llamoco_tune.snapshots import set_files
from tests.campaigns import grown

pytestmark = pytest.mark.chaos

KILLED_AT_EVERY_STEP = """
import os, shutil, signal, sys
import pandas, pyarrow.dataset  # which pyarrow imports when it is used, in every child anew
from llamoco_data.export import export

campaign, before, places = sys.argv[1:]
WRITES = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir"}


def dying_at(step):
    steps = iter(range(step))

    def hook(event, arguments):
        if event in WRITES or (event == "open" and set(str(arguments[1])) & set("wx")):
            if next(steps, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook


step, killed = 0, True
while killed:
    out = f"{places}/{step:03}"
    shutil.copytree(before, out)
    child = os.fork()
    if not child:
        sys.addaudithook(dying_at(step))
        export(campaign, out, budgets=(0.5,), since=1)
        os._exit(0)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    step += 1
"""


def by_card(out: Path) -> pa.Table:
    """The rows as a reader has them who goes by the card, such as `datasets`."""
    header = yaml.safe_load((out / "README.md").read_text().split("---\n")[1])
    files = [file for split in header["configs"][0]["data_files"] for file in split["path"]]
    return pa.concat_tables(pq.read_table(out / file) for file in files)


def loaded_by_datasets(out: Path, cache: Path) -> list[str]:
    """The ids that `datasets` finds by the card's header."""
    splits = datasets.load_dataset(str(out), cache_dir=str(cache))
    return sorted(row_id for split in splits.values() for row_id in split["instruction_id"])


def num_files(out: Path) -> int:
    return len(list((out / "data").glob("*.parquet")))


def read_to_be_tuned_on(out: Path) -> list[str]:
    found = set_files(out)
    return sorted(row.instruction_id for split in found.splits for row in rows_of(found, split))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign") / "c"
    run_campaign(folder, grown(num_problems=1, optimizers=("de", "nelder_mead", "random_search")), InlineExecutor())
    return folder


def test_export_that_is_killed_at_any_step_leaves_a_whole_set_and_is_finished_by_the_next(
    campaign: Path, tmp_path: Path
):
    export(campaign, tmp_path / "before")
    shutil.copytree(tmp_path / "before", tmp_path / "whole")
    export(campaign, tmp_path / "whole", budgets=(0.5,), since=1)
    whole = contents(tmp_path / "whole")
    old, new = (read_instructions(tmp_path / name) for name in ("before", "whole"))
    assert not old.equals(new)

    places = tmp_path / "places"
    places.mkdir()
    script = [sys.executable, "-c", KILLED_AT_EVERY_STEP, str(campaign), str(tmp_path / "before"), str(places)]
    subprocess.run(script, check=True)
    outs = sorted(places.iterdir())
    assert len(outs) > 20
    assert contents(outs[-1]) == whole  # that one was not killed
    for out in outs:
        assert any(read_instructions(out).equals(rows) for rows in (old, new)), out
        assert any(by_card(out).equals(rows) for rows in (old, new)), out
        assert read_instructions(out, snapshot=1).equals(old), out
        assert read_to_be_tuned_on(out) == sorted(read_instructions(out)["instruction_id"].to_pylist()), out
    # In some places shards of the old set lie beside those of the new: a reader of all of `data/` would take both.
    assert any(num_files(out) > sum(len(files) for files in set_files(out).splits.values()) for out in outs)
    ids = [sorted(rows["instruction_id"].to_pylist()) for rows in (old, new)]
    for out in outs[::4]:
        assert loaded_by_datasets(out, tmp_path / "cache") in ids, out
    for out in outs[::3]:
        export(campaign, out, budgets=(0.5,), since=1)
        assert contents(out) == whole, out


def test_export_to_a_disk_that_is_full_leaves_the_set_that_was_there(campaign: Path, tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)]
        subprocess.run(mount, check=True, capture_output=True)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        pytest.skip(f"this machine lets no test mount a file system: {error}")
    try:
        export(campaign, disk / "set")
        before = contents(disk / "set")
        (disk / "ballast").write_bytes(b"0" * (shutil.disk_usage(disk).free - 8_192))
        with pytest.raises(LlamocoError) as error:
            export(campaign, disk / "set", budgets=(0.5,))
        assert str(error.value).startswith(f"cannot write the export to {disk / 'set'}: ")
        assert "No space left on device; what was there can be read as before" in str(error.value)
        assert contents(disk / "set") == before
        (disk / "ballast").unlink()
        assert export(campaign, disk / "set", budgets=(0.5,)).snapshot == 2
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
