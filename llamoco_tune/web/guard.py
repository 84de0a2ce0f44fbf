"""Keeps others off the page: it must be called by its own name, from itself, and what it sends runs no foreign code.

A page of another site could otherwise ask this server in a visitor's name, either directly or, by DNS rebinding, under
a name of its own that leads here. And since a trial executes a problem's code, another user of this machine or of its
network could have code executed as the one who serves the page.
"""

import hmac
import ipaddress
import os
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llamoco_tune.web.callers import is_of

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


_ROOT = 0
KEY_HEADER = "x-llamoco-key"
_ELSEWHERE = "this request comes from another site, and is refused"
_NO_KEY = (
    "only who serves this page, or has its key, may use it: open the whole address that the command printed, with all "
    "that follows #"
)


class Guard:
    """Refuses requests of others, under a foreign name or from a foreign page, and sends headers that bind browsers."""

    def __init__(self, app: ASGIApp, host: str, key: str) -> None:
        self._app, self._names, self._key = app, own_names(host), key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def bound(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        headers = Headers(scope=scope)
        why = misnamed(headers, self._names)
        if not why and scope["method"] not in ("GET", "HEAD"):
            why = foreign(headers) or ("" if self._is_ours(scope, headers) else _NO_KEY)
        if why:
            await JSONResponse({"error": why}, 403)(scope, receive, bound)
        else:
            await self._app(scope, receive, bound)

    def _is_ours(self, scope: Scope, headers: Headers) -> bool:
        """Whether a request comes from this user on this machine, or has the key."""
        given = headers.get(KEY_HEADER, "")
        if hmac.compare_digest(given.encode(), self._key.encode()):
            return True
        client, server = scope["client"], scope["server"]
        return client is not None and server is not None and is_of((_ROOT, os.getuid()), client, server)


def own_names(host: str) -> frozenset[str]:
    """The names by which this machine may be called, besides addresses."""
    machine = socket.gethostname()
    return frozenset(name.lower() for name in ("localhost", host, machine, f"{machine}.local"))


def misnamed(headers: Headers, names: frozenset[str]) -> str:
    """Why the name under which this server was called is refused; empty if it is not.

    An address is harmless: what rebinding needs is a name of the attacker's.
    """
    name = _name(headers.get("host", ""))
    if name in names or _is_address(name):
        return ""
    return "this page is not served under that name; call it by the address that the command printed"


def foreign(headers: Headers) -> str:
    """Why a request is not one that this page makes; empty if it may be."""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        return _ELSEWHERE
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return _ELSEWHERE
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
