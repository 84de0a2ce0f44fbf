"""Serves the page until the command is stopped."""

import secrets
import socket
from collections.abc import Callable

import uvicorn

from llamoco_tune.records import TuningError
from llamoco_tune.web.app import application
from llamoco_tune.web.config import WebConfig
from llamoco_tune.web.guard import is_local

MOST_CONNECTIONS = 64
"""Connections at once; more are refused."""
GRACE_S = 1
"""Time that open connections have when the server stops."""


def serve(config: WebConfig, ready: Callable[[str], None]) -> None:
    """Serves the page; returns when the process is asked to stop.

    Args:
        ready: called with the page's address once it can be opened.

    Raises:
        TuningError: the address cannot be served.
    """
    key = secrets.token_urlsafe()
    with _listening(config) as listener:
        server = uvicorn.Server(
            uvicorn.Config(
                application(config, key),
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                http="h11",
                loop="asyncio",
                lifespan="on",
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        ready(address(config.host, listener.getsockname()[1], key))
        server.run(sockets=[listener])


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
