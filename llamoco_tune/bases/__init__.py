"""Base models: one that comes as a Python package, or any of the hub or a folder, saved as safetensors in a folder."""

from llamoco_tune.bases.compact import CompactShape
from llamoco_tune.bases.fetching import fetch_base, make_compact
from llamoco_tune.bases.packaged import PACKAGED_BASES, PackagedBase
from llamoco_tune.bases.records import BaseRecord, read_base

__all__ = ["PACKAGED_BASES", "BaseRecord", "CompactShape", "PackagedBase", "fetch_base", "make_compact", "read_base"]
