"""Finds the folder that a user names by a path or `s3://bucket/prefix`; refuses other addresses and any credentials."""

import re
from os import PathLike
from pathlib import Path

from llamoco_data.files.local import LocalFiles
from llamoco_data.files.protocol import Files
from llamoco_data.identity import LlamocoError

Place = str | PathLike[str]

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/", re.IGNORECASE)
"""Beginning of an address; a `Path` turns the two slashes of a URL into one."""
_S3 = re.compile(r"s3:/{1,2}([a-z0-9][a-z0-9._-]*)(/[^?#]*)?", re.IGNORECASE)


def files_at(folder: Place) -> Files:
    """The files of a folder.

    Raises:
        LlamocoError: the address is empty or of neither kind; or, on S3, the folder cannot be reached with these
            credentials, or the package for it is not installed.
    """
    if not _is_s3(folder):
        return LocalFiles(local_folder(folder))
    bucket, prefix = _bucket_and_prefix(str(folder))
    try:
        from llamoco_data.files.s3 import s3_files  # noqa: PLC0415 - most uses need no S3, and it is optional
    except ImportError:
        raise LlamocoError(
            f"s3://{bucket} needs the package boto3, which is not installed; install it with: pip install boto3"
        ) from None
    return s3_files(bucket, prefix)


def local_folder(folder: Place) -> Path:
    """The path of a folder.

    Raises:
        LlamocoError: it is an address, not a path, or empty.
    """
    if not str(folder):
        raise LlamocoError("the name of a folder is empty; give its path, or . for the current folder")
    address = _ADDRESS.match(str(folder))
    if address:
        raise LlamocoError(
            f"an address {address[1]}:// is no folder of this machine; give the path of a mounted folder"
        )
    return Path(folder).absolute()


def folder_name(folder: Place) -> str:
    """The last part of a folder's path or address, as a name for what is made of it."""
    if not _is_s3(folder):
        return local_folder(folder).resolve().name
    bucket, prefix = _bucket_and_prefix(str(folder))
    return prefix.rpartition("/")[2] or bucket


def _is_s3(folder: Place) -> bool:
    address = _ADDRESS.match(str(folder))
    if address and address[1].lower() != "s3":
        raise LlamocoError(f"{address[1]}:// is no place for this; give the path of a folder, or s3://bucket/prefix")
    return address is not None


def _bucket_and_prefix(url: str) -> tuple[str, str]:
    """The two parts of an S3 address, the prefix without slashes at its ends."""
    match = _S3.fullmatch(url)
    if match is None:
        # The address is not repeated: it may hold a secret.
        raise LlamocoError(
            "an S3 address is s3://bucket/prefix and holds nothing else; credentials and the endpoint come from the "
            "environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE, AWS_ENDPOINT_URL, AWS_REGION)"
        )
    return match[1], re.sub("/+", "/", match[2] or "").strip("/")
