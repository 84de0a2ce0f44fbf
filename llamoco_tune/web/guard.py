"""Keeps others off the page: it must be called by its own name, from itself, and what it sends runs no foreign code.

A page of another site could otherwise ask this server in a visitor's name, either directly or, by DNS rebinding, under
a name of its own that leads here.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""Content-Security-Policy: scripts and styles are this server's files, and no text becomes HTML."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Refuses requests under a foreign name or from a foreign page, and sends the headers that bind the browser."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._names = own_names(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def bound(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        why = refusal(Headers(scope=scope), scope["method"], self._names)
        if why:
            await PlainTextResponse(f"{why}\n", 403)(scope, receive, bound)
        else:
            await self._app(scope, receive, bound)


def own_names(host: str) -> frozenset[str]:
    """The names by which this machine may be called, besides addresses."""
    return frozenset(
        name.lower() for name in ("localhost", host, socket.gethostname(), f"{socket.gethostname()}.local")
    )


def refusal(headers: Headers, method: str, names: frozenset[str]) -> str:
    """Why a request is refused; empty if it is not.

    An address as the name is harmless: what rebinding needs is a name of the attacker's.
    """
    host = headers.get("host", "")
    name = _name(host)
    if name not in names and not _is_address(name):
        return "this page is not served under that name; call it by the address that the command printed"
    if method in ("GET", "HEAD"):
        return ""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return "this request comes from another site, and is refused"
    if origin is None and headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return "this request comes from another site, and is refused"
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return "a request has to be JSON"
    return ""


def is_local(host: str) -> bool:
    """Whether an address is of this machine alone."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
