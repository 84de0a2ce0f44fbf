"""Benchmarks run as scripts, so their folder is searched first: none may hide a module of Python."""

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

FOLDER = Path(__file__).parents[1] / "benchmarks"


def test_no_benchmark_hides_a_standard_module():
    assert not {file.stem for file in FOLDER.glob("*.py")} & sys.stdlib_module_names
