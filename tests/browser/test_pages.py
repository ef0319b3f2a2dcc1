"""The pages in a browser: a phone of 390 px, large print, dark, without JavaScript, and with hostile
names."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.reading import hard_to_use
from tests.browser.town import COMMUNITY, HOSTILE, Town, choose, photo, play, say, town

#: `TEST_SHOTS=1 make test ARGS=tests/browser` leaves a picture of every page here, to look at.
SHOTS = Path(__file__).parent / "shots" if os.environ.get("TEST_SHOTS") else None


@pytest.fixture(autouse=True)
async def jinkang(tmp_path: Path) -> AsyncIterator[Town]:
    """Opened before any page and closed after the last: a page that polls would complain of a server that is
    gone."""
    async with town(tmp_path) as served:
        yield served


async def report_at_the_gate(page: Page, jinkang: Town, text: str = "电梯停在3楼不动了") -> str:
    await page.goto(jinkang.gate)
    await page.get_by_label("哪里出了什么问题").fill(text)
    await page.get_by_label("拍张照片").set_input_files(
        {"name": "lift.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    )
    await page.get_by_role("button", name="提交").tap()
    await page.wait_for_url("**/t/*")
    return page.url


async def test_every_page_can_be_read_and_tapped(page: Page, jinkang: Town) -> None:
    follow = await report_at_the_gate(page, jinkang)
    pages = {
        "home": f"{jinkang.base}/",
        "board": jinkang.board,
        "board-filtered": f"{jinkang.board}?status=open&category=elevator",
        "issue": f"{jinkang.board}/issues/1",
        "gate": jinkang.gate,
        "follow": follow,
        "people": f"{jinkang.base}/sandbox",
        "chats": f"{jinkang.base}/sandbox#as=C0003",
        "chat": f"{jinkang.base}/sandbox#as=C0003&chat=dm%3AC0003",
    }
    wrong: dict[str, list[str]] = {}
    if SHOTS:
        SHOTS.mkdir(exist_ok=True)
    for look in ("light", "dark", "large"):
        await page.emulate_media(color_scheme="dark" if look == "dark" else "light")
        await page.goto(f"{jinkang.base}/?large={int(look == 'large')}")
        for name, url in pages.items():
            await page.goto("about:blank")
            await page.goto(url)
            if "sandbox" in url:
                await expect(page.locator(".entry:visible, .bubble:visible").first).to_be_visible()
            if SHOTS:
                await page.screenshot(path=SHOTS / f"{name}-{look}.png", full_page=True)
            if found := await hard_to_use(page):
                wrong[f"{name} {look}"] = found
    assert wrong == {}


async def test_unknown_pages_are_kind(page: Page, jinkang: Town, complaints: list[str]) -> None:
    for path in ("/nothing", "/c/%E6%B2%A1%E6%9C%89", "/t/no-such-token"):
        await page.goto(jinkang.base + path)
        await expect(page.get_by_role("heading", level=1)).to_have_text("没有找到这一页")
        assert await hard_to_use(page) == []
    complaints.clear()


async def test_without_javascript_a_report_is_made_followed_and_confirmed(
    browser: Browser, open_page: Callable[[], Awaitable[Page]], jinkang: Town
) -> None:
    context = await browser.new_context(
        java_script_enabled=False, viewport={"width": 390, "height": 844}, has_touch=True, locale="zh-CN"
    )
    resident = await context.new_page()
    await resident.goto(jinkang.gate)
    await resident.get_by_label("哪里出了什么问题").fill("电梯停在3楼不动了")
    await resident.get_by_role("button", name="提交").tap()
    await expect(resident.get_by_role("heading", level=1)).to_have_text("我反映的事")
    await expect(resident.get_by_role("heading", name="3栋 · 电梯故障")).to_be_visible()
    await expect(resident.get_by_text("已经收到，正在等人接手。")).to_be_visible()

    captain = await open_page()
    await play(captain, jinkang.base, "C0003", "dm:C0003")
    await captain.get_by_role("button", name="接单", exact=True).tap()
    await say(captain, "完成 1 已更换门机皮带")
    await resident.reload()
    await expect(resident.get_by_role("heading", name="解决了吗？")).to_be_visible()
    await expect(resident.get_by_text("说明：已更换门机皮带")).to_be_visible()
    await resident.get_by_role("button", name="没修好").tap()
    await expect(resident.get_by_text("已经有人在办了。")).to_be_visible()

    await say(captain, "完成 1 又换了一条")
    await resident.reload()
    await resident.get_by_role("button", name="已解决").tap()
    await expect(resident.get_by_text("这件事已经办结。")).to_be_visible()
    await resident.get_by_label("5 分").check()
    await resident.get_by_role("button", name="提交评价").tap()
    await expect(resident.get_by_text("您打了 5 分，谢谢。")).to_be_visible()
    await context.close()


async def test_a_second_report_after_going_back_is_not_lost(page: Page, jinkang: Town) -> None:
    first = await report_at_the_gate(page, jinkang)
    await page.go_back()
    await page.get_by_label("哪里出了什么问题").fill("楼道的灯不亮")
    await page.get_by_role("button", name="提交").tap()
    await page.wait_for_url(lambda url: "/t/" in url and url != first)
    await expect(page.get_by_text("您写的")).to_be_visible()
    await page.goto(jinkang.board)
    await expect(page.locator(".list .row")).to_have_count(2)


async def test_what_is_unclear_is_asked_again_and_nothing_is_lost(
    page: Page, jinkang: Town, complaints: list[str]
) -> None:
    await page.goto(jinkang.gate)
    await page.get_by_label("哪里出了什么问题").fill("哈哈哈哈")
    await page.get_by_role("button", name="提交").tap()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("哪里出了什么问题")).to_have_value("哈哈哈哈")
    complaints.clear()


async def test_the_keyboard_reaches_everything(page: Page, jinkang: Town) -> None:
    await page.goto(jinkang.gate)
    order = []
    for _ in range(12):
        await page.keyboard.press("Tab")
        order.append(
            await page.evaluate(
                "document.activeElement.id || document.activeElement.innerText || document.activeElement.tagName"
            )
        )
    assert order[0] == "跳到正文"
    places = [order.index(name) for name in ("text", "photo", "提交")]
    assert places == sorted(places)


async def test_a_hostile_name_stays_text(page: Page, jinkang: Town) -> None:
    await choose(page, jinkang.base, "R0011", HOSTILE, "金康园3栋邻里群")
    await say(page, f"3栋电梯坏了 {HOSTILE}")
    await expect(page.locator(".bubble__text").first).to_contain_text(HOSTILE)
    assert await page.locator("img[src='x']").count() == 0
    await page.goto(f"{jinkang.base}/sandbox")
    await expect(page.get_by_role("button", name=HOSTILE)).to_be_visible()
    assert await page.locator("img[src='x']").count() == 0


async def test_large_print_makes_letters_larger(page: Page, jinkang: Town) -> None:
    await page.goto(jinkang.board)
    small = await page.evaluate("document.querySelector('h1').getBoundingClientRect().height")
    await page.get_by_role("link", name="大字").tap()
    await expect(page.get_by_role("link", name="标准字")).to_be_visible()
    large = await page.evaluate("document.querySelector('h1').getBoundingClientRect().height")
    assert large > small * 1.25
    await page.goto(f"{jinkang.base}/")
    await expect(page.get_by_role("link", name="标准字")).to_be_visible()


async def test_at_the_gate_of_the_whole_community_the_place_is_asked_for(page: Page, jinkang: Town) -> None:
    await page.goto(f"{jinkang.base}/r/{quote(COMMUNITY)}")
    await page.get_by_label("哪里出了什么问题").fill("电梯停在3楼不动了")
    await page.get_by_role("button", name="提交").tap()
    await page.wait_for_url("**/t/*")
    await expect(page.get_by_role("status")).to_have_text("我们已经收到您写的话，请看下面的回复。")
    await page.get_by_label("补充一句").fill("3栋")
    await page.get_by_role("button", name="发送").tap()
    await expect(page.get_by_role("heading", name="3栋 · 电梯故障")).to_be_visible()


async def test_whoever_is_in_danger_reads_whom_to_ring(page: Page, jinkang: Town) -> None:
    await page.goto(jinkang.gate)
    await page.get_by_label("哪里出了什么问题").fill("电梯里困了两个人，快来人")
    await page.get_by_role("button", name="提交").tap()
    await page.wait_for_url("**/t/*")
    await expect(page.get_by_text("119").first).to_be_visible()

    await page.goto(jinkang.gate)
    await page.get_by_label("哪里出了什么问题").fill("我老公又打我了，我怕")
    await page.get_by_role("button", name="提交").tap()
    await expect(page.get_by_text("110").last).to_be_visible()
    await page.goto(jinkang.board)
    await expect(page.locator(".list .row")).to_have_count(1)
