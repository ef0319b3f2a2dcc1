"""OneBot's format: events and segments in, segments out (https://github.com/botuniverse/onebot-11)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.turns.message import Image, Inbound
from bot.turns.texts import Texts

#: The channel's name.
NAME = "onebot"

_CQ = re.compile(r"\[CQ:([A-Za-z0-9_.-]+)((?:,[A-Za-z0-9_.-]+=[^,\]]*)*),?\]")

Segment = tuple[str, Mapping[str, Any]]


class Malformed(ValueError):
    """An event that does not follow the standard. Its message holds no words of residents."""


# --- out ------------------------------------------------------------------------------------------


def segments(body: Mapping[str, Any], texts: Texts) -> list[dict[str, Any]]:
    """A stored message as OneBot segments; buttons become lines that say what to reply. Text segments need no
    escaping."""
    lines = [str(body.get("text", ""))]
    lines += [texts.text("onebot/button", label=b["label"], send=b["send"]) for b in body.get("buttons", ())]
    lines += [str(link) for link in body.get("links", ())]
    text = "\n".join(line for line in lines if line)
    found: list[dict[str, Any]] = [{"type": "text", "data": {"text": text}}] if text else []
    for url in body.get("images", ()):
        head, _, data = str(url).partition(";base64,")
        file = f"base64://{data}" if head.startswith("data:") else str(url)
        found.append({"type": "image", "data": {"file": file}})
    return found


# --- in -------------------------------------------------------------------------------------------


def parse(event: Mapping[str, Any], self_id: str) -> Inbound | None:
    """One event as the hub knows it; None for what does not concern it. Raises `Malformed`."""
    match event.get("post_type"), event.get("message_type", event.get("notice_type")):
        case "message", ("group" | "private") as kind:
            return _message(event, self_id, group=kind == "group")
        case "notice", ("group_recall" | "friend_recall") as kind:
            sender = _id(event, "user_id")
            chat = _id(event, "group_id") if kind == "group_recall" else f"dm:{sender}"
            own = sender == self_id
            return (
                None
                if own
                else Inbound(channel=NAME, chat=chat, sender=sender, recalled=_id(event, "message_id"))
            )
    return None


def _message(event: Mapping[str, Any], self_id: str, *, group: bool) -> Inbound | None:
    sender = _id(event, "user_id")
    if sender in {self_id, str(event.get("self_id"))} or (group and event.get("sub_type") == "notice"):
        return None
    if isinstance(anonymous := event.get("anonymous"), dict):
        # All nameless members of a group share one user_id.
        sender = f"anonymous:{anonymous.get('id')}"
    chat = _id(event, "group_id") if group else f"dm:{sender}"
    words: list[str] = []
    images: list[Image] = []
    mention, quote, media = False, None, None
    for kind, data in segments_of(event.get("message")):
        match kind:
            case "text":
                words.append(str(data.get("text", "")))
            case "at" if str(data.get("qq")) == self_id:
                mention = True
            case "at" if data.get("name"):
                words.append(f"@{str(data['name']).lstrip('@')} ")
            case "reply" if data.get("id") is not None:
                quote = str(data["id"])
            case "image" if (image := _image(data)) is not None:
                images.append(image)
            case "record":
                media = "voice"
            case "video":
                media = "video"
    text = "".join(words).strip()
    if not (text or images or media or mention):
        return None
    about = event.get("sender")
    nickname = (about.get("card") or about.get("nickname") or "") if isinstance(about, dict) else ""
    return Inbound(
        NAME,
        chat,
        sender,
        text,
        _id(event, "message_id"),
        str(nickname),
        mention,
        quote,
        tuple(images),
        media,
    )


def segments_of(message: Any) -> Iterable[Segment]:
    """The segments of a message given as an array, as one segment or as a CQ string. Raises `Malformed`."""
    if isinstance(message, str):
        return cq(message)
    found = []
    if isinstance(message, dict):
        message = [message]
    if not isinstance(message, list):
        raise Malformed("message")
    for segment in message:
        if not isinstance(segment, dict) or not isinstance(segment.get("type"), str):
            raise Malformed("segment")
        data = segment.get("data") or {}
        if not isinstance(data, dict):
            raise Malformed("segment data")
        found.append((segment["type"], data))
    return found


def cq(message: str) -> list[Segment]:
    """The segments of a CQ string; what merely looks like a code is text."""
    found: list[Segment] = []
    end = 0
    for code in _CQ.finditer(message):
        if code.start() > end:
            found.append(("text", {"text": unescape(message[end : code.start()])}))
        end = code.end()
        pairs = (pair.split("=", 1) for pair in code[2].split(",") if pair)
        found.append((code[1], {key: unescape(value) for key, value in pairs}))
    if end < len(message):
        found.append(("text", {"text": unescape(message[end:])}))
    return found


def unescape(words: str) -> str:
    """Undo the escapes of a CQ string, the ampersand last."""
    return words.replace("&#44;", ",").replace("&#91;", "[").replace("&#93;", "]").replace("&amp;", "&")


def _image(data: Mapping[str, Any]) -> Image | None:
    if str(data.get("sub_type", data.get("subType", 0))) == "1":
        return None  # a sticker
    file = str(data.get("file", ""))
    if file.startswith("base64://"):
        try:
            return Image(data=base64.b64decode(file.removeprefix("base64://"), validate=True))
        except (binascii.Error, ValueError):
            return None
    for address in (data.get("url"), file):
        if isinstance(address, str) and is_web(address):
            return Image(url=address)
    return None


def is_web(address: str) -> bool:
    """An address that can be fetched."""
    return address.lower().startswith(("http://", "https://"))


def _id(event: Mapping[str, Any], key: str) -> str:
    """A number, or a number as text, may be negative; raises `Malformed`."""
    value = event.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and 0 < len(value) <= 64:
        return value
    raise Malformed(key)
