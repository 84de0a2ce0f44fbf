"""The removal of folders that a program has filled with anything."""

import os
from pathlib import Path

import pytest

from llamoco_data.box.removal import remove_tree

pytestmark = pytest.mark.unit


def test_folder_with_anything_in_it_is_removed(tmp_path: Path):
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    os.mkfifo(folder / "pipe")
    name = os.fsencode(folder) + b"/\xff\xfe"
    Path(os.fsdecode(name)).mkdir()
    Path(os.fsdecode(name + b"/\x80")).touch()
    (folder / "closed" / "inner").mkdir(parents=True)
    (folder / "closed").chmod(0)
    for n in range(300):
        (folder / f".llamoco-{n}" / "taken").mkdir(parents=True)
    deepest = os.open(folder, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d" * 200, dir_fd=deepest)
        deeper = os.open("d" * 200, os.O_RDONLY, dir_fd=deepest)
        os.close(deepest)
        deepest = deeper
    os.close(deepest)
    remove_tree(str(folder))
    assert not folder.exists()
    assert (outside / "kept").read_text() == "kept"


def test_link_in_place_of_the_folder_is_not_followed(tmp_path: Path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    remove_tree(str(tmp_path / "link"))
    assert (tmp_path / "kept" / "file").exists()
