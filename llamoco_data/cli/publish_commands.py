"""The command that publishes an instruction set: push, which only says what it would do until it is told to upload."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from rich.console import Console

from llamoco_data.cli.progress import working
from llamoco_data.cli.text import counts, say
from llamoco_data.invocation import command
from llamoco_data.plurals import counted

if TYPE_CHECKING:
    from llamoco_data.hub import Destination, HubFile


@click.command("push", short_help="Publish an export on a hub.")
@click.argument("export", metavar="EXPORT")
@click.option("--repo", required=True, metavar="NAME", help="Repository: OWNER/NAME, or NAME for one of your own.")
@click.option("--upload", is_flag=True, help="Upload; without it, the command says what it would upload.")
@click.option("--private", is_flag=True, help="Make the new repository one that only you can see.")
@click.option("--update", is_flag=True, help="Add a commit to a repository that holds files already.")
@click.option("--revision", metavar="BRANCH", help="Branch of the commit; by default the main one.")
@click.option("--endpoint", metavar="URL", help="URL of the hub; by default $HF_ENDPOINT, or https://huggingface.co.")
def push_command(
    export: str, repo: str, upload: bool, private: bool, update: bool, revision: str | None, endpoint: str | None
) -> None:
    """Publish the newest snapshot of EXPORT as a dataset on a hub: the card and its Parquet files, in one commit.

    Without --upload nothing is sent: the command lists each file with its size and digest, and says what is missing.
    """
    from llamoco_data import hub, publishing  # noqa: PLC0415 - a library that only this command needs

    to = hub.Destination(repo, "dataset", private, revision, endpoint, update)
    hub.check_repo(repo)
    files = publishing.published_files(export)
    console = Console()
    if upload:
        with working(Console(stderr=True), f"uploading {counted(len(files), 'file')}, {_size(files)}"):
            url = hub.upload(files, to, publishing.title_of(export))
        say(console, f"{export} is published: {url}")
        return
    missing = [*publishing.remarks_on(export)]
    if not hub.has_token():
        missing.append("a token: set HF_TOKEN, or log in with `hf auth login`")
    _show_plan(console, files, to, missing)
    options = ("--repo", repo, *(("--private",) if private else ()), *(("--update",) if update else ()))
    elsewhere = (*(("--revision", revision) if revision else ()), *(("--endpoint", endpoint) if endpoint else ()))
    say(console, f"nothing was uploaded; do it with: {command('push', export, *options, *elsewhere, '--upload')}")


def _show_plan(console: Console, files: Sequence["HubFile"], to: "Destination", missing: Sequence[str]) -> None:
    """Prints what would be uploaded, where to, and what is missing for that."""
    table = counts("file", "bytes", "SHA-256", numbers=(1,))
    for file in files:
        table.add_row(file.path, f"{file.size_bytes:,}", file.sha256)
    console.print(table, highlight=False)
    say(console, f"{counted(len(files), 'file')}, {_size(files)}")
    kind = "private" if to.private else "public by default"
    branch = f", branch {to.revision}" if to.revision else ""
    say(console, f"to {to.url}{branch}: {'a commit on top of what is there' if to.update else f'new, {kind}'}")
    for what in missing:
        say(console, f"missing: {what}")


def _size(files: Sequence["HubFile"]) -> str:
    return f"{sum(file.size_bytes for file in files) / 1e6:,.1f} MB"
