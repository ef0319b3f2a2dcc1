"""The check of what is hard to read or tap finds what it should."""

import pytest
from playwright.async_api import Page

from tests.browser.reading import hard_to_use

GOOD = "<!doctype html><html lang=zh-CN><title>t</title><link rel=icon href='data:,'><meta name=viewport content='width=device-width'><main><h1>议事厅</h1>{}</main></html>"


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("", ""),
        ("<input>", "field without a label"),
        ("<img src='data:,'>", "picture without words"),
        ("<button style='width:60px;height:60px'></button>", "nothing to read aloud"),
        ("<button style='width:60px;height:20px'>好</button>", "small to hit"),
        ("<p style='color:#aaa'>淡</p>", "pale"),
        ("<p style='font-size:11px'>小</p>", "small print"),
        ("<h3>跳</h3>", "heading skips"),
        ("<p id=a>1</p><p id=a>2</p>", "id twice"),
        ("<p aria-labelledby=nobody>1</p>", "points to nothing"),
        ("<div style='width:600px'>宽</div>", "laid out for"),
    ],
)
async def test_the_check_finds_it(page: Page, complaints: list[str], body: str, word: str) -> None:
    await page.set_content(GOOD.format(body))
    found = await hard_to_use(page)
    complaints.clear()

    assert any(word in one for one in found) if word else found == []
