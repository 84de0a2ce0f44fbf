"""Serves the page until the command is stopped."""

import asyncio
import secrets
import socket
from collections.abc import Callable

import uvicorn

from llamoco_tune.records import TuningError
from llamoco_tune.web.app import application
from llamoco_tune.web.config import WebConfig
from llamoco_tune.web.guard import is_local
from llamoco_tune.web.trials import Trials

MOST_CONNECTIONS = 64
"""Connections at once; more are refused."""
GRACE_S = 5
"""Time that questions under way have when the server stops; trials are ended at once."""
WATCH_S = 0.1
"""Time between two looks at whether the server is to stop."""


def serve(config: WebConfig, ready: Callable[[str], None]) -> None:
    """Serves the page; returns when the process is asked to stop.

    Args:
        ready: called with the page's address once it can be opened.

    Raises:
        TuningError: the address cannot be served.
    """
    key, trials = secrets.token_urlsafe(), Trials(config)
    with _listening(config) as listener:
        server = uvicorn.Server(
            uvicorn.Config(
                application(config, key, trials),
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                http="h11",
                loop="asyncio",
                lifespan="off",
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        ready(address(config.host, listener.getsockname()[1], key))
        asyncio.run(_until_stopped(server, listener, trials))


async def _until_stopped(server: uvicorn.Server, listener: socket.socket, trials: Trials) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not (server.should_exit or serving.done()):
        await asyncio.sleep(WATCH_S)
    await trials.close()
    await serving


def address(host: str, port: int, key: str) -> str:
    """The page's address in a browser; it holds the key where others than this machine can reach it."""
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/{'' if is_local(host) else f'#{key}'}"


def _listening(config: WebConfig) -> socket.socket:
    try:
        family, _, _, _, place = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise TuningError(f"--host {config.host} is no address of this machine: {error.strerror}") from None
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen()
    except OSError as error:
        listener.close()
        raise TuningError(
            f"{config.host}, port {config.port}, cannot be served: {error.strerror}; give another --host or --port"
        ) from None
    return listener
