"""A headless Chromium for the tests marked `browser`: Debian's or whichever tools/browser.py finds, driven by
Playwright, on a phone of 390 px."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, ConsoleMessage, Error, Page, async_playwright

from tools.browser import find_chromium

# No sandbox, since CI is root; the rest keeps Chromium from calling home, which a closed network refuses at
# every start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test in this folder is a browser test."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker("browser")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium. Without one the tests are skipped, but never in CI."""
    path = find_chromium()
    if path is None:
        reason = "no Chromium: `make test` installs one, or name it in TEST_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A browser of the test's own, in the test's own event loop, where its server runs too."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium, args=FLAGS, headless=True)
        yield running
        await running.close()


@pytest.fixture
def complaints() -> list[str]:
    """What pages complained of: exceptions, blocked by the Content-Security-Policy, files not found. A test
    that provokes one clears the list."""
    return []


@pytest.fixture
async def open_page(browser: Browser, complaints: list[str]) -> AsyncIterator[Callable[[], Awaitable[Page]]]:
    """Call it for one more resident's phone: 390 px wide, cookies of its own, Chinese, Shanghai's time,
    fingers instead of a mouse.

    The test fails if any of the pages complained.
    """

    async def another() -> Page:
        context = await browser.new_context(
            viewport={"width": 390, "height": 844},
            device_scale_factor=2,
            is_mobile=True,
            has_touch=True,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        page = await context.new_page()
        listen(page, complaints)
        return page

    yield another
    assert complaints == []


@pytest.fixture
async def page(open_page: Callable[[], Awaitable[Page]]) -> Page:
    """The phone of a test that needs only one."""
    return await open_page()


def listen(page: Page, complaints: list[str]) -> None:
    """Note what the page complains of."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def on_error(error: Error) -> None:
        complaints.append(error.message)

    page.on("console", on_console)
    page.on("pageerror", on_error)
