"""The address of a server, its key, and how patiently it is asked; a URL that holds a key is refused."""

import os
from urllib.parse import SplitResult, urlsplit

from httpx2 import URL, InvalidURL
from pydantic import Field

from llamoco_tune.records import Record, TuningError

KEY_VARIABLE = "OPENAI_API_KEY"
"""Environment variable of the key, which is read from nowhere else."""


class EndpointConfig(Record):
    """The address of a server, and how patiently it is asked."""

    url: str
    model: str
    num_parallel: int = Field(default=8, ge=1)
    """Number of requests at a time."""
    timeout_s: float = Field(default=300.0, gt=0.0)
    """Seconds for one request, from sending it to the end of the reply."""
    num_retries: int = Field(default=5, ge=0)
    """Number of retries of a request whose failure may pass."""
    first_wait_s: float = Field(default=1.0, ge=0.0)
    """Seconds before the first retry; twice as long before each further one."""
    max_calls: int | None = Field(default=None, ge=1)
    """Most requests in all, retries included."""


def server_key() -> str:
    """The key in the environment, without the blanks and line ends around it; empty if there is none.

    Raises:
        TuningError: it cannot be sent; the message does not show it.
    """
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise TuningError(f"the key in {KEY_VARIABLE} is not plain ASCII and cannot be sent; set it again")
    return key


def base_url(url: str) -> str:
    """The base URL for the library: with /v1 if it has no path, as nearly all servers expect.

    Raises:
        TuningError: it is no URL, or holds a name, a password or a query, which may be a key.
    """
    parts = _parts(url)
    if parts is None:
        shown = url.rpartition("@")[2].partition("?")[0]
        raise TuningError(f"{shown!r} is no URL of a server; give one such as http://localhost:8000/v1")
    if parts.username or parts.password or parts.query:
        raise TuningError(
            f"the URL of {parts.hostname} has a name, a password or a query in it; "
            f"give the URL alone, and a key in {KEY_VARIABLE}"
        )
    return url if parts.path.strip("/") else f"{url.rstrip('/')}/v1"


def _parts(url: str) -> SplitResult | None:
    """The parts of a URL whose host and port are possible; None where they are not."""
    try:
        URL(url)
        parts = urlsplit(url)
        is_possible = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except (ValueError, InvalidURL):
        return None
    return parts if is_possible else None
