"""Commands in all their spellings, and chatter that only begins like one."""

# ruff: noqa: DTZ001 - people write local times
from __future__ import annotations

from datetime import datetime

import pytest

from bot.language import Command, Reader, load_lexicon
from bot.language.lexicon import read_files
from bot.language.measuring.check import errors

COMMANDS = [
    ("接单 17", Command("accept", (17,))),
    ("接17", Command("accept", (17,))),
    ("17 接单", Command("accept", (17,))),
    ("#接单 #17", Command("accept", (17,))),
    ("接 单 １７", Command("accept", (17,))),
    ("接單 十七號", Command("accept", (17,))),
    ("@小助手 接单17号", Command("accept", (17,))),
    ("接了", Command("accept")),
    ("接单 17、18", Command("accept", (17, 18))),
    ("转派 17 物业 皮带断了", Command("transfer", (17,), "物业 皮带断了")),
    ("进展 17 配件已经订了", Command("note", (17,), "配件已经订了")),
    ("完成 17 18 21 已更换门机皮带", Command("resolve", (17, 18, 21), "已更换门机皮带")),
    ("完成 17 3个灯都换了", Command("resolve", (17,), "3个灯都换了")),
    ("退回 17 不是我们管", Command("return", (17,), "不是我们管")),
    ("挂账 17 到12月20日 等配件", Command("hold", (17,), "到12月20日 等配件")),
    ("同意挂账 17", Command("approve_hold", (17,))),
    ("不同意挂账 17 太久了", Command("decline_hold", (17,), "太久了")),
    ("我的任务", Command("tasks")),
    ("代报 3栋2单元501 张奶奶：灯坏了", Command("report_for", (), "3栋2单元501 张奶奶:灯坏了")),
    ("请假 到12月5日", Command("leave", (), "到12月5日")),
    ("销假", Command("back")),
    ("不当楼长了", Command("resign")),
    ("搬走 1024", Command("moved_out", (1024,), "1024")),
    ("确认住户 R102", Command("confirm_resident", (), "R102")),
    ("确认业主 88", Command("confirm_owner", (88,), "88")),
    ("合并 17 21", Command("merge", (17, 21))),
    ("吹哨 17 城管 环保局 24小时", Command("whistle", (17,), "城管 环保局 24小时")),
    ("报到17", Command("report_in", (17,))),
    ("不受理 17 属于私人装修", Command("refuse", (17,), "属于私人装修")),
    ("改类 17 噪声", Command("recategorise", (17,), "噪声")),
    ("不是诉求 17", Command("not_report", (17,))),
    ("隐藏 17", Command("hide", (17,))),
    ("已看 17", Command("photo_checked", (17,))),
    ("附议 17", Command("endorse", (17,))),
    ("附议十七", Command("endorse", (17,))),
    ("进度 17", Command("progress", (17,))),
    ("我的诉求", Command("mine")),
    ("撤回 17", Command("withdraw", (17,))),
    ("不是同一件", Command("split")),
    ("已解决 17 谢谢", Command("confirm", (17,), "谢谢")),
    ("没修好 17 还是漏", Command("contest", (17,), "还是漏")),
    ("评价 17 5 师傅很快", Command("rate", (17,), "5 师傅很快")),
    ("我是 3栋2单元501 李迎新", Command("identify", (), "3栋2单元501 李迎新")),
    ("提议 装个晾衣架：大家都没地方晒", Command("propose", (), "装个晾衣架:大家都没地方晒")),
    ("意见 17 我觉得可以", Command("opinion", (17,), "我觉得可以")),
    ("投 17 A", Command("vote", (17,), "A")),
    ("投17a c", Command("vote", (17,), "A C")),
    ("投 B", Command("vote", (), "B")),
    ("别听我的", Command("ignore_me")),
    ("删除我的数据", Command("erase_me")),
    ("导出我的数据", Command("export_me")),
    ("確認", Command("yes")),
    ("取消", Command("no")),
    ("弄好了", Command("done")),
    ("修好了，谢谢师傅", None),
    ("结束投票 17", Command("close_poll", (17,))),
    ("作废投票 17 名册错了", Command("void_poll", (17,), "名册错了")),
    ("未投 17 3栋", Command("not_voted", (17,), "3栋")),
    ("名册有误 17 我家少登一套", Command("roll_objection", (17,), "我家少登一套")),
    ("议事 17 周六下午三点 活动室", Command("deliberate", (17,), "周六下午三点 活动室")),
    ("纪要 17 到会30人", Command("minutes", (17,), "到会30人")),
    ("推进 17", Command("advance", (17,))),
    ("公示 17", Command("publish", (17,))),
    ("公示", Command("board")),
    ("立项 凉亭翻新 | 公共设施 | 30000", Command("project", (), "凉亭翻新 | 公共设施 | 30000")),
    ("项目 17 支出 木料 1200", Command("project_update", (17,), "支出 木料 1200")),
    ("发起评议 17", Command("survey", (17,))),
    ("帮助", Command("help")),
    ("@小助手 帮助", Command("help")),
]

CHATTER = [
    "完成了今天的作业",
    "接孩子去了",
    "接一下我，到门口了",
    "投一块钱就行",
    "投17块钱",
    "确认过眼神",
    "接17号楼的李姐",
    "我是你爸爸",
    "我是来拿快递的",
    "请假去旅游",
    "取消订单怎么弄",
    "评价一下这家店",
    "意见不统一啊",
    "进展神速",
    "公示出来了，在墙上",
    "项目经理招聘",
    "选来选去还是这个好",
    "报到那天下大雨",
    "搬走的那家人",
    "合并单元格怎么弄",
    "推进器坏了，我的玩具船",
    "隐藏款抽到了",
]


@pytest.mark.parametrize(("text", "command"), COMMANDS)
def test_command(reader: Reader, text: str, command: Command | None) -> None:
    assert reader.read(text).command == command


@pytest.mark.parametrize("text", CHATTER)
def test_chatter_is_no_command(reader: Reader, text: str) -> None:
    assert reader.read(text).command is None


def test_every_verb_has_a_form(reader: Reader) -> None:
    for rule in reader.lexicon.commands.values():
        word = rule.words[0]
        forms = (
            word,
            f"{word} 17",
            f"{word} 17 内容",
            f"{word} A",
            f"{word}: 内容 | 甲 | 乙",
            f"{word} 到12月5日",
            f"{word} 3栋2单元501 李迎新",
        )
        found = {reading.verb for form in forms if (reading := reader.read(form, mention=True).command)}
        assert rule.verb in found, rule.verb


def test_quoted_answers(reader: Reader) -> None:
    assert reader.read("A", quoted=True).command == Command("vote", (), "A")
    assert reader.read("a、c", quoted=True).command == Command("vote", (), "A、C")
    assert reader.read("A").command is None
    assert reader.read("完成 换了皮带", quoted=True).command == Command("resolve", (), "换了皮带")
    assert reader.read("接", quoted=True).command == Command("accept")


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("接单 17", "task"),
        ("附议 17", "endorse"),
        ("没修好 17", "contest"),
        ("投 17 A", "ballot"),
        ("提议 甲：乙", "matter"),
        ("立项 甲 | 乙 | 1", "project"),
    ],
)
def test_intents_of_commands(reader: Reader, text: str, intent: str) -> None:
    assert reader.read(text).intent == intent


def test_report_for_somebody(reader: Reader) -> None:
    reading = reader.read("代报 3栋2单元501 张奶奶：卫生间漏水漏到楼下了")
    assert (reading.intent, reading.category) == ("report", "leak_drainage")
    assert reading.place.as_dict() == {"building": "3", "unit": "2", "room": "501", "spot": "卫生间"}


def test_poll_forms(reader: Reader) -> None:
    now = datetime(2026, 3, 2, 9, 0)
    poll = reader.read("发起投票 要不要装充电桩 | 要 | 不要 | 截止 3天 | 按户", now=now).poll
    assert poll == {
        "title": "要不要装充电桩",
        "options": ["要", "不要"],
        "closes": "2026-03-05T09:00",
        "closes_after": "P3D",
        "unit": "household",
    }
    spoken = reader.read("投票：要不要引进物业？A 要 B 不要，三天后截止，按户", now=now)
    assert spoken.intent == "poll_open"
    assert spoken.poll is not None
    assert (spoken.poll["title"], spoken.poll["options"], spoken.poll["unit"]) == (
        "要不要引进物业",
        ["要", "不要"],
        "household",
    )
    owners = reader.read("业主表决 更换物业 | 同意 | 不同意 | 事项 选聘物业 | 公告 15天 | 投票 7天", now=now)
    assert owners.command is not None
    assert owners.command.verb == "open_owners_vote"
    assert owners.poll is not None
    assert owners.poll["unit"] == "owner"
    assert owners.poll["options"] == ["同意", "不同意"]


@pytest.mark.parametrize("verb", load_lexicon().commands)
def test_an_example_says_its_command(reader: Reader, verb: str) -> None:
    for mention in (False, True):
        command = reader.read(load_lexicon().commands[verb].example, mention=mention).command
        assert command is not None
        assert command.verb == verb


@pytest.mark.parametrize(
    ("verb", "changed", "mistake"),
    [
        (
            "accept",
            {"example": "进展 17 内容"},
            "commands.yaml accept: the example 进展 17 内容 does not say it",
        ),
        ("visited", {"roles": "captain mayor"}, "commands.yaml visited: no post mayor"),
        ("visited", {"roles": ""}, "commands.yaml visited: nobody may say it"),
        ("resign", {"roles": "secretary"}, "commands.yaml help 不干了：{resign}: not for captain"),
        ("resign", {"later": True}, "commands.yaml help 不干了：{resign}: no command resign is served"),
    ],
)
def test_mistakes_in_a_command_are_named(verb: str, changed: dict[str, object], mistake: str) -> None:
    files = read_files()
    commands = {**files["commands"]["commands"]}
    commands[verb] = {**commands[verb], **changed}
    assert errors({**files, "commands": {**files["commands"], "commands": commands}}) == [mistake]
