"""Starts a zygote: run as a file, it makes the project's few modules that a zygote needs importable, and no others."""

import sys
import types
from pathlib import Path


def _start() -> None:
    root = Path(__file__).resolve().parents[1]
    package = types.ModuleType(root.name)
    package.__path__ = [str(root)]  # a package without its own start, which would load everything
    sys.modules[root.name] = package
    from llamoco_data.box import zygote  # noqa: PLC0415 - only now is there such a package

    package.__path__ = []
    zygote.main()


if __name__ == "__main__":
    _start()
