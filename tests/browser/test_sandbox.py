"""The whole loop on the sandbox page with three people, and what the page itself can do."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.town import Town, choose, photo, play, say, town


@pytest.fixture(autouse=True)
async def jinkang(tmp_path: Path) -> AsyncIterator[Town]:
    """Opened before any page and closed after the last: a page that polls would complain of a server that is
    gone."""
    async with town(tmp_path) as served:
        yield served


async def test_an_issue_goes_its_whole_way(open_page: Callable[[], Awaitable[Page]], jinkang: Town) -> None:
    resident, captain, neighbour = await open_page(), await open_page(), await open_page()

    # The resident picks herself, opens her building's group, and reports with a photo.
    await choose(resident, jinkang.base, "迎新", "李迎新", "金康园3栋邻里群")
    await resident.locator("#photo").set_input_files(
        {"name": "lift.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    )
    await expect(resident.get_by_role("img", name="照片")).to_be_visible()
    await say(resident, "3栋电梯又坏了，停在5楼不动")
    log = resident.get_by_role("log")
    await expect(log.get_by_text("#1「3栋 · 电梯故障」")).to_be_visible()

    # A neighbour sees both lines in the group.
    await play(neighbour, jinkang.base, "R0010", "g-3")
    await expect(neighbour.get_by_role("log").get_by_text("3栋电梯又坏了")).to_be_visible()
    await expect(neighbour.get_by_role("log").get_by_text("李迎新", exact=True)).to_be_visible()

    # The captain finds the task with the photo in the chat with the bot, and takes it with a tap.
    await choose(captain, jinkang.base, "C0003", "王小明", "议事厅")
    task = captain.locator(".msg", has_text="新任务 #1")
    await expect(task.get_by_role("img", name="照片")).to_be_visible()
    assert (
        await task.get_by_role("img", name="照片").evaluate(
            "image => image.decode().then(() => image.naturalWidth)"
        )
        > 100
    )
    await task.get_by_role("button", name="接单").tap()
    await captain.locator(".msg").last.get_by_role("button", name="完成").tap()

    # The resident is asked, and says yes with a tap.
    await resident.goto(f"{jinkang.base}/sandbox#as=R0009&chat=dm%3AR0009")
    await resident.get_by_role("button", name="已解决").first.tap()

    # The board shows it closed.
    await resident.goto(jinkang.board)
    row = resident.locator(".list .row", has_text="3栋 · 电梯故障")
    await expect(row.get_by_text("已办结")).to_be_visible()
    await row.tap()
    await expect(resident.get_by_role("heading", level=1)).to_have_text("3栋 · 电梯故障")
    await expect(resident.get_by_text("居民确认已解决")).to_be_visible()
    body = await resident.locator("body").inner_text()
    assert not [secret for secret in ("李迎新", "王小明", "停在5楼", "13800001111") if secret in body]


async def test_unread_messages_are_counted_until_read(
    open_page: Callable[[], Awaitable[Page]], jinkang: Town
) -> None:
    captain, resident = await open_page(), await open_page()
    await captain.goto(f"{jinkang.base}/sandbox#as=C0003")
    await expect(captain.get_by_role("button", name="议事厅")).to_be_visible()
    await play(resident, jinkang.base, "R0009", "g-3")
    await say(resident, "3栋电梯坏了")

    direct = captain.get_by_role("navigation", name="聊天").get_by_role("button", name="议事厅")
    await expect(direct.locator(".dot")).to_contain_text("1")
    await direct.tap()
    await expect(captain.get_by_role("log").get_by_text("新任务 #1")).to_be_visible()
    await captain.get_by_role("button", name="返回聊天列表").tap()
    await expect(direct.locator(".dot")).to_have_count(0)
    await captain.reload()
    await expect(direct).to_be_visible()
    await expect(direct.locator(".dot")).to_have_count(0)


async def test_a_message_is_quoted_mentioned_and_taken_back(page: Page, jinkang: Town) -> None:
    await play(page, jinkang.base, "R0009", "g-3")
    await say(page, "大家早上好")
    first = page.locator(".msg", has_text="大家早上好")
    await first.get_by_role("button", name="更多").tap()
    await page.get_by_role("dialog").get_by_role("button", name="引用").tap()
    await expect(page.locator("#quoted")).to_have_text("大家早上好")
    await page.get_by_role("button", name="取消引用").tap()

    mention = page.get_by_role("button", name="@议事厅")
    await mention.tap()
    await expect(mention).to_have_attribute("aria-pressed", "true")
    await say(page, "帮助")
    await expect(mention).to_have_attribute("aria-pressed", "false")

    await first.get_by_role("button", name="更多").tap()
    await page.get_by_role("dialog").get_by_role("button", name="撤回").tap()
    await expect(first).to_have_count(0)


async def test_the_clock_moves_when_asked(page: Page, jinkang: Town) -> None:
    await play(page, jinkang.base, "R0009", "dm:R0009")
    await expect(page.locator("#now")).to_contain_text("11/23周一 09:3")
    await page.get_by_role("button", name="+2小时").tap()
    await expect(page.locator("#now")).to_contain_text("11/23周一 11:3")
    await page.get_by_role("button", name="+1天").tap()
    await expect(page.locator("#now")).to_contain_text("11/24周二 11:3")


async def test_the_page_says_what_it_is(page: Page, jinkang: Town) -> None:
    await page.goto(f"{jinkang.base}/sandbox")
    await expect(page.get_by_text("谁都可以扮演任何人说话")).to_be_visible()


async def test_what_cannot_be_sent_is_kept(page: Page, jinkang: Town, complaints: list[str]) -> None:
    await play(page, jinkang.base, "R0009", "g-3")
    await page.route("**/sandbox/messages", lambda route: route.abort())
    await page.get_by_label("说点什么").fill("3栋电梯坏了")
    await page.get_by_role("button", name="发送").tap()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("说点什么")).to_have_value("3栋电梯坏了")
    await page.unroute("**/sandbox/messages")
    await page.get_by_role("button", name="发送").tap()
    await expect(page.get_by_role("log").get_by_text("#1")).to_be_visible()
    await expect(page.locator(".msg_mine")).to_have_count(1)
    complaints.clear()
