"""`llamoco-tune push`: publishes a model, and only says what it would do until it is told to upload."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from llamoco_tune.display import whole_line
from llamoco_tune.invocation import command

if TYPE_CHECKING:
    from llamoco_tune.hub import Destination, HubFile


@click.command("push", short_help="Publish a tuned model on a hub.")
@click.argument("model", metavar="RUN")
@click.option("--repo", required=True, metavar="NAME", help="Repository: OWNER/NAME, or NAME for one of your own.")
@click.option("--upload", is_flag=True, help="Upload; without it, the command says what it would upload.")
@click.option("--private", is_flag=True, help="Make the new repository one that only you can see.")
@click.option("--update", is_flag=True, help="Add a commit to a repository that holds files already.")
@click.option("--revision", metavar="BRANCH", help="Branch of the commit; by default the main one.")
@click.option("--endpoint", metavar="URL", help="URL of the hub; by default $HF_ENDPOINT, or https://huggingface.co.")
def push_command(
    model: str, repo: str, upload: bool, private: bool, update: bool, revision: str | None, endpoint: str | None
) -> None:
    """Publish the model of the finished RUN on a hub: the card and the files that it is used with, in one commit.

    Without --upload nothing is sent: the command lists each file with its size and digest, and says what is missing.
    A copy made by `pack` is half as large.
    """
    from llamoco_tune import hub, publishing  # noqa: PLC0415 - pydantic is slow to import

    to = hub.Destination(repo, "model", private, revision, endpoint, update)
    hub.check_repo(repo)
    files = publishing.published_files(model)
    console = Console()
    if upload:
        whole_line(Console(stderr=True), f"uploading {len(files)} files, {_size(files)} ...")
        url = hub.upload(files, to, publishing.title_of(model))
        whole_line(console, f"{model} is published: {url}")
        return
    missing = [*publishing.remarks_on(model)]
    if not hub.has_token():
        missing.append("a token: set HF_TOKEN, or log in with `hf auth login`")
    _show_plan(console, files, to, missing)
    options = ("--repo", repo, *(("--private",) if private else ()), *(("--update",) if update else ()))
    elsewhere = (*(("--revision", revision) if revision else ()), *(("--endpoint", endpoint) if endpoint else ()))
    whole_line(console, f"nothing was uploaded; do it with: {command('push', model, *options, *elsewhere, '--upload')}")


def _show_plan(console: Console, files: Sequence["HubFile"], to: "Destination", missing: Sequence[str]) -> None:
    """Prints what would be uploaded, where to, and what is missing for that."""
    table = Table("file", "bytes", "SHA-256", box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    table.columns[1].justify = "right"
    for file in files:
        table.add_row(file.path, f"{file.size_bytes:,}", file.sha256)
    console.print(table, highlight=False)
    whole_line(console, f"{len(files)} files, {_size(files)}")
    kind = "private" if to.private else "public by default"
    branch = f", branch {to.revision}" if to.revision else ""
    whole_line(console, f"to {to.url}{branch}: {'a commit on top of what is there' if to.update else f'new, {kind}'}")
    for what in missing:
        whole_line(console, f"missing: {what}")


def _size(files: Sequence["HubFile"]) -> str:
    return f"{sum(file.size_bytes for file in files) / 1e6:,.1f} MB"
