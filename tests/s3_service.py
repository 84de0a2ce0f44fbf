"""A real S3 protocol server of our own for tests: moto behind HTTP, on a port of its own, in a process of its own."""

import contextlib
import functools
import os
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import boto3

BUCKET = "bucket"
MOST_KEYS = 100
"""Keys in one answer; S3 itself gives a thousand."""

SERVER = """
import sys
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

moto = DomainDispatcherApplication(create_backend_app)
losing = 0

def application(environ, start_response):
    global losing
    if environ["PATH_INFO"] == "/-/lose-the-next-answer":
        losing = 1
        return Response("")(environ, start_response)
    if losing and environ["REQUEST_METHOD"] == "PUT":
        losing = 0
        list(moto(environ, lambda *_: None))  # it is done, and nobody hears of it
        return Response("", 503)(environ, start_response)
    return moto(environ, start_response)

# One request at a time, so that a put if absent is one step, as it is on S3.
server = make_server("127.0.0.1", 0, application, threaded=False)
print(server.server_port, flush=True)
server.serve_forever()
"""

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEOFATEST", "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-tests"}


@dataclass(frozen=True, slots=True)
class S3Service:
    """A running server with one bucket."""

    environment: dict[str, str]
    """What a client needs: endpoint and credentials."""

    def client(self) -> Any:
        return _client(self.environment["AWS_ENDPOINT_URL"])

    def keys(self, prefix: str) -> list[str]:
        """Every object below a prefix, without it."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/")
        return [entry["Key"].removeprefix(f"{prefix}/") for page in pages for entry in page.get("Contents", ())]

    def get(self, key: str) -> bytes:
        return self.client().get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def put(self, key: str, data: bytes) -> None:
        self.client().put_object(Bucket=BUCKET, Key=key, Body=data)

    def lose_the_next_answer(self) -> None:
        """The next put is done, and its answer is an error."""
        urllib.request.urlopen(f"{self.environment['AWS_ENDPOINT_URL']}/-/lose-the-next-answer").close()


@functools.cache
def _client(endpoint: str) -> Any:
    """One for all, since its making takes a tenth of a second."""
    return boto3.Session().client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )


@contextlib.contextmanager
def s3_service(*, open_to_all: bool = True) -> Generator[S3Service]:
    """A server; with `open_to_all` false it knows nobody, once the bucket is made."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["MOTO_S3_DEFAULT_MAX_KEYS"] = str(MOST_KEYS)
    if not open_to_all:
        environment["INITIAL_NO_AUTH_ACTION_COUNT"] = "1"
    command = [sys.executable, "-W", "ignore", "-c", SERVER]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            service = S3Service({"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", **CREDENTIALS})
            service.client().create_bucket(Bucket=BUCKET)
            yield service
        finally:
            process.kill()
