"""Odd machines: an installation that cannot be written, a user without a home, a folder of machine code elsewhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import llamoco_data

pytestmark = pytest.mark.integration

CODE_FOLDER = "import os, llamoco_data.problems.kernel; print(os.environ.get('NUMBA_CACHE_DIR', 'its own'))"


@pytest.fixture(scope="module")
def read_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package in which nothing can be cached, whoever the user is: files stand where folders would."""
    library = tmp_path_factory.mktemp("library")
    copy = library / "llamoco_data"
    shutil.copytree(Path(llamoco_data.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").touch()
    return library


def ran(library: Path, code: str, **changed: str | Path) -> subprocess.CompletedProcess[str]:
    """The code, run in another process with that library and no home to write to."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR")
    }
    environment |= {"PYTHONPATH": str(library), "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/dev/null"}
    environment |= {name: str(value) for name, value in changed.items()}
    arguments = [sys.executable, "-P", "-c", code]
    return subprocess.run(arguments, capture_output=True, text=True, check=False, env=environment)


def test_read_only_installation_without_a_home_keeps_machine_code_among_temporary_files(
    read_only: Path, tmp_path: Path
):
    ended = ran(read_only, CODE_FOLDER, TMPDIR=tmp_path)
    assert ended.stderr == ""
    folder = tmp_path / f"llamoco-numba-{os.getuid()}"
    assert ended.stdout == f"{folder}\n"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_folder_that_others_may_write_to_is_not_trusted_with_machine_code(read_only: Path, tmp_path: Path):
    (tmp_path / f"llamoco-numba-{os.getuid()}").mkdir()
    (tmp_path / f"llamoco-numba-{os.getuid()}").chmod(0o777)
    ended = ran(read_only, CODE_FOLDER, TMPDIR=tmp_path)
    assert (ended.stdout, ended.stderr) == ("its own\n", "")
    assert list((tmp_path / f"llamoco-numba-{os.getuid()}").iterdir()) == []


def test_folder_that_the_user_names_is_taken(read_only: Path, tmp_path: Path):
    named, temporary = tmp_path / "named", tmp_path / "temporary"
    temporary.mkdir()
    ended = ran(read_only, CODE_FOLDER, NUMBA_CACHE_DIR=named, TMPDIR=temporary)
    assert (ended.stdout, ended.stderr) == (f"{named}\n", "")
    assert list(temporary.iterdir()) == []
