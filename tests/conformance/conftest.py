"""Leaves out what needs a package that this Python has no wheel of."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("ioh") else ["test_against_references.py"]
