"""Reads and writes whole files in a folder, on a file system of this machine or under a prefix of an S3 bucket."""

from llamoco_data.files.local import LocalFiles
from llamoco_data.files.places import Place, files_at, folder_name, local_folder
from llamoco_data.files.protocol import Files

__all__ = ["Files", "LocalFiles", "Place", "files_at", "folder_name", "local_folder"]
