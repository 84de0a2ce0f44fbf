"""What keeps others off the page, and the parts of the page that need no server."""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Generator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from llamoco_tune.web.app import application
from llamoco_tune.web.callers import Place, is_of
from llamoco_tune.web.config import MOST_BYTES, WebConfig
from llamoco_tune.web.examples import examples
from llamoco_tune.web.highlighting import coloured
from llamoco_tune.web.trials import Trials
from tests.own_problems import BOWL

pytestmark = pytest.mark.unit

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
KEY = "a-key"
ELSEWHERE = ("192.0.2.7", 50000)
"""Other end of a connection from another machine."""
JSON = {"content-type": "application/json"}
EMPTY = json.dumps({"problem": ""}).encode()


CONFIG = WebConfig(host="127.0.0.1", port=8421, wordings=1, run_limit_s=60, runs_at_once=1)


@contextlib.contextmanager
def connected(host: str) -> Generator[tuple[Place, Place]]:
    """The ends of a connection of this user as its server sees them; the client's socket has the family of the host."""
    served = host.removeprefix("::ffff:")
    with (
        socket.create_server((served, 0), family=socket.AF_INET6 if ":" in served else socket.AF_INET) as listener,
        socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as connection,
    ):
        connection.connect((host, listener.getsockname()[1]))
        accepted, client = listener.accept()
        with accepted:
            yield client[:2], accepted.getsockname()[:2]


@pytest.fixture(scope="module")
def app() -> Starlette:
    return application(CONFIG, KEY, Trials(CONFIG))


def called(
    app: Starlette,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    client: Place | None = None,
    *,
    is_whole: bool = True,
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer; the request is a POST if it has a body, of which more may never come.

    It comes over a connection of this user, unless another one is given.
    """
    if client is None:
        with connected("127.0.0.1") as (near, far):
            return answered(app, path, body, headers or {}, near, far, is_whole=is_whole)
    return answered(app, path, body, headers or {}, client, ("192.0.2.1", 8421), is_whole=is_whole)


def answered(
    app: Starlette,
    path: str,
    body: bytes | None,
    headers: dict[str, str],
    client: Place,
    server: Place,
    *,
    is_whole: bool,
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to a request over a connection between these ends."""
    sent: list[Message] = []
    coming = iter([{"type": "http.request", "body": body or b"", "more_body": not is_whole}])

    async def receive() -> Message:
        for message in coming:
            return message
        return await asyncio.Future()

    async def send(message: Message) -> None:
        sent.append(message)

    given = {"host": "127.0.0.1:8421", **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "GET" if body is None else "POST",
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": client,
        "server": server,
    }
    asyncio.run(app(scope, receive, send))
    names = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], names, b"".join(each.get("body", b"") for each in sent[1:])


def complaint(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    return answer[0], json.loads(answer[2])["error"]


def test_page_binds_the_browser_and_holds_every_example(app: Starlette):
    status, headers, body = called(app, "/")
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    page = body.decode()
    assert all(f'data-name="{each.name}"' in page for each in examples())
    assert "http://" not in page
    assert "https://" not in page


def test_examples_are_those_of_the_documentation():
    assert {each.name: each.text for each in examples()} == {
        file.name: file.read_text() for file in EXAMPLES.iterdir() if file.name in {each.name for each in examples()}
    }
    assert len(examples()) == 6


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8421", "localhost.evil.example", "", "127.0.0.1.evil.example"]
)
def test_foreign_name_is_refused(app: Starlette, host: str):
    assert complaint(called(app, "/", headers={"host": host}))[0] == 403
    assert complaint(called(app, "/ask", EMPTY, {**JSON, "host": host}))[0] == 403


@pytest.mark.parametrize("host", ["localhost:8421", "LOCALHOST", "[::1]:8421", "192.0.2.1:80", socket.gethostname()])
def test_own_name_and_addresses_are_served(app: Starlette, host: str):
    assert called(app, "/", headers={"host": host})[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {**JSON, "origin": "https://evil.example"},
        {**JSON, "origin": "http://127.0.0.1:9999"},
        {**JSON, "origin": "null"},
        {**JSON, "sec-fetch-site": "cross-site"},
        {**JSON, "sec-fetch-site": "same-site"},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {},
    ],
)
@pytest.mark.parametrize("path", ["/ask", "/run"])
def test_request_of_another_site_is_refused(app: Starlette, path: str, headers: dict[str, str]):
    assert called(app, path, EMPTY, headers)[0] == 403


def test_request_of_the_page_is_answered(app: Starlette):
    headers = {**JSON, "origin": "http://127.0.0.1:8421", "sec-fetch-site": "same-origin"}
    assert complaint(called(app, "/ask", EMPTY, headers)) == (
        400,
        "there is no problem yet; paste one, open a file, or take an example",
    )


def test_others_need_the_key(app: Starlette):
    assert called(app, "/", client=ELSEWHERE)[0] == 200
    status, line = complaint(called(app, "/ask", EMPTY, JSON, ELSEWHERE))
    assert (status, "its key" in line) == (403, True)
    assert called(app, "/ask", EMPTY, {**JSON, "x-llamoco-key": "another"}, ELSEWHERE)[0] == 403
    assert called(app, "/ask", EMPTY, {**JSON, "x-llamoco-key": KEY}, ELSEWHERE)[0] == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_user_at_the_other_end_is_known(host: str):
    with connected(host) as (client, server):
        assert is_of((os.getuid(),), client, server)
        assert not is_of((os.getuid() + 1,), client, server)
        if ":" not in host:  # as a socket for both families names them
            ends = [(f"::ffff:{address}", port) for address, port in (client, server)]
            assert is_of((os.getuid(),), *ends)
            assert not is_of((os.getuid() + 1,), *ends)


def test_user_of_an_unlisted_connection_is_a_stranger(app: Starlette):
    with connected("127.0.0.1") as (client, server), connected("127.0.0.1") as (_, other):
        for unlisted in ((client, other), (("127.0.0.1", 1), server), (ELSEWHERE, server)):
            assert not is_of((os.getuid(),), *unlisted)
            assert answered(app, "/ask", EMPTY, JSON, *unlisted, is_whole=True)[0] == 403


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/ask", b"{", "Invalid JSON"),
        ("/ask", b"{}", "problem: "),
        ("/ask", b'{"problem": "x", "programs": 6}', "programs: "),
        ("/ask", b" " * (MOST_BYTES + 1), "more than 200,000 bytes"),
        ("/run", json.dumps({"problem": BOWL, "program": "", "seeds": 11}).encode(), "seeds: "),
        ("/run", json.dumps({"problem": BOWL, "program": ""}).encode(), "seeds: "),
        (
            "/run",
            json.dumps({"problem": (EXAMPLES / "valley.tex").read_text(), "program": "", "seeds": 1}).encode(),
            "is in LaTeX and cannot be run",
        ),
    ],
)
def test_what_the_page_never_sends_is_refused_in_one_line(app: Starlette, path: str, body: bytes, reason: str):
    status, line = complaint(called(app, path, body, JSON))
    assert status == 400
    assert reason in line
    assert "\n" not in line


def test_request_that_stops_halfway_is_given_up():
    app = application(CONFIG.model_copy(update={"arrival_limit_s": 0.05}), KEY, Trials(CONFIG))
    assert complaint(called(app, "/ask", b"{", JSON, is_whole=False)) == (
        400,
        "the request did not arrive within 0.05 s; try again",
    )


@pytest.mark.parametrize("text", [BOWL, "def f(:\n\t'unclosed\n", "\n\n  x = 1", ""])
def test_coloured_pieces_are_the_program(text: str):
    assert "".join(piece for _, piece in coloured(text)) == text
