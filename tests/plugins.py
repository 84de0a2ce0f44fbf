"""Packages with plug-ins: the example, installed by pip, and small ones of a test, as an installer leaves them."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from llamoco_data import plugins
from llamoco_data.plugins import Kind
from llamoco_data.portfolio import plugins as portfolio_plugins
from llamoco_data.portfolio import rendering
from llamoco_data.problems import plugin_evaluation, plugin_forms, plugin_functions
from llamoco_data.statements import function_bodies, plugin_wordings

EXAMPLE = Path(__file__).parents[1] / "docs/examples/plugin"
FILES = EXAMPLE / "llamoco_example_plugin"

_FORGET: tuple[Callable[[], None], ...] = (
    plugins.forget,
    plugin_wordings.forget,
    plugin_functions.plugin_function.cache_clear,
    plugin_forms.plugin_form.cache_clear,
    plugin_evaluation.forget,
    function_bodies.loop_body.cache_clear,
    function_bodies.identifiers.cache_clear,
    portfolio_plugins.plugins.cache_clear,
    rendering.program_template.cache_clear,
)


def forget() -> None:
    """Makes this process look anew at what is installed."""
    for each in _FORGET:
        each()


def installed_example(folder: Path) -> Path:
    """The folder, for PYTHONPATH, into which pip installs the example."""
    shutil.copytree(EXAMPLE, folder / "source")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", folder / "site", folder / "source"], check=True, capture_output=True)
    return folder / "site"


@contextmanager
def present(site: Path) -> Generator[None]:
    """Within it, this process finds the packages in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        forget()
        yield
    forget()


def write_package(site: Path, kind: Kind, name: str, files: Mapping[str, str], package: str = "brought") -> None:
    """Installs a package that brings one plug-in with these files."""
    folder = site / package
    for file, text in {"__init__.py": "", **files}.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    known = site / f"{package}-1.0.dist-info"
    known.mkdir(exist_ok=True)
    (known / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
    (known / "entry_points.txt").write_text(f"[{kind.group}]\n{name} = {package}\n", encoding="utf-8")
    forget()
