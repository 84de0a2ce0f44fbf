"""Base models: one that comes as a Python package, or any of the hub or a folder, saved as safetensors in a folder."""

from llamoco_tune.bases.fetching import fetch_base
from llamoco_tune.bases.packaged import PACKAGED_BASES, PackagedBase
from llamoco_tune.bases.records import BaseRecord, read_base

__all__ = ["PACKAGED_BASES", "BaseRecord", "PackagedBase", "fetch_base", "read_base"]
