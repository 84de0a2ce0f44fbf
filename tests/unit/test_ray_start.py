"""A Ray of our own that does not come up at once: a second attempt, then one line; and the folder of its sockets."""

import pytest

from llamoco_data.execution.ray_connection import MOST_TMPDIR_BYTES, brought_up, short_folder
from llamoco_data.identity import LlamocoError

pytestmark = pytest.mark.unit

LATE = "The current node timed out during startup. This could happen because some of the raylet failed to startup."


class Late:
    """Something to start that comes up at a later attempt, or never."""

    def __init__(self, failures: int) -> None:
        self.left = failures

    def __call__(self) -> None:
        self.left -= 1
        if self.left >= 0:
            raise Exception(LATE)


def test_ray_that_came_up_late_is_started_again():
    start = Late(failures=1)
    brought_up(start)
    assert start.left == -1


def test_ray_that_never_comes_up_is_one_line_with_fitting_advice():
    with pytest.raises(LlamocoError) as refused:
        brought_up(Late(failures=10))
    line = str(refused.value)
    assert line.startswith("Ray does not start here: The current node timed out during startup")
    assert line.endswith("; run again when the machine is less busy, or run with --address inline")


def test_other_cause_does_not_advise_to_wait():
    def fails() -> None:
        raise OSError("[Errno 20] Not a directory: '/dev/null/.ray'")

    with pytest.raises(LlamocoError, match=r"Not a directory: .*; mend that, or run with --address inline"):
        brought_up(fails)


def test_stop_while_it_starts_is_no_reason_to_start_again():
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        brought_up(interrupted)


def test_sockets_lie_in_a_short_folder_where_the_temporary_folder_is_long(monkeypatch: pytest.MonkeyPatch):
    """The path of a socket has 107 bytes at most; a cluster's temporary folder is often longer than that allows."""
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setenv("TMPDIR", "/scratch/" + "x" * 100)
    assert short_folder() == "/tmp/ray"
    monkeypatch.setenv("TMPDIR", "/scratch")
    assert short_folder() is None, "Ray's own choice fits"
    session = "/ray/session_2026-12-31_23-59-59_123456_4194304/sockets/plasma_store"
    assert MOST_TMPDIR_BYTES + len(session) <= 107
