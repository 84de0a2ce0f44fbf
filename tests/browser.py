"""A real Chromium without a window, for tests of a page, and how the pages of `report` come about."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from llamoco_data.cli.commands import main

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


HOSTILE = '</script></style><script>window.owned=1</script><img src="x" onerror="window.owned=1">_{{7*7}}'
"""A name that would run as a script in a page that did not escape it."""


def chromium_path() -> str | None:
    """Where the machine's Chromium is."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def chromium(path: str) -> Generator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def opened(browser: Browser, file: Path, *, width: int = 1280, scheme: str = "light", scripts: bool = True) -> Page:
    """A page of a file, in a window of some width."""
    colours = "dark" if scheme == "dark" else "light"
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=colours, java_script_enabled=scripts
    )
    page = context.new_page()
    page.goto(file.as_uri())
    return page


def check_fits(page: Page, width: int) -> None:
    """Checks that neither the page nor a table that stacks its cells scrolls sideways in a window of some width."""
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sideways = page.locator("table.stack").evaluate_all("(all) => all.filter((t) => t.scrollWidth > t.clientWidth)")
    assert sideways == []


def report(*arguments: object) -> int:
    """The exit code of `llamoco-data report`."""
    with pytest.raises(SystemExit) as ended:
        main(["report", *map(str, arguments)])
    return int(ended.value.code or 0)
