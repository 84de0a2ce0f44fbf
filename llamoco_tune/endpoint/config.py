"""Where and how patiently a server is asked; a URL that holds a key is refused."""

from urllib.parse import urlsplit

from pydantic import Field

from llamoco_tune.records import Record, TuningError

KEY_VARIABLE = "OPENAI_API_KEY"
"""The only place where a key is looked for."""


class EndpointConfig(Record):
    """Where and how patiently a server is asked."""

    url: str
    model: str
    num_parallel: int = Field(default=8, ge=1)
    """Requests at a time."""
    timeout_s: float = Field(default=300.0, gt=0.0)
    """For one request, from sending it to the end of the reply."""
    num_retries: int = Field(default=5, ge=0)
    """Of a request that failed in a way that may pass."""
    first_wait_s: float = Field(default=1.0, ge=0.0)
    """Before the first retry; twice as long before each that follows."""
    max_calls: int | None = Field(default=None, ge=1)
    """Requests in all, retries included."""


def base_url(url: str) -> str:
    """The URL below which the library asks: with /v1 where it has no path, as nearly all servers want it.

    Raises:
        TuningError: it is none, or holds a name, a password or a query, which may be a key.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TuningError(f"{url!r} is no URL of a server; give one such as http://localhost:8000/v1")
    if parts.username or parts.password or parts.query:
        raise TuningError(
            f"the URL of {parts.hostname} has a name, a password or a query in it; "
            f"give the URL alone, and a key in {KEY_VARIABLE}"
        )
    return url if parts.path.strip("/") else f"{url.rstrip('/')}/v1"
