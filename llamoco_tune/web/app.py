"""The addresses of the page: itself and its files, questions, and trials."""

import asyncio
import concurrent.futures
import functools
import threading
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from llamoco_tune.records import Record, TuningError
from llamoco_tune.web.answers import BusyError, Question, answer
from llamoco_tune.web.config import MOST_BYTES, MOST_CHARACTERS, MOST_PROGRAMS, MOST_WAITING, WebConfig
from llamoco_tune.web.examples import examples
from llamoco_tune.web.guard import Guard, is_local
from llamoco_tune.web.trials import Trials, Wanted

_FILES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "plot.js": "text/javascript",
    "trial.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""Files of the page and their types."""

Asked = TypeVar("Asked", bound=Record)
Result = TypeVar("Result")
Endpoint = Callable[[Request], Awaitable[Response]]


def application(config: WebConfig, key: str, trials: Trials) -> Starlette:
    """The page as an ASGI application.

    Args:
        key: what others than this user on this machine need.
        trials: those under way; who serves the page closes them.
    """
    queue = Queue()

    async def ask(request: Request) -> Response:
        question = await _body(request, Question, config.arrival_limit_s)
        async with queue:
            found = await in_thread(functools.partial(answer, question, config))
        return Response(found.to_json(), media_type="application/json")

    async def run(request: Request) -> Response:
        return trials.begin(await _body(request, Wanted, config.arrival_limit_s))

    folder = resources.files("llamoco_tune.web") / "page"
    routes = [
        Route("/", _fixed(page(config).encode(), "text/html")),
        *(Route(f"/{name}", _fixed((folder / name).read_bytes(), kind)) for name, kind in _FILES.items()),
        Route("/ask", _told(ask), methods=["POST"]),
        Route("/run", _told(run), methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard, host=config.host, key=key)])


class Queue:
    """One question is answered at a time; a few wait, and more are sent away."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._present = 0

    async def __aenter__(self) -> None:
        if self._present > MOST_WAITING:
            raise BusyError("others are waiting for answers already; ask again in a few seconds")
        self._present += 1
        try:
            await self._turn.acquire()
        except BaseException:
            self._present -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self._present -= 1
        self._turn.release()


async def in_thread(function: Callable[[], Result]) -> Result:
    """What a function returns or raises, called in a thread that does not keep the process from ending."""
    future = concurrent.futures.Future[Result]()
    future.set_running_or_notify_cancel()

    def call() -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=call, daemon=True).start()
    return await asyncio.wrap_future(future)


def page(config: WebConfig) -> str:
    """The page's HTML."""
    loader = PackageLoader("llamoco_tune.web", "page")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("page.html").render(
        examples=examples(),
        config=config,
        most_characters=MOST_CHARACTERS,
        most_programs=MOST_PROGRAMS,
        is_shared=not is_local(config.host),
    )


def _fixed(content: bytes, kind: str) -> Endpoint:
    """An endpoint that always answers with the same content, so that the files of a page belong together."""

    async def fixed(request: Request) -> Response:
        del request
        return Response(content, media_type=kind)

    return fixed


def _told(endpoint: Endpoint) -> Endpoint:
    """An endpoint whose errors are one line for the visitor."""

    @functools.wraps(endpoint)
    async def told(request: Request) -> Response:
        try:
            return await endpoint(request)
        except BusyError as error:
            return _error(503, str(error))
        except TuningError as error:
            return _error(400, str(error))
        except ClientDisconnect:
            return _error(400, "the request did not arrive")
        except asyncio.CancelledError:
            return _error(503, "this page was stopped before the answer was there")

    return told


def _error(status: int, line: str) -> Response:
    return JSONResponse({"error": " ".join(line.split())}, status)


async def _body(request: Request, kind: type[Asked], limit_s: float) -> Asked:
    """What a request asks for.

    Raises:
        TuningError: it is too large, too slow, or not what the page sends.
    """
    content = bytearray()
    try:
        async with asyncio.timeout(limit_s):
            async for part in request.stream():
                content += part
                if len(content) > MOST_BYTES:
                    raise TuningError(f"that is more than {MOST_BYTES:,} bytes; state the problem more briefly")
    except TimeoutError:
        raise TuningError(f"the request did not arrive within {limit_s:g} s; try again") from None
    try:
        return kind.from_json(bytes(content))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the request"
        raise TuningError(f"{where}: {first['msg']}") from None
