"""What every folder of files keeps, on a file system of this machine and on a real S3 protocol server."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llamoco_data.files import Files, files_at
from llamoco_data.identity import LlamocoError
from tests.s3_service import BUCKET, MOST_KEYS, S3Service, s3_service

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def service() -> Iterator[S3Service]:
    with s3_service() as service:
        yield service


@pytest.fixture(params=["local", "s3"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder that does not exist yet."""
    if request.param == "local":
        return str(tmp_path / "c")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in request.getfixturevalue("service").environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{tmp_path.name}"


@pytest.fixture
def place(folder: str) -> Files:
    return files_at(folder)


def test_files_are_read_as_they_were_written(place: Files):
    data = bytes(range(256)) * 300
    place.replace("sub/file", data)
    assert place.read("sub/file") == data
    assert place.open("sub/file").read() == data
    assert place.sha256("sub/file") == hashlib.sha256(data).hexdigest()
    assert list(place.read_all(["sub/file"] * 40)) == [data] * 40


def test_files_that_do_not_exist_are_not_found(place: Files):
    for attempt in (place.read, place.open, place.sha256, lambda name: place.move(name, "other")):
        with pytest.raises(FileNotFoundError):
            attempt("nothing")
    assert place.names() == place.names("sub") == []
    place.remove("nothing")


def test_file_that_is_there_is_not_put_again(place: Files):
    assert place.put_if_absent("sub/file", b"first")
    assert not place.put_if_absent("sub/file", b"second")
    assert place.read("sub/file") == b"first"


def test_file_is_replaced_moved_and_removed(place: Files):
    place.replace("a", b"1")
    place.replace("a", b"2")
    place.move("a", "sub/b")
    assert (place.names(), place.names("sub"), place.read("sub/b")) == (["sub"], ["b"], b"2")
    assert place.put_if_absent("a", b"3")
    place.remove("sub/b")
    assert place.names("sub") == []
    assert place.read("a") == b"3"


def test_file_that_was_overwritten_by_others_has_another_digest(folder: str, place: Files, request, tmp_path: Path):
    place.replace("file", b"what was written")
    if folder.startswith("s3"):
        request.getfixturevalue("service").put(f"{tmp_path.name}/file", b"what is there")
    else:
        Path(folder, "file").write_bytes(b"what is there")
    assert place.sha256("file") == hashlib.sha256(b"what is there").hexdigest()


def test_names_are_sorted_and_leave_hidden_ones_out(place: Files):
    for name in ("b", "a", ".hidden", "sub/c", ".manifest/1"):
        place.replace(name, b"")
    assert place.names() == ["a", "b", "sub"]
    assert place.names(".manifest") == ["1"]
    assert place.where("sub/c").endswith("/sub/c")


def test_names_are_complete_beyond_one_answer_of_the_server(folder: str, place: Files, request, tmp_path: Path):
    names = [f"{number:04}" for number in range(2 * MOST_KEYS + 5)]
    for name in names:
        place.put_if_absent(f"many/{name}", b"")
    assert place.names("many") == names
    if folder.startswith("s3"):
        client = request.getfixturevalue("service").client()
        assert client.list_objects_v2(Bucket=BUCKET, Prefix=tmp_path.name)["IsTruncated"]


def test_of_many_who_put_one_name_exactly_one_succeeds(folder: str):
    racers, won = 6, list[tuple[int, int]]()
    ready = threading.Barrier(racers)

    def race(racer: int) -> None:
        own = files_at(folder)
        for number in range(4):
            ready.wait(timeout=60)
            if own.put_if_absent(f"log/{number:02}", f"racer {racer}".encode()):
                won.append((number, racer))

    threads = [threading.Thread(target=race, args=[racer]) for racer in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    place = files_at(folder)
    assert sorted(number for number, _ in won) == list(range(4))
    assert all(place.read(f"log/{number:02}") == f"racer {racer}".encode() for number, racer in won)


def test_put_whose_answer_was_lost_is_known_to_have_succeeded(service: S3Service, tmp_path: Path, monkeypatch):
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    place = files_at(f"s3://{BUCKET}/{tmp_path.name}")
    service.lose_the_next_answer()
    assert place.put_if_absent("entry", b"mine")
    assert place.read("entry") == b"mine"
    assert not place.put_if_absent("entry", b"another's")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("s3://key:hush@bucket/c", "holds nothing else; credentials and the endpoint come from the environment"),
        ("s3://bucket/c?secret=hush", "holds nothing else"),
        ("s3://", "an S3 address is s3://bucket/prefix"),
        ("", "the name of a folder is empty"),
        ("gs://bucket/hush", "gs:// is no place for this; give the path of a folder, or s3://bucket/prefix"),
    ],
)
def test_address_that_is_no_place_is_refused_and_not_repeated(url: str, says: str):
    with pytest.raises(LlamocoError, match=says) as error:
        files_at(url)
    assert "hush" not in str(error.value)


def test_address_that_a_path_has_shortened_is_the_same(service: S3Service, monkeypatch):
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    assert (
        files_at(Path("s3://bucket//a/b/")).where("c") == files_at("s3://bucket/a/b").where("c") == "s3://bucket/a/b/c"
    )


def test_file_system_without_hard_links_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(source: object, target: object) -> None:
        raise OSError(95, "Operation not supported")

    put: Callable[[str, bytes], bool] = files_at(tmp_path).put_if_absent
    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(LlamocoError, match="on a file system that has hard links"):
        put("file", b"")
    assert list(tmp_path.iterdir()) == []
