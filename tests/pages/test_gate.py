"""The page behind the QR code, and the page on which a report is followed."""

import re
from io import BytesIO
from urllib.parse import quote

import pytest
from aiohttp import FormData
from PIL import Image as Picture
from sqlalchemy.orm import Session

from models.issues.rules import Status
from models.issues.tables import Endorsement, Issue
from tests.pages.scene import COMMUNITY, ESTATE, Scene

WHOLE = f"/r/{quote(COMMUNITY)}"
GATE = f"{WHOLE}/{quote(ESTATE)}/3"
MINE = "/t/known-token-0001"


def jpeg(size: int = 60) -> bytes:
    out = BytesIO()
    Picture.new("RGB", (size, size), "gray").save(out, "JPEG")
    return out.getvalue()


async def nonce_of(pages: Scene, path: str) -> str:
    html = await (await pages.client.get(path)).text()
    found = re.search(r'name="m" value="([^"]+)"', html)
    assert found
    return found[1]


async def send(
    pages: Scene,
    path: str,
    status: int,
    *,
    photo: bytes | None = None,
    photo_name: str = "a.jpg",
    **fields: str,
) -> str:
    form = FormData()
    for name, value in ({"m": await nonce_of(pages, path)} | fields).items():
        form.add_field(name, value)
    form.add_field(
        "photo",
        BytesIO(photo or b""),
        filename=photo_name if photo else "",
        content_type="application/octet-stream",
    )
    answer = await pages.client.post(path, data=form, allow_redirects=False)
    text = await answer.text()
    assert answer.status == status, text
    return answer.headers.get("Location", "") if status == 303 else text


async def test_a_report_leads_to_its_own_page(pages: Scene) -> None:
    where = await send(pages, GATE, 303, text="电梯停在3楼不动了", photo=jpeg())

    assert re.fullmatch(r"/t/[A-Za-z0-9_-]{20,}", where)
    got = pages.hub.got[0]
    assert (got.channel, got.chat, got.sender) == ("gate", f"dm:{where[3:]}", where[3:])
    assert got.text == "金康园小区3栋：电梯停在3楼不动了"
    assert len(got.images) == 1
    html = await (await pages.client.get(where)).text()
    assert "电梯停在3楼不动了" in html
    assert "已经收到" in html


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (GATE, "5栋电梯坏了", "5栋电梯坏了"),
        (GATE, "楼道灯不亮", "金康园小区3栋：楼道灯不亮"),
        (WHOLE, "楼道灯不亮", "楼道灯不亮"),
    ],
)
async def test_the_gates_place_stands_in(pages: Scene, path: str, text: str, said: str) -> None:
    await send(pages, path, 303, text=text)

    assert pages.hub.got[0].text == said


async def test_sent_twice_is_one_report(pages: Scene) -> None:
    nonce = await nonce_of(pages, GATE)
    first = await send(pages, GATE, 303, m=nonce, text="电梯坏了")
    again = await send(pages, GATE, 303, m=nonce, text="电梯坏了")
    other = await send(pages, GATE, 303, m=nonce, text="垃圾没人收")

    assert first == again != other
    assert pages.hub.got[0].message_id == pages.hub.got[1].message_id != pages.hub.got[2].message_id


async def test_chatter_is_asked_for_a_plainer_sentence(pages: Scene) -> None:
    pages.hub.understands = False
    html = await send(pages, GATE, 422, text="哈哈哈 <b>")

    assert "还没看明白" in html
    assert "哈哈哈 &lt;b&gt;</textarea>" in html


async def test_nothing_written_is_asked_for(pages: Scene) -> None:
    html = await send(pages, GATE, 422, text="  ", photo=jpeg())

    assert "请写一句话" in html
    assert pages.hub.got == []


@pytest.mark.parametrize(
    ("photo", "status", "word"),
    [(b"GIF89a not a photo", 422, "打不开"), (b"\xff\xd8\xff" + b"x" * (11 << 20), 413, "10 MB")],
    ids=["gif", "large"],
)
async def test_what_is_no_photo_is_said_kindly(pages: Scene, photo: bytes, status: int, word: str) -> None:
    html = await send(pages, GATE, status, text="电梯坏了", photo=photo)

    assert word in html
    assert "电梯坏了</textarea>" in html or status == 413
    assert pages.hub.got == []


async def test_a_form_of_another_gate_is_sent_again(pages: Scene) -> None:
    for nonce in (await nonce_of(pages, WHOLE), "forged.AAAA", ""):
        assert "请再点一次提交" in await send(pages, GATE, 422, m=nonce, text="电梯坏了")
    assert pages.hub.got == []


async def test_too_many_are_asked_to_wait_and_lose_nothing(pages: Scene) -> None:
    for n in range(12):
        await send(pages, GATE, 303, text=f"电梯坏了{n}")
    html = await send(pages, GATE, 429, text="电梯还是坏的")

    assert "12345" in html
    assert "电梯还是坏的</textarea>" in html
    assert len(pages.hub.got) == 12


async def test_without_multipart_it_works_too(pages: Scene) -> None:
    answer = await pages.client.post(
        GATE, data={"text": "电梯坏了", "m": await nonce_of(pages, GATE)}, allow_redirects=False
    )

    assert answer.status == 303


@pytest.mark.parametrize(
    "body", [b"", b"--x", b"--x\r\n\r\n", b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nhello']
)
async def test_a_broken_body_is_no_failure(pages: Scene, body: bytes) -> None:
    answer = await pages.client.post(
        GATE, data=body, headers={"Content-Type": "multipart/form-data; boundary=x"}, allow_redirects=False
    )

    assert answer.status in {400, 422}
    answer = await pages.client.post(
        GATE, data=body, headers={"Content-Type": "multipart/form-data"}, allow_redirects=False
    )
    assert answer.status in {400, 422}


async def test_the_page_rings_in_an_emergency_and_says_what_is_private(pages: Scene) -> None:
    html = await (await pages.client.get(GATE)).text()

    assert 'href="tel:119"' in html
    assert 'href="tel:120"' in html
    assert "不会公开" in html
    assert "金康园小区3栋" in html


# --- following ------------------------------------------------------------------------------------


async def answer(pages: Scene, status: int = 303, **fields: str) -> str:
    posted = await pages.client.post(
        MINE, data={"m": await nonce_of(pages, MINE)} | fields, allow_redirects=False
    )
    assert posted.status == status, await posted.text()
    return await posted.text()


async def set_status(pages: Scene, status: Status) -> None:
    def change(session: Session) -> None:
        session.get_one(Issue, pages.ids["accepted"]).status = status

    await pages.database.turn(change)


async def test_the_reporter_sees_own_words_and_the_officers(pages: Scene) -> None:
    html = await (await pages.client.get(MINE)).text()

    assert "我家老人被困在电梯里" in html
    assert "看过了，是皮带断了" in html
    assert f"/photos/{'a' * 64}.jpg?k=" in html
    assert "王小明" not in html


async def test_the_question_is_asked_answered_and_known_to_be_seen(pages: Scene) -> None:
    assert "解决了吗" not in await (await pages.client.get(MINE)).text()
    await set_status(pages, Status.RESOLVED)

    async def seen() -> bool:
        return await pages.database.read(
            lambda s: (
                s.query(Endorsement).filter_by(issue_id=pages.ids["accepted"]).one().asked_seen_at is not None
            )
        )

    await pages.client.get(MINE, headers={"Sec-Purpose": "prefetch"})
    assert not await seen()
    assert "解决了吗" in await (await pages.client.get(MINE)).text()
    assert await seen()

    await answer(pages, do="confirm", number="17")
    await answer(pages, do="contest", number="17", reason="还是\n在响")
    assert [one.text for one in pages.hub.got] == ["已解决 17", "没修好 17 还是 在响"]
    assert {one.sender for one in pages.hub.got} == {"known-token-0001"}


async def test_a_closed_issue_can_be_rated(pages: Scene) -> None:
    await set_status(pages, Status.CLOSED)
    assert "打个分" in await (await pages.client.get(MINE)).text()

    await answer(pages, do="rate", number="17", score="5", remark="很快")
    await answer(pages, 422, do="rate", number="17", score="9")
    assert [one.text for one in pages.hub.got] == ["评价 17 5 很快"]


async def test_only_own_issues_can_be_answered(pages: Scene) -> None:
    for fields in (
        {"do": "confirm", "number": "18"},
        {"do": "confirm", "number": "x"},
        {"do": "nonsense"},
        {"do": "say", "text": " "},
        {},
    ):
        await answer(pages, 422, **fields)
    assert pages.hub.got == []


async def test_an_answer_counts_once_however_often_it_is_sent(pages: Scene) -> None:
    nonce = await nonce_of(pages, MINE)
    for _ in range(2):
        await answer(pages, m=nonce, do="say", text="在2单元")

    first, second = pages.hub.got
    assert first.message_id == second.message_id


async def test_a_follower_who_taps_too_often_waits(pages: Scene) -> None:
    for n in range(20):
        await answer(pages, do="say", text=f"第{n}句")
    assert "请过一分钟" in await answer(pages, 429, do="say", text="又一句")
