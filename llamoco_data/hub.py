"""Uploads files to a repository of a hub as one commit: all of them are there afterwards, or none.

Nothing here changes a file of this machine, and nothing in the repository is removed.
"""

import hashlib
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Literal

from httpx2 import HTTPError
from huggingface_hub import CommitOperationAdd, HfApi, constants, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError
from huggingface_hub.utils import disable_progress_bars, logging, validate_repo_id

from llamoco_data.identity import LlamocoError

_OF_THE_HUB = frozenset({".gitattributes"})
"""Files that a hub itself puts into a new repository."""
MOST_REASON = 200
"""Most characters of a library's message that are shown."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file that is to be uploaded."""

    path: str
    """Path in the repository."""
    content: Path | bytes
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Destination:
    """Where files are to go."""

    repo: str
    """OWNER/NAME, or NAME for a repository of the token's owner."""
    kind: Literal["dataset", "model"]
    private: bool
    """Whether a new repository is for its owner alone; otherwise it is as its owner has set, mostly public."""
    revision: str | None
    """Branch of the commit; None for the main one."""
    endpoint: str | None
    """URL of the hub; by default that of the environment variable HF_ENDPOINT, or the public one."""
    update: bool
    """Whether the repository may hold files already."""

    @property
    def hub(self) -> str:
        """URL of the hub."""
        return (self.endpoint or os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")

    @property
    def url(self) -> str:
        """URL of the repository."""
        return f"{self.hub}/{constants.REPO_TYPES_URL_PREFIXES.get(self.kind, '')}{self.repo}"


def hub_file(path: str, content: Path | bytes) -> HubFile:
    """A file with its digest.

    Raises:
        LlamocoError: it cannot be read.
    """
    if isinstance(content, bytes):
        return HubFile(path, content, len(content), hashlib.sha256(content).hexdigest())
    try:
        with content.open("rb") as file:
            return HubFile(path, content, content.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise LlamocoError(f"{content} cannot be read: {error.strerror or error}; nothing was uploaded") from None


def check_repo(repo: str) -> None:
    """Checks the name of a repository.

    Raises:
        LlamocoError: no hub would take it.
    """
    try:
        validate_repo_id(repo)
    except HFValidationError:
        raise LlamocoError(
            f"{repo!r} is no name of a repository; give OWNER/NAME, of letters, digits, `-`, `_` and `.`"
        ) from None


def has_token() -> bool:
    """Whether a token is set or stored, by which a hub knows the user."""
    return get_token() is not None


def upload(files: Sequence[HubFile], to: Destination, message: str) -> str:
    """Makes the repository if there is none, commits the files to it, and returns the URL of the commit.

    Large files go through HTTP as Git LFS objects, the way that every hub takes.

    Args:
        message: title of the commit.

    Raises:
        LlamocoError: the token is missing or refused, the repository holds other files or is less private than it
            should be, or the hub refuses the files or cannot be reached. Then nothing was committed, unless the hub
            went away while it took the commit.
    """
    if not has_token():
        raise LlamocoError(
            f"{to.hub} needs a token: set HF_TOKEN, or log in with `hf auth login`; nothing was uploaded"
        )
    disable_progress_bars()
    logging.set_verbosity_error()
    constants.HF_HUB_DISABLE_XET = True
    api = HfApi(endpoint=to.hub, library_name="llamoco")
    try:
        with warnings.catch_warnings():  # what the library remarks is not for the user
            warnings.simplefilter("ignore")
            owner = api.whoami()["name"]
            repo = to.repo if "/" in to.repo else f"{owner}/{to.repo}"
            _prepare(api, repo, to)
            commit = api.create_commit(
                repo,
                [CommitOperationAdd(file.path, file.content) for file in files],
                commit_message=message,
                repo_type=to.kind,
                revision=to.revision,
                num_threads=2,
            )
    except HfHubHTTPError as error:
        raise LlamocoError(_refusal(error, to)) from None
    except HTTPError as error:
        raise LlamocoError(
            f"{to.hub} went away: {shorten(str(error), MOST_REASON)}; the repository is as it was or holds all of the "
            "files, and nothing here was changed: give the same command again"
        ) from None
    except (OSError, RuntimeError, ValueError) as error:
        cause = (error.__cause__ or error) if isinstance(error, RuntimeError) else error  # of one file's upload
        raise LlamocoError(f"{to.hub} did not take the files: {shorten(str(cause), MOST_REASON)}; {_AGAIN}") from None
    return commit.commit_url


_AGAIN = "nothing was committed, and nothing here was changed: give the same command again"


def _prepare(api: HfApi, repo: str, to: Destination) -> None:
    """Makes the repository and the branch, where they are not there.

    Raises:
        LlamocoError: the repository is not one to commit to.
    """
    try:
        there = api.dataset_info(repo) if to.kind == "dataset" else api.model_info(repo)
    except RepositoryNotFoundError:
        api.create_repo(repo, repo_type=to.kind, private=to.private or None)  # None: as its owner has set
    else:
        files = {file.rfilename for file in there.siblings or ()} - _OF_THE_HUB
        if files and not to.update:
            raise LlamocoError(
                f"{to.url} exists, and holds {min(files)} and more; nothing was uploaded: give --update for a commit "
                "on top of what is there, or another name"
            )
        if to.private and not there.private:
            raise LlamocoError(
                f"{to.url} exists, and everybody can read it; nothing was uploaded: make it private there, or leave "
                "out --private"
            )
    if to.revision is not None:
        api.create_branch(repo, repo_type=to.kind, branch=to.revision, exist_ok=True)


def _refusal(error: HfHubHTTPError, to: Destination) -> str:
    status = error.response.status_code
    if status == 401:
        return f"{to.hub} refuses the token; set another HF_TOKEN, or log in with `hf auth login`; nothing was uploaded"
    if status == 403:
        return f"{to.hub} does not let this token write to {to.repo}; nothing was committed: give one that may write"
    reason = (error.server_message or f"status {status}").partition("\n")[0]
    return f"{to.hub} did not take the files: {reason}; {_AGAIN}"
