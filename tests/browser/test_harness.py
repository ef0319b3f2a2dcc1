"""The browser itself works: a page served here, 390 px wide, with Chinese letters, a tap, and complaints
heard."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from playwright.async_api import Page, expect

PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>议事厅</title>
<p><span id="five">金康园小区</span></p><button>附议</button>
<script nonce="x">document.querySelector("button").addEventListener("click", event => { event.target.textContent = "已附议" })</script>
</html>"""


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """One page on a free port of this machine."""

    async def answer(request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": "default-src 'none'; script-src 'nonce-x'; img-src data:"}
        return web.Response(text=PAGE, content_type="text/html", headers=headers)

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}/"
    await runner.cleanup()


async def test_a_phone_opens_a_page_and_taps(page: Page, url: str) -> None:
    await page.goto(url)

    assert await page.title() == "议事厅"
    assert await page.evaluate("[innerWidth, document.documentElement.scrollWidth]") == [390, 390]
    await page.get_by_role("button", name="附议").tap()
    await expect(page.get_by_role("button")).to_have_text("已附议")


async def test_chinese_letters_have_a_font(page: Page, url: str) -> None:
    await page.goto(url)

    # Five full-width characters at 20 px. Without a font they are empty boxes of another width, or nothing at
    # all.
    await page.evaluate("five.style.fontSize = '20px'")
    assert await page.evaluate("five.getBoundingClientRect().width") == pytest.approx(100, abs=1)


async def test_what_a_page_complains_of_is_heard(page: Page, url: str, complaints: list[str]) -> None:
    await page.goto(url)
    await page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'stolen = 1'}))"
    )

    assert any("Content Security Policy" in complaint for complaint in complaints)
    complaints.clear()
