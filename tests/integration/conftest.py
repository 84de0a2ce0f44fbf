"""What several files of integration tests share: one small measured campaign and its export."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium, chromium_path
from tests.campaigns import exported_campaign
from tests.plugins import installed_example


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a campaign of 16 problems and its export; tests write nothing into these two."""
    place = tmp_path_factory.mktemp("measured")
    exported_campaign(place, ("slsqp", "nelder_mead", "de", "pso"), 150, 4)
    return place


@pytest.fixture(scope="session")
def example_plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the example of a package with plug-ins is installed."""
    return installed_example(tmp_path_factory.mktemp("plugin"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser; tests of pages are skipped where the machine has none."""
    path = chromium_path()
    if path is None:
        pytest.skip("there is no chromium, chromium-browser or google-chrome on this machine")
    with chromium(path) as browser:
        yield browser


@pytest.fixture
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of tests are asked without a key, and without a proxy."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
