"""Danger to life must never be missed, and films, jokes, news and fears must not set it off."""

from __future__ import annotations

import pytest

from bot.language import ALARMS, Reader

DANGERS = {
    "trapped": [
        "电梯里困了个娃娃在哭，快来人",
        "我被关在7栋电梯里了，按铃没人理",
        "货梯卡在五楼六楼之间，里面有人拍门",
        "电梯困人！2栋！",
        "电梯门把老人的腿夹住了，拉不出来",
        "升降機停在半空，裡面有人喊救命",
        "有个阿姨困在电梯里半小时了",
        "孩子一个人关电梯里出不来，急死了",
    ],
    "gas": [
        "整个楼道一股天然气味，越来越浓",
        "厨房煤气管在漏气，嘶嘶响",
        "谁家燃气泄漏了，三单元门口味道很大",
        "闻到好重的煤气味，不敢开灯",
        "楼下燃氣味好濃，怎麼辦",
        "液化气罐漏气了，我把阀门关了还是有味",
    ],
    "fire": [
        "5栋车棚里电瓶车烧起来了，火苗窜到二楼",
        "着火了！3单元六楼",
        "隔壁阳台在冒黑烟，没人在家",
        "配电箱冒火花冒烟了，快断电",
        "楼道🔥快来人",
        "电表箱有烧焦味，还噼里啪啦响",
        "垃圾桶燃起来了，旁边就是车",
        "地下車庫起火，濃煙好大",
    ],
    "live_wire": [
        "花坛边电线断了一头掉在水坑里，还在冒火花",
        "路灯杆漏电，我家狗碰一下就倒了",
        "高压线垂下来了，离地一米，娃娃在下面跑",
        "门口铁栏杆带电，摸一下麻手",
        "地下车库配电箱泡在水里了",
    ],
    "manhole": [
        "东门窨井盖没了，黑洞洞一个大口子",
        "井盖被偷了，骑车的小心",
        "污水井盖敞开着，旁边小孩在玩",
        "有人踩进下水道口里了，井盖碎了",
        "路口井蓋不見了，好危險",
    ],
    "fallen": [
        "王大爷摔倒在楼梯口，起不来了，谁来搭把手",
        "有个老太太晕倒在花坛边，没人敢扶",
        "楼上独居的爷爷三天没见出门，敲门没人应",
        "保安突然倒地抽搐，快打120",
        "小区水池有小孩掉进去了",
        "我妈在卫生间昏迷了，叫不醒，谁会急救",
    ],
    "missing": [
        "我家娃五岁穿红衣服，找不到了，有没有人看见",
        "外婆走丢了，穿灰外套，八十二岁",
        "有没有看到一个小男孩，六岁，不见了半小时",
        "我爸老年痴呆，早上出门到现在没回来，联系不上",
    ],
    "violence": [
        "隔壁男的又在打老婆，女的喊救命",
        "我老公喝醉了动手打我，我躲在厕所",
        "楼上天天打孩子，娃被打得嗷嗷哭",
        "求助，我遭家暴了",
    ],
    "suicide": [
        "女儿说不想活了，把自己锁在屋里",
        "有人站在12栋楼顶要跳楼",
        "邻居喝农药了",
        "我真的活不下去了",
    ],
    "attack": ["楼下有个男的拿着菜刀追人，快报警", "小区门口有人持刀", "大门口几个人拿着铁棍打群架，掏刀了"],
}

HARMLESS = [
    "昨晚那部电影里电梯困人那段吓死我了",
    "要是着火了往哪跑，楼道都堵死了",
    "新闻说外地有个小区燃气爆炸",
    "去年我家对门着火那次，多亏消防队",
    "这碗米线吃得我喉咙冒火🔥🔥",
    "大家出门记得关煤气",
    "听说有个城市井盖被偷了几百个",
    "我家猫走丢了，橘色的，看到的请联系",
    "工作找不到了，愁死",
    "跳楼价清仓，全场五折",
    "热得想死，空调快装",
    "砍价砍到五块，帮我砍一刀",
    "明天消防演练，会放烟，大家不要惊慌",
    "楼道堆这么多纸箱，万一着火怎么办",
    "电瓶车上楼充电很容易起火，请物业管管",
    "不是着火，是我熏腊肉",
    "路太滑，老人容易摔倒，铺个垫子吧",
    "磨剪子磨菜刀的师傅来了，在东门",
    "打麻将打到三点，打得火热",
    "梦见我在电梯里出不来，醒了",
]


@pytest.mark.parametrize(
    ("alarm", "text"), [(alarm, text) for alarm, texts in DANGERS.items() for text in texts]
)
def test_danger_is_heard(reader: Reader, alarm: str, text: str) -> None:
    assert reader.glance(text)
    reading = reader.read(text)
    assert reading.intent == "report", reading.why
    assert reading.urgency == "emergency", reading.why
    assert reading.alarm == alarm


@pytest.mark.parametrize("text", HARMLESS)
def test_no_danger(reader: Reader, text: str) -> None:
    reading = reader.read(text)
    assert reading.alarm is None, reading.why
    assert reading.urgency != "emergency"


def test_urgency(reader: Reader) -> None:
    assert reader.read("5栋二单元停水了，一滴都没有").urgency == "urgent"
    assert reader.read("6栋电梯坏了，老人上不去").urgency == "urgent"
    assert reader.read("3栋楼道灯不亮，换个灯泡嘛").urgency == "ordinary"


def test_alarm_keys_are_the_lexicons(reader: Reader) -> None:
    assert {alarm.name for alarm in reader.lexicon.alarms} == set(ALARMS)
