"""The public board, an issue's page and its twin: what stands there, and what never does."""

import json
import re
from urllib.parse import quote

import pytest

from models.record.rules import verify
from tests.pages.scene import COMMUNITY, HOSTILE, SECRETS, Scene

HERE = f"/c/{quote(COMMUNITY)}"


async def text_of(pages: Scene, path: str, status: int = 200) -> str:
    answer = await pages.client.get(path, allow_redirects=False)
    assert answer.status == status, await answer.text()
    return await answer.text()


async def test_communities_are_listed(pages: Scene) -> None:
    html = await text_of(pages, "/")

    assert f'href="{HERE}"' in html
    assert "办理中 48 件 · 已办结 1 件" in html


async def test_a_board_counts_and_lists(pages: Scene) -> None:
    html = await text_of(pages, HERE)

    assert "另有 1 件涉及个人的事" in html
    assert "不属于受理范围：1 件" in html
    assert f'href="{HERE}/issues/244"' in html
    assert f'href="{HERE}?before=225"' in html


async def test_older_pages_reach_the_first_issue(pages: Scene) -> None:
    seen: list[str] = []
    path = HERE
    while path:
        html = await text_of(pages, path)
        seen += [part.split('"')[0] for part in html.split(f'href="{HERE}/issues/')[1:]]
        older = (
            html.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
            if 'rel="next"' in html
            else ""
        )
        path = older.replace("&amp;", "&")

    assert len(seen) == len(set(seen)) == 49
    assert {"17", "18", "23", "24"} <= set(seen)
    assert not {"19", "20", "21", "22"} & set(seen)


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("status=closed", {"18"}),
        ("status=held", {"23"}),
        ("status=accepted", {"17"}),
        ("category=sanitation", {"18"}),
        (f"building=3&estate={quote('金康园小区')}", {"17"}),
        ("building=3", {"17"}),
        ("building=99", set()),
        ("category=%3Cscript%3E", set()),
        ("status=open&category=elevator", {"24"}),
        ("status=closed&before=18", set()),
    ],
)
async def test_a_filter_shows_its_part(pages: Scene, asked: str, numbers: set[str]) -> None:
    html = await text_of(pages, f"{HERE}?{asked}")

    assert {part.split('"')[0] for part in html.split(f'href="{HERE}/issues/')[1:]} == numbers


@pytest.mark.parametrize(
    "asked",
    [
        "status=nonsense",
        "before=-1",
        "before=x",
        "before=9" + "9" * 30,
        "status=%00",
        "building=" + "x" * 5000,
    ],
)
async def test_a_senseless_filter_is_no_failure(pages: Scene, asked: str) -> None:
    await text_of(pages, f"{HERE}?{asked}")


async def test_an_issue_has_exactly_the_fields_of_the_contract(pages: Scene) -> None:
    answer = await pages.client.get(f"{HERE}/issues/17.json")
    known = await answer.json()

    assert answer.content_type == "application/json"
    assert list(known) == [
        "number", "title", "status", "category", "urgency", "level", "place", "holder", "deadlines", "endorsements", "history", "rating",
    ]  # fmt: skip
    assert known["number"] == 17
    assert known["status"] == "accepted"
    assert known["place"] == "3栋2单元"
    assert known["holder"] == {"role": "captain", "name": "王**"}
    assert [(d["what"], d["met"]) for d in known["deadlines"]] == [("accept", True), ("resolve", False)]
    assert set(known["history"][0]) == {"at", "what", "by"}
    assert known["history"][1]["by"] == "楼栋长 王**"
    assert known["rating"] == {"count": 0, "mean": None}
    # The reporter's own row is no 附议.
    assert known["endorsements"] == 0


async def test_a_mean_is_a_fraction(pages: Scene) -> None:
    known = await (await pages.client.get(f"{HERE}/issues/18.json")).json()

    assert known["rating"] == {"count": 2, "mean": "9/2"}
    assert known["endorsements"] == 2
    assert "4.5 分（2 人）" in await text_of(pages, f"{HERE}/issues/18")


async def test_a_sensitive_or_hidden_issue_has_no_page(pages: Scene) -> None:
    for number in (19, 20):
        html = await text_of(pages, f"{HERE}/issues/{number}", 404)
        assert "这件事不公开" in html
        assert "error" in json.loads(await text_of(pages, f"{HERE}/issues/{number}.json", 404))


async def test_a_number_leads_to_its_issue(pages: Scene) -> None:
    answer = await pages.client.get(f"{HERE}/n/17", allow_redirects=False)

    assert answer.status == 302
    assert answer.headers["Location"] == f"{HERE}/issues/17"
    await text_of(pages, f"{HERE}/n/999", 404)


@pytest.mark.parametrize(
    "path",
    [
        "/c/没有的社区",
        f"{HERE}/issues/999",
        f"{HERE}/notices/99",
        "/r/没有",
        f"/r/{quote(COMMUNITY)}/没有/3",
        "/t/unknown-token",
        "/nothing",
    ],
)
async def test_an_unknown_page_says_so_kindly(pages: Scene, path: str) -> None:
    html = await text_of(pages, path, 404)

    assert "没有找到这一页" in html
    assert not any(word in html for word in ("错误", "无效", "格式"))


async def test_no_public_page_tells_a_secret(pages: Scene) -> None:
    paths = ["/", HERE, f"{HERE}?status=accepted", f"{HERE}/ledger.json", "/r/" + quote(COMMUNITY)]
    paths += [f"{HERE}/issues/{n}{end}" for n in range(17, 25) for end in ("", ".json")]
    paths += [f"{HERE}/notices/{n}{end}" for n in (1, 2, 3) for end in ("", ".json")]
    for path in paths:
        # Hashes and salts are random: three digits of one may spell a room.
        text = re.sub(r"[0-9a-f]{32,}", "", await (await pages.client.get(path)).text())
        for secret in SECRETS:
            assert secret not in text, (path, secret)
            assert json.dumps(secret)[1:-1] not in text, (path, secret)


async def test_a_hostile_spot_stays_text(pages: Scene) -> None:
    for path in (HERE + "?building=2&category=elevator", f"{HERE}/issues/24", f"{HERE}/notices/1"):
        html = await text_of(pages, path)
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "&lt;script&gt;alert(1)" in html
        assert "49" not in html.partition("&lt;script&gt;")[2][:120]
    assert HOSTILE.split("{")[0] in (await (await pages.client.get(f"{HERE}/issues/24.json")).json())["title"]


async def test_the_chain_is_whole(pages: Scene) -> None:
    chain = json.loads(await text_of(pages, f"{HERE}/ledger.json"))

    assert chain["head"] == {"seq": 3, "hash": chain["entries"][-1]["hash"]}
    assert verify(chain["entries"]) == []
    assert chain["entries"][1] == json.loads(await text_of(pages, f"{HERE}/notices/2.json"))


async def test_large_print_is_remembered(pages: Scene) -> None:
    assert 'class="large"' not in await text_of(pages, "/")
    assert 'class="large"' in await text_of(pages, "/?large=1")
    assert 'class="large"' in await text_of(pages, HERE)
    assert 'class="large"' not in await text_of(pages, f"{HERE}?large=0")
