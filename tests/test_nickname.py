"""A name in the group that carries the address is a hint, offered as a tap and never used by itself."""

from pathlib import Path

from bot.turns.message import Inbound
from tests.town import town


async def test_the_address_in_a_nickname_is_offered(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        # Nobody on the roster has this key, so that the account is a stranger's.
        sent = await bot.hub.receive(
            Inbound("sandbox", "g", "stranger", "楼道灯坏了好几天没人修", nickname="4-2-501 李姐")
        )
        assert len(sent) == 1
        assert sent[0].body["buttons"][0] == {"label": "4栋2单元", "send": "4栋2单元"}
        sent = await bot.hub.receive(
            Inbound("sandbox", "g", "other", "电梯停了两天没人修", nickname="开心就好")
        )
        assert [b["label"] for b in sent[0].body["buttons"]] == ["小区公共区域"]
