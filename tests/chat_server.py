"""An OpenAI-compatible server on the loopback, whose replies a test writes; it keeps what it was asked."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override


@dataclass(frozen=True)
class Response:
    """What the server sends; before it, the server may wait."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    after_s: float = 0.0


@dataclass(frozen=True)
class Request:
    body: dict[str, Any]
    key: str
    at_s: float

    @property
    def prompt(self) -> str:
        """The last message, which is the one to answer."""
        return self.body["messages"][-1]["content"]


Behaviour = Callable[[Request, int], Response]
"""Of a request, and the number of times that its prompt was asked before."""


@dataclass
class ChatServer:
    url: str
    requests: list[Request]


def completion(text: str, reason: str | None = "stop", **more: Any) -> Response:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reason}
    return Response(body=json.dumps({"id": "1", "object": "chat.completion", "choices": [choice], **more}))


def failure(status: int, message: str = "no", **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, json.dumps({"error": {"message": message}}), named)


@contextmanager
def chat_server(behaviour: Behaviour) -> Generator[ChatServer]:
    requests: list[Request] = []
    lock = threading.Lock()
    asked: dict[str, int] = defaultdict(int)
    is_over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            request = Request(body, self.headers.get("Authorization", ""), time.monotonic())
            with lock:
                requests.append(request)
                before = asked[request.prompt]
                asked[request.prompt] += 1
            response = behaviour(request, before)
            is_over.wait(response.after_s)
            self.send_response(response.status)
            for name, value in {"Content-Type": "application/json", **response.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(response.body.encode())))
            self.end_headers()
            self.wfile.write(response.body.encode())

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

        @override
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Clients that hang up are what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield ChatServer(f"http://127.0.0.1:{server.server_address[1]}/v1", requests)
        finally:
            is_over.set()
            server.shutdown()
            thread.join()
