"""What our parser reads, held against NoneBot's own OneBot classes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nonebot.adapters.onebot.v11 import Adapter, Message
from nonebot.adapters.onebot.v11.event import (
    FriendRecallNoticeEvent,
    GroupMessageEvent,
    GroupRecallNoticeEvent,
    PrivateMessageEvent,
)

from bot.channels.onebot.wire import Malformed, cq
from bot.channels.onebot.wire import parse as read
from bot.turns.message import Image, Inbound


def parse(event: Any, self_id: str) -> Any:
    return read(event, self_id)


ME, SHE, GROUP = 10001, 777, 555


def group(message: Any, **more: Any) -> Any:
    return {
        "time": 1793000000, "self_id": ME, "post_type": "message", "message_type": "group", "sub_type": "normal", "message_id": -2001,
        "group_id": GROUP, "user_id": SHE, "anonymous": None, "font": 0, "message": message, "raw_message": "",
        "sender": {"user_id": SHE, "nickname": "王", "card": "3-502", "role": "member"}, **more,
    }  # fmt: skip


def private(message: Any, **more: Any) -> Any:
    return {
        "time": 1793000000, "self_id": ME, "post_type": "message", "message_type": "private", "sub_type": "friend", "message_id": 8,
        "user_id": SHE, "message": message, "raw_message": "", "font": 0, "sender": {"user_id": SHE, "nickname": "王"}, **more,
    }  # fmt: skip


def text(words: Any) -> Any:
    return {"type": "text", "data": {"text": words}}


RECALL = {
    "time": 1793000000,
    "self_id": ME,
    "post_type": "notice",
    "notice_type": "group_recall",
    "group_id": GROUP,
    "user_id": SHE,
    "operator_id": SHE,
    "message_id": -2001,
}
UNFRIENDLY = {
    "time": 1793000000,
    "self_id": ME,
    "post_type": "notice",
    "notice_type": "friend_recall",
    "user_id": SHE,
    "message_id": 8,
}


def test_a_group_message_with_everything() -> None:
    event = group(
        [
            {"type": "reply", "data": {"id": "-42"}},
            {"type": "at", "data": {"qq": str(ME)}},
            text(" 电梯坏了 "),
            {"type": "at", "data": {"qq": "9", "name": "李四"}},
            {"type": "face", "data": {"id": "1"}},
            {"type": "image", "data": {"file": "a.jpg", "url": "http://pic/a.jpg"}},
            {"type": "image", "data": {"file": "b.gif", "url": "http://pic/b.gif", "sub_type": 1}},
            {"type": "image", "data": {"file": "base64://aGk="}},
        ]
    )
    images = (Image(url="http://pic/a.jpg"), Image(data=b"hi"))
    expected = Inbound("onebot", "555", "777", "电梯坏了 @李四", "-2001", "3-502", True, "-42", images)
    assert parse(event, str(ME)) == expected


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (group([text("甲")]), GroupMessageEvent),
        (private([text("甲")]), PrivateMessageEvent),
        (RECALL, GroupRecallNoticeEvent),
        (UNFRIENDLY, FriendRecallNoticeEvent),
    ],
)
def test_nonebot_takes_our_samples_for_the_same(event: Any, kind: Any) -> None:
    assert type(Adapter.json_to_event(event)) is kind
    assert parse(event, str(ME)) is not None


def test_recalls() -> None:
    assert parse(RECALL, str(ME)) == Inbound("onebot", "555", "777", recalled="-2001")
    assert parse(UNFRIENDLY, str(ME)) == Inbound("onebot", "dm:777", "777", recalled="8")
    assert parse({**RECALL, "user_id": ME}, str(ME)) is None


def test_one_segment_and_a_cq_string() -> None:
    assert parse(private(text("甲")), str(ME)).text == "甲"
    said = parse(
        group(
            f"[CQ:reply,id=42][CQ:at,qq={ME}] a&amp;#91;b&#91;1&#93; [CQ:image,file=x,url=http://p/?a=1&amp;b=2&#44;3]"
        ),
        str(ME),
    )
    assert (said.quote, said.mention, said.text, said.images) == (
        "42",
        True,
        "a&#91;b[1]",
        (Image(url="http://p/?a=1&b=2,3"),),
    )


@pytest.mark.parametrize(("kind", "media"), [("record", "voice"), ("video", "video")])
def test_media(kind: Any, media: Any) -> None:
    assert parse(group([{"type": kind, "data": {"file": "x"}}]), str(ME)).media == media


@pytest.mark.parametrize(
    "event",
    [
        group([text("我自己")], user_id=ME),
        group([text("我自己")], post_type="message_sent"),
        group([text("进群")], sub_type="notice"),
        group([{"type": "face", "data": {"id": "1"}}]),
        group([{"type": "at", "data": {"qq": "all"}}]),
        {"post_type": "meta_event", "meta_event_type": "heartbeat", "self_id": ME},
        {"post_type": "request", "request_type": "friend", "user_id": 1},
        {"post_type": ["?"]},
    ],
)
def test_ignored(event: Any) -> None:
    assert parse(event, str(ME)) is None


@pytest.mark.parametrize(
    "event",
    [
        group(5),
        group([5]),
        group([{"type": "text", "data": "x"}]),
        group([text("x")], user_id=None),
        group([text("x")], group_id=True),
    ],
)
def test_malformed(event: Any) -> None:
    with pytest.raises(Malformed):
        parse(event, str(ME))


def test_nameless_members_are_told_apart() -> None:
    one, other = (
        parse(group([text("x")], user_id=80000000, anonymous={"id": i, "name": "n", "flag": "f"}), str(ME))
        for i in (1, 2)
    )
    assert one.sender != other.sender


PIECES = st.sampled_from(
    [
        "电梯",
        "&amp;",
        "&#91;",
        "&#44;",
        "[CQ:at,qq=1]",
        "[CQ:face,id=2]",
        "[CQ:",
        "]",
        ",",
        "=",
        " ",
        "[CQ:image,file=a,url=http://x/?a=1&amp;b]",
        "[CQ:x]",
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_cq_strings_read_as_nonebot_reads_them(words: Any) -> None:
    def plain(segments: Any) -> Any:
        joined: list[Any] = []
        for kind, data in segments:
            if kind == "text" and joined and joined[-1][0] == "text":
                joined[-1] = ("text", {"text": joined[-1][1]["text"] + data["text"]})
            elif kind != "text" or data["text"]:
                joined.append((kind, dict(data)))
        return joined

    assert plain(cq(words)) == plain((s.type, s.data) for s in Message(words))
