"""A Hub on the loopback, with the part of its HTTP interface that uploads use; it keeps what a real one would keep.

It refuses what a real one refuses: another token, a file whose bytes are not of their digest, a commit of objects that
were never uploaded, a card whose header is no YAML or names files that are not there.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from typing_extensions import override

TOKEN, OWNER = "hf_of_the_test", "somebody"
ATTRIBUTES = ".gitattributes"
LARGE = (".parquet", ".safetensors")
_ROUTES = {
    "whoami": r"GET /api/whoami-v2",
    "create": r"POST /api/repos/create",
    "validate": r"POST /api/validate-yaml",
    "preupload": r"POST /api/(?P<kind>\w+)s/(?P<repo>[^/]+/[^/]+)/preupload/(?P<revision>[^/]+)",
    "commit": r"POST /api/(?P<kind>\w+)s/(?P<repo>[^/]+/[^/]+)/commit/(?P<revision>[^/]+)",
    "branch": r"POST /api/(?P<kind>\w+)s/(?P<repo>[^/]+/[^/]+)/branch/(?P<revision>[^/]+)",
    "info": r"GET /api/(?P<kind>\w+)s/(?P<repo>[^/]+/[^/]+)(?:/revision/(?P<revision>[^/]+))?",
    "batch": r"POST /(?:datasets/)?(?P<repo>[^/]+/[^/]+)\.git/info/lfs/objects/batch",
    "put": r"PUT /lfs/(?P<oid>[0-9a-f]{64})",
    "verify": r"POST /lfs/(?P<oid>[0-9a-f]{64})/verify",
}


@dataclass
class Repository:
    private: bool = False
    branches: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"main": {ATTRIBUTES: b""}})
    """Branch -> path -> content."""
    messages: list[str] = field(default_factory=list)
    """Titles of the commits."""


@dataclass
class Hub:
    url: str = ""
    repos: dict[tuple[str, str], Repository] = field(default_factory=dict)
    """(kind, OWNER/NAME) -> repository."""
    objects: dict[str, bytes] = field(default_factory=dict)
    """SHA-256 -> large file."""
    asked: list[str] = field(default_factory=list)
    """Names of the routes that were asked for, in turn."""
    dies_at: str = ""
    """Route at which the server goes away, and answers nothing from then on."""
    refuses: str = ""
    """Route that the token has no right to."""

    def put(self, repo: str, kind: str, *, private: bool = False) -> Repository:
        """Makes a repository, as a person does on a page of the hub."""
        made = self.repos[kind, repo] = Repository(private)
        return made


class _Refused(Exception):
    """A request that gets an error."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        self.status, self.message, self.code = status, message, code


class _Api:
    """The answers, by the name of the route."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def whoami(self, _body: bytes) -> dict[str, Any]:
        return {"type": "user", "name": OWNER, "auth": {"type": "access_token"}}

    def create(self, body: bytes) -> dict[str, Any]:
        asked = json.loads(body)
        assert asked.get("visibility", "private") == "private", "what is public is not asked for, but the default"
        kind, repo = asked.get("type", "model"), f"{asked['organization'] or OWNER}/{asked['name']}"
        if (kind, repo) in self.hub.repos:
            raise _Refused(409, "You already created this repo")
        self.hub.put(repo, kind, private=asked.get("visibility") == "private")
        return {"url": f"{self.hub.url}/{'datasets/' if kind == 'dataset' else ''}{repo}"}

    def validate(self, body: bytes) -> dict[str, Any]:
        header = re.match(r"---\n(.*?)\n---\n", json.loads(body)["content"], re.DOTALL)
        try:
            yaml.safe_load(header[1] if header else "")
        except yaml.YAMLError:
            raise _Refused(400, "bad header") from None
        return {"errors": [], "warnings": []}

    def info(self, _body: bytes, kind: str, repo: str, revision: str) -> dict[str, Any]:
        there = self._repo(kind, repo)
        siblings = [{"rfilename": path} for path in self._branch(kind, repo, revision)]
        return {"id": repo, "private": there.private, "sha": "0" * 40, "siblings": siblings}

    def branch(self, _body: bytes, kind: str, repo: str, revision: str) -> dict[str, Any]:
        branches = self._repo(kind, repo).branches
        if revision in branches:
            raise _Refused(409, "Reference already exists")
        branches[revision] = dict(branches["main"])
        return {}

    def preupload(self, body: bytes, kind: str, repo: str, revision: str) -> dict[str, Any]:
        there = self._branch(kind, repo, revision)
        files: list[dict[str, Any]] = []
        for file in json.loads(body)["files"]:
            path = file["path"]
            large = path.endswith(LARGE)
            found = there.get(path)
            oid = None if found is None else hashlib.sha256(found).hexdigest() if large else _git_id(found)
            mode = "lfs" if large else "regular"
            files.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return {"files": files}

    def batch(self, body: bytes, repo: str) -> dict[str, Any]:
        if not any(there == repo for _, there in self.hub.repos):
            raise _Refused(404, "Repository not found", "RepoNotFound")
        objects: list[dict[str, Any]] = []
        for wanted in json.loads(body)["objects"]:
            url = f"{self.hub.url}/lfs/{wanted['oid']}"
            actions = {"upload": {"href": url}, "verify": {"href": f"{url}/verify"}}
            objects.append(wanted if wanted["oid"] in self.hub.objects else {**wanted, "actions": actions})
        return {"transfer": "basic", "objects": objects}

    def put(self, body: bytes, oid: str) -> dict[str, Any]:
        if hashlib.sha256(body).hexdigest() != oid:
            raise _Refused(400, "the bytes are not of their digest")
        self.hub.objects[oid] = body
        return {}

    def verify(self, body: bytes, oid: str) -> dict[str, Any]:
        if len(self.hub.objects[oid]) != json.loads(body)["size"]:
            raise _Refused(400, "another size")
        return {}

    def commit(self, body: bytes, kind: str, repo: str, revision: str) -> dict[str, Any]:
        there, new, message = self._branch(kind, repo, revision), dict[str, bytes](), ""
        for line in body.splitlines():
            match json.loads(line):
                case {"key": "header", "value": {"summary": message}}:
                    pass
                case {"key": "file", "value": {"path": path, "content": content}}:
                    new[path] = base64.b64decode(content)
                case {"key": "lfsFile", "value": {"path": path, "oid": oid}} if oid in self.hub.objects:
                    new[path] = self.hub.objects[oid]
                case other:
                    raise _Refused(400, f"no such object or operation: {other}")
        there |= new
        self._repo(kind, repo).messages.append(message)
        oid = hashlib.sha1(body).hexdigest()
        return {"commitUrl": f"{self.hub.url}/{kind}s/{repo}/commit/{oid}", "commitOid": oid}

    def _repo(self, kind: str, repo: str) -> Repository:
        if (kind, repo) not in self.hub.repos:
            raise _Refused(404, "Repository not found", "RepoNotFound")
        return self.hub.repos[kind, repo]

    def _branch(self, kind: str, repo: str, revision: str) -> dict[str, bytes]:
        branches = self._repo(kind, repo).branches
        if revision not in branches:
            raise _Refused(404, "Invalid rev id", "RevisionNotFound")
        return branches[revision]


def _git_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    """Answers with the interface of the server that it belongs to."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        assert isinstance(self.server, _Server)
        hub = self.server.api.hub
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = f"{self.command} {urlsplit(self.path).path}"
        name, found = next((n, m) for n, pattern in _ROUTES.items() if (m := re.fullmatch(pattern, asked)))
        hub.asked.append(name)
        if hub.dies_at in hub.asked:
            self.close_connection = True
            return
        try:
            self._check_rights(hub, name)
            values = {key: unquote(value or "main") for key, value in found.groupdict().items()}
            self._reply(200, getattr(self.server.api, name)(body, **values))
        except _Refused as refused:
            errors = [{"message": refused.message}]
            self._reply(refused.status, {"error": refused.message, "errors": errors}, refused)

    def _check_rights(self, hub: Hub, name: str) -> None:
        if name == hub.refuses:
            raise _Refused(403, "You don't have the rights to do that")
        if name not in ("put", "validate") and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise _Refused(401, "Invalid credentials in Authorization header")

    def _reply(self, status: int, body: dict[str, Any], refused: _Refused | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if refused:
            self.send_header("X-Error-Message", refused.message)
            self.send_header("X-Error-Code", refused.code)
        self.end_headers()
        self.wfile.write(data)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""


class _Server(ThreadingHTTPServer):
    def __init__(self, api: _Api) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api


@contextmanager
def hub_server() -> Generator[Hub]:
    hub = Hub()
    with _Server(_Api(hub)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        hub.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
