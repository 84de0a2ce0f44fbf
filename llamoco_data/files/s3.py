# pyright: reportExplicitAny=false, reportUnknownParameterType=false
"""A prefix of an S3 bucket: each file is one object, put whole, and put if absent by the service itself.

Credentials, region and endpoint come from the environment only, as for every AWS tool; no message holds credentials.
"""

import base64
import contextlib
import functools
import hashlib
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
import pyarrow as pa
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    ResponseStreamingError,
)

from llamoco_data.identity import LlamocoError

ATTEMPTS = 8
"""Attempts of one request, which with the pauses between them outlast an outage of about half a minute."""
FIRST_ATTEMPTS = 2
"""Attempts of the first request, which fails by a mistake of the user more often than by an outage."""
CONNECT_LIMIT_S, READ_LIMIT_S = 10, 60
PARALLEL = 16
"""Number of small files that are read at once."""
_CONFLICTS = 20
"""Attempts to put a file if absent while others are putting it."""

_NO_FILE = ("NoSuchKey", "NotFound", "404")
_REFUSED = (
    *("AccessDenied", "AllAccessDisabled", "AuthorizationHeaderMalformed", "ExpiredToken", "ExpiredTokenException"),
    *("Forbidden", "InvalidAccessKeyId", "InvalidSecurity", "InvalidToken", "SignatureDoesNotMatch", "401", "403"),
)
_NO_CREDENTIALS = (CredentialRetrievalError, NoCredentialsError, PartialCredentialsError, ProfileNotFound)
_BROKEN_OFF = (IncompleteReadError, ReadTimeoutError, ResponseStreamingError)
_ENVIRONMENT = "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN)"


def s3_files(bucket: str, prefix: str) -> "S3Files":
    """The files of a prefix, after one request that shows whether it can be reached.

    Raises:
        LlamocoError: it cannot be reached with these credentials.
    """
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return _opened(bucket, prefix, frozenset(environment.items()))


@functools.lru_cache(maxsize=8)
def _opened(bucket: str, prefix: str, environment: frozenset[tuple[str, str]]) -> "S3Files":
    """The files of a prefix; cached for each environment, because making a client takes a fifth of a second."""
    region = dict(environment).get("AWS_REGION")
    place = f"s3://{bucket}/{prefix}".rstrip("/")
    with _answered(f"cannot open {place}", bucket, "the S3 service"):
        first = _client(FIRST_ATTEMPTS, region)
        client = _client(ATTEMPTS, region)
    with _answered(f"cannot open {place}", bucket, _host(client)):
        first.list_objects_v2(Bucket=bucket, Prefix=prefix and f"{prefix}/", MaxKeys=1)
    return S3Files(bucket, prefix, client)


def _client(attempts: int, region: str | None) -> Any:
    config = Config(
        connect_timeout=CONNECT_LIMIT_S,
        read_timeout=READ_LIMIT_S,
        max_pool_connections=PARALLEL,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    # boto3 itself takes the region from AWS_DEFAULT_REGION only.
    return boto3.Session().client("s3", config=config, region_name=region)


@dataclass(frozen=True, slots=True)
class S3Files:
    """See `Files`."""

    bucket: str
    prefix: str
    client: Any = field(repr=False, compare=False)

    def where(self, name: str = "") -> str:
        return "/".join(part for part in (f"s3://{self.bucket}", self.prefix, name) if part)

    def read(self, name: str) -> bytes:
        with self._asking("read", name):
            for _ in range(ATTEMPTS - 1):
                with contextlib.suppress(*_BROKEN_OFF):
                    return self._get(name)
            return self._get(name)

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        with ThreadPoolExecutor(PARALLEL) as threads:
            yield from threads.map(self.read, names)

    def open(self, name: str) -> pa.NativeFile:
        return pa.BufferReader(self.read(name))

    def sha256(self, name: str) -> str:
        with self._asking("read", name):
            head = self.client.head_object(**self._object(name), ChecksumMode="ENABLED")
        # The service computes it on arrival, over the whole object unless that was sent in parts.
        if "ChecksumSHA256" in head and head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT":
            return base64.b64decode(head["ChecksumSHA256"]).hex()
        return hashlib.sha256(self.read(name)).hexdigest()

    def names(self, sub: str = "") -> list[str]:
        base = self._key(f"{sub}/" if sub else "")
        found: set[str] = set()
        with self._asking("list", sub):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=base, Delimiter="/"):
                keys = [entry["Key"] for entry in page.get("Contents", ())]
                keys += [entry["Prefix"] for entry in page.get("CommonPrefixes", ())]
                found.update(key[len(base) :].rstrip("/") for key in keys)
        return sorted(name for name in found if name and not name.startswith("."))

    def put_if_absent(self, name: str, data: bytes) -> bool:
        with self._asking("write", name):
            for _ in range(_CONFLICTS):
                try:
                    self._put(name, data, {"IfNoneMatch": "*"})
                except ClientError as error:
                    code = _code(error)
                    if code == "PreconditionFailed":
                        break
                    if code != "ConditionalRequestConflict":
                        raise
                else:
                    return True
        # This call may itself have written the object, in an attempt whose answer was lost.
        return self._holds(name, data)

    def replace(self, name: str, data: bytes) -> None:
        with self._asking("write", name):
            self._put(name, data, {})

    def move(self, name: str, to: str) -> None:
        with self._asking("move", name):
            self.client.copy_object(**self._object(to), CopySource=self._object(name))
            self.client.delete_object(**self._object(name))

    def remove(self, name: str) -> None:
        with self._asking("remove", name):
            self.client.delete_object(**self._object(name))

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def _object(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self._key(name)}

    def _get(self, name: str) -> bytes:
        return self.client.get_object(**self._object(name))["Body"].read()

    def _put(self, name: str, data: bytes, conditions: Mapping[str, str]) -> None:
        self.client.put_object(**self._object(name), Body=data, ChecksumAlgorithm="SHA256", **conditions)

    def _holds(self, name: str, data: bytes) -> bool:
        try:
            return self.read(name) == data
        except FileNotFoundError:
            return False

    def _asking(self, what: str, name: str) -> contextlib.AbstractContextManager[None]:
        return _answered(f"cannot {what} {self.where(name)}", self.bucket, _host(self.client))


@contextlib.contextmanager
def _answered(failure: str, bucket: str, host: str) -> Generator[None]:
    """Turns what the S3 library raises into one line; the library's messages, which may hold secrets, are left out."""
    try:
        yield
    except ClientError as error:
        code = _code(error)
        if code in _NO_FILE:
            raise FileNotFoundError(failure) from None
        raise LlamocoError(f"{failure}: {_why(code, bucket, host)}") from None
    except _NO_CREDENTIALS as error:
        why = "there is no such profile" if isinstance(error, ProfileNotFound) else "there are no credentials"
        raise LlamocoError(f"{failure}: {why}; set {_ENVIRONMENT}") from None
    except (EndpointConnectionError, HTTPClientError):
        raise LlamocoError(
            f"{failure}: {host} does not answer; check the network and AWS_ENDPOINT_URL and run again, "
            "nothing committed before is lost"
        ) from None
    except BotoCoreError as error:
        raise LlamocoError(
            f"{failure}: {type(error).__name__}; check the variables of the environment that begin with AWS_"
        ) from None
    except ValueError:
        raise LlamocoError(f"{failure}: AWS_ENDPOINT_URL or the bucket's name is malformed; mend it") from None


def _why(code: str, bucket: str, host: str) -> str:
    if code == "NoSuchBucket":
        return f"{host} has no bucket {bucket}; make it, or check the name and AWS_ENDPOINT_URL"
    if code in _REFUSED:
        return f"{host} refuses these credentials ({code}); check {_ENVIRONMENT}, and what they allow"
    if code == "RequestTimeTooSkewed":
        return "the clock of this machine is wrong; set it, and run again"
    return f"{host} answers {code}; run again later, nothing committed before is lost"


def _code(error: ClientError) -> str:
    details: Mapping[str, Any] = error.response.get("Error", {})
    return str(details.get("Code", "an error without a code"))


def _host(client: Any) -> str:
    """Host and port of the endpoint, without the rest of its address, which may hold secrets."""
    address = urlsplit(client.meta.endpoint_url)
    return f"{address.hostname}:{address.port}" if address.port else str(address.hostname)
