"""Asking a real server over HTTP: what it says, what it refuses, when it hangs, limits, breaks off or is not there."""

import socket
import threading
import time

import pytest

from llamoco_tune.endpoint import EndpointConfig, ask
from llamoco_tune.endpoint.wire import retry_after_s
from llamoco_tune.programs import Answer, DecodingConfig
from llamoco_tune.records import TuningError
from tests.chat_server import Behaviour, ChatServer, Request, Response, chat_server, completion, failure

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("no_key")]

GREEDY = DecodingConfig(max_new_tokens=77)
KEY = "sk-never-to-be-seen"


def config(server: ChatServer, **fields: object) -> EndpointConfig:
    plain = EndpointConfig(url=server.url, model="m", first_wait_s=0.01, timeout_s=20.0, num_retries=3)
    return plain.model_copy(update=fields)


def answered(behaviour: Behaviour, *prompts: str, **fields: object) -> tuple[list[Answer], list[Request]]:
    with chat_server(behaviour) as server:
        answers = list(ask(prompts, [0] * len(prompts), GREEDY, config(server, **fields)))
        return sorted(answers, key=lambda answer: answer.index), server.requests


def after(*first: Response) -> Behaviour:
    """These responses to a prompt, then a program."""
    return lambda request, before: first[before] if before < len(first) else completion(f"to {request.prompt}")


def test_ask_gives_each_prompt_its_completion_with_its_tokens_and_its_end():
    def behaviour(request: Request, before: int) -> Response:
        usage = {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}
        return {
            "long": completion("cut", "length", usage=usage),
            "filtered": completion("", "content_filter"),
            "odd": completion("ended", None),
        }.get(request.prompt, completion(f"to {request.prompt}\n", usage=usage))

    prompts = [*(f"p{i}" for i in range(20)), "long", "filtered", "odd"]
    answers, requests = answered(behaviour, *prompts)
    assert [answer.completion for answer in answers[:20]] == [f"to p{i}\n" for i in range(20)]
    assert {(answer.ended, answer.prompt_tokens, answer.completion_tokens) for answer in answers[:20]} == {
        ("stop", 5, 6)
    }
    assert all(answer.seconds > 0 for answer in answers[:20])
    assert [(answer.completion, answer.ended) for answer in answers[20:]] == [
        ("cut", "length"),
        ("", "error"),
        ("ended", "stop"),
    ]
    assert "content_filter" in answers[21].detail
    assert len(requests) == len(prompts)
    assert requests[0].body == {
        "model": "m",
        "messages": [{"role": "user", "content": requests[0].prompt}],
        "temperature": 0.0,
        "max_tokens": 77,
    }


def test_ask_sends_how_to_draw_and_a_seed_for_each_prompt():
    drawn = DecodingConfig(max_new_tokens=7, temperature=0.5, top_p=0.9)
    with chat_server(after()) as server:
        list(ask(["a", "b"], [11, 12], drawn, config(server)))
    sent = {request.prompt: request.body for request in server.requests}
    assert {prompt: body["seed"] for prompt, body in sent.items()} == {"a": 11, "b": 12}
    assert (sent["a"]["temperature"], sent["a"]["top_p"]) == (0.5, 0.9)


@pytest.mark.parametrize(
    "first",
    [
        [failure(500), failure(503)],
        [failure(429)],
        [Response(body="<html>"), Response(body='{"choices": []}'), Response(body='{"choices": [{"message"')],
        [failure(400, "use max_completion_tokens instead of max_tokens")],
    ],
    ids=["500", "429", "no JSON", "another name of the limit"],
)
def test_ask_again_what_may_yet_succeed(first: list[Response]):
    answers, requests = answered(after(*first), "a")
    assert [(answer.completion, answer.ended) for answer in answers] == [("to a", "stop")]
    assert len(requests) == len(first) + 1


def test_ask_several_at_once_under_the_old_name_of_the_limit_loses_none():
    together = threading.Barrier(8, timeout=60)

    def behaviour(request: Request, before: int) -> Response:
        if "max_tokens" in request.body:
            together.wait()
            return failure(400, "use max_completion_tokens instead of max_tokens")
        return completion("x")

    answers, requests = answered(behaviour, *map(str, range(12)), num_parallel=8, timeout_s=60.0, num_retries=0)
    assert [(answer.completion, answer.ended) for answer in answers] == [("x", "stop")] * 12
    assert len(requests) == 8 + 12


def test_ask_after_a_limit_waits_as_long_as_the_server_wants_with_all_prompts():
    def behaviour(request: Request, before: int) -> Response:
        limited = request.prompt == "limited" and not before
        return failure(429, Retry_After="1") if limited else completion("x")

    with chat_server(behaviour) as server:
        limited = ask(["limited", "b", "c"], [0] * 3, GREEDY, config(server, num_parallel=1))
        assert [answer.ended for answer in limited] == ["stop"] * 3
    times = [request.at_s for request in server.requests]
    assert times[1] - times[0] >= 1.0

    assert retry_after_s({"retry-after": "1.5"}) == 1.5
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert retry_after_s({"retry-after": "soon"}) is None
    assert retry_after_s({}) is None


def test_ask_a_server_that_hangs_ends_after_the_time_for_a_request():
    began = time.monotonic()

    def behaviour(request: Request, before: int) -> Response:
        return Response(after_s=60.0) if request.prompt == "hang" else completion("x")

    (hung, fine), requests = answered(behaviour, "hang", "fine", timeout_s=1.0, num_retries=1)
    assert (hung.ended, fine.ended) == ("error", "stop")
    assert "1 s" in hung.detail
    assert [request.prompt for request in requests].count("hang") == 2
    assert time.monotonic() - began < 60


def test_ask_a_prompt_that_keeps_failing_is_an_error_and_the_others_are_not():
    def behaviour(request: Request, before: int) -> Response:
        return {"bad": failure(400, "context too long"), "broken": failure(500, "boom")}.get(
            request.prompt, completion("x")
        )

    answers, requests = answered(behaviour, "bad", "fine", "broken")
    assert [answer.ended for answer in answers] == ["error", "stop", "error"]
    assert "400" in answers[0].detail
    assert "context too long" in answers[0].detail
    assert "boom" in answers[2].detail
    assert len(requests) == 1 + 1 + 4


def test_ask_a_server_that_is_not_there_is_refused_at_once():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        began = time.monotonic()
        with pytest.raises(TuningError, match="no server answers"):
            list(ask(["a"] * 9, [0] * 9, GREEDY, EndpointConfig(url=url, model="m", first_wait_s=60.0)))
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(("status", "advice"), [(401, "OPENAI_API_KEY"), (403, "OPENAI_API_KEY"), (404, "/v1")])
def test_ask_a_server_that_wants_another_key_or_path_is_refused_at_once(status: int, advice: str):
    with chat_server(lambda *_: failure(status)) as server, pytest.raises(TuningError, match=advice):
        list(ask(["a"] * 50, [0] * 50, GREEDY, config(server, num_parallel=2)))
    assert len(server.requests) <= 4


def test_ask_a_server_that_dies_on_the_way_keeps_what_was_answered():
    def behaviour(request: Request, before: int) -> Response:
        return completion("x") if int(request.prompt) < 10 else failure(502)

    prompts = [str(i) for i in range(100)]
    got: list[Answer] = []
    with chat_server(behaviour) as server, pytest.raises(TuningError, match=r"in a row.*502"):
        got.extend(ask(prompts, [0] * 100, GREEDY, config(server, num_retries=0, num_parallel=4)))
    assert sorted(answer.index for answer in got if answer.ended == "stop") == list(range(10))
    # Of those that were asked at the same time as the last that fared well, some may have failed before it came.
    assert len(got) <= 10 + 3


def test_ask_no_more_often_than_allowed_and_keeps_what_was_answered():
    got: list[Answer] = []
    prompts = [str(i) for i in range(20)]
    with chat_server(after(failure(500))) as server, pytest.raises(TuningError, match="limit of 7 calls"):
        got.extend(ask(prompts, [0] * 20, GREEDY, config(server, max_calls=7, num_parallel=2)))
    assert len(server.requests) == 7
    assert len(got) == 3
    with chat_server(after()) as server:
        assert len(list(ask(["a", "b"], [0] * 2, GREEDY, config(server, max_calls=2)))) == 2


def test_ask_so_many_at_a_time_and_no_more():
    running, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(3, timeout=10)

    def behaviour(request: Request, before: int) -> Response:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()
        with lock:
            running -= 1
        return completion("x")

    answers, _ = answered(behaviour, *map(str, range(9)), num_parallel=3)
    assert len(answers) == 9
    assert most == 3


def test_ask_with_a_key_sends_it_and_shows_it_nowhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def behaviour(request: Request, before: int) -> Response:
        echoed = f"bad key {KEY}"
        return {"a": failure(400, echoed), "b": Response(body=echoed), "c": completion(echoed)}[request.prompt]

    answers, requests = answered(behaviour, "a", "b", "c", num_retries=0)
    assert {request.key for request in requests} == {f"Bearer {KEY}"}
    assert KEY not in repr(answers)
    assert "bad key" in answers[0].detail
    with chat_server(lambda *_: failure(401, f"bad key {KEY}")) as server, pytest.raises(TuningError) as refusal:
        list(ask(["a"], [0], GREEDY, config(server)))
    assert KEY not in str(refusal.value)


def test_ask_with_a_key_from_a_file_sends_it_without_the_end_of_its_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\r\n")
    answers, requests = answered(lambda *_: completion(f"my key is {KEY}"), "a")
    assert [answer.completion for answer in answers] == ["my key is [key]"]
    assert [request.key for request in requests] == [f"Bearer {KEY}"]


@pytest.mark.parametrize("key", ["x", "none", "minimize"])
def test_ask_with_a_placeholder_for_a_key_leaves_programs_as_they_are(monkeypatch: pytest.MonkeyPatch, key: str):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    program = "def minimize(objective, max_evaluations):\n    return None  # none\n"

    def behaviour(request: Request, before: int) -> Response:
        return completion(program) if request.prompt == "a" else failure(400, f"bad key: {key}")

    answers, _ = answered(behaviour, "a", "b")
    assert [answer.completion for answer in answers] == [program, ""]
    assert answers[1].detail.endswith(": [key]")


@pytest.mark.parametrize("odd", ["é", "\r", "\n", "\x7f", "\udce9"])
def test_ask_with_a_key_that_cannot_be_sent_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch, odd: str):
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}{odd}{KEY}")
    with chat_server(after()) as server, pytest.raises(TuningError, match="OPENAI_API_KEY") as refusal:
        list(ask(["a"], [0], GREEDY, config(server)))
    assert KEY not in str(refusal.value)
    assert not server.requests


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://host/v1",
        "http://",
        "http://localhost:8OOO/v1",
        "http://localhost:99999/v1",
        "http://localhost:0/v1",
        "http://[::1/v1",
        "http://[::1]x/v1",
        "http://localhost:8000/v1\n",
        "http://\u2100/v1",
        "https://me:secret@host/v1",
        "https://host/v1?key=secret",
        "https://me:secret@host:8OOO/v1",
        "ftp://host/v1?key=secret",
    ],
)
def test_ask_a_url_that_is_none_or_holds_a_key_is_refused(url: str):
    with pytest.raises(TuningError, match="URL") as refusal:
        list(ask(["a"], [0], GREEDY, EndpointConfig(url=url, model="m")))
    assert "secret" not in str(refusal.value)


def test_ask_below_v1_where_the_url_has_no_path():
    with chat_server(after()) as server:
        url = server.url.removesuffix("/v1")
        assert [answer.ended for answer in ask(["a"], [0], GREEDY, config(server, url=url))] == ["stop"]
