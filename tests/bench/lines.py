"""Made-up lines of a residents' group: everyday talk, and reports each of another flat so that none joins
another."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

#: Written down without looking at the lexicon: some hold words of trouble, as real talk does.
CHATTER = """
早上好 大家周末愉快
今天菜市场的番茄好便宜 才三块五一斤
有没有人知道附近哪家幼儿园比较好
哈哈哈哈笑死我了
收到
好的 谢谢
谢谢邻居
[强][强][强]
有人要拼单买水果吗 满五十包邮
我家孩子今天考试 祝他好运吧
明天天气怎么样 要不要带伞
晚上一起去跳广场舞啊
转让九成新儿童自行车 有意私聊
昨晚那场球看了没
刚下班 累死了
谁家有多的纸箱 我想要几个
求推荐靠谱的家政阿姨
这个月的快递也太慢了
周六有人去爬西山吗
小区门口新开了家米线店 味道可以
孩子的作业群都炸了
哪位邻居捡到一把钥匙 上面挂着小熊
今天食堂的红烧肉不错
奶奶做的腌菜想要的来拿
有没有人会修收音机
请问核酸小屋现在还在吗
附近有打印店吗
我老公又加班
这天气说变就变
昨天的电影真好看
拼车去机场 明早六点 差两个
同问
+1
😂😂😂
[图片]
麻烦群主拉一下我邻居
新来的报个到 我住后面那排
国庆去哪玩呢
菜价又涨了
家里的猫三天没吃东西了 急
团购的鸡蛋到了 在门卫室自己拿
周末亲子活动报名在哪里
谁有数学卷子的答案
我觉得还行
可以可以
没事没事
路上堵死了 迟到十分钟
手机没电了 晚点聊
楼下遛狗的那位 你家狗好乖
老年大学开始招生了
求购二手婴儿床
今晚的月亮好圆
我们单位组织体检
这个药一天吃几次
哪里有卖年糕的
祝大家冬至快乐
您好 请问这里是业主群吗
是的
欢迎新邻居
孩子发烧了 哪家医院儿科好
顺便帮我带瓶酱油
群里不要发广告哈
微信步数今天两万
打羽毛球三缺一
明天停车场那边有集市
我家装修好了 来玩呀
听说学区要重新划
宽带哪家好用
煤气灶用哪个牌子好
有人养多肉吗 送几盆
水电费交了没 在哪里交
请问物业电话多少
谢谢师傅 修得很快
隔壁超市打折
快过年了 票买好没
吃了吗
刚到家
马上来
不知道啊
这个要问问街道
医保卡丢了怎么补
学校今天放假吗
阳台上的花开了
电梯里遇到的小朋友真有礼貌
保安大叔今天帮我提东西 好人
谁家孩子钢琴弹得真好听
帮忙砍一刀
这个链接能点开吗
公交改线了 大家注意
广场那边晚上有演出
卖房子的中介又打电话来
下午茶有人一起吗
我也想知道
好像是的
没有吧
那行
辛苦了
晚安
""".strip().splitlines()

#: Of these the ones without any word that the bot listens for.
PLAIN = (
    "哈哈哈哈笑死我了",
    "早上好 大家周末愉快",
    "吃了吗",
    "刚到家",
    "晚安",
    "[强][强][强]",
    "路上慢点",
    "今晚的月亮好圆",
)

#: What follows the flat in a report; each reads as something wrong there.
TROUBLES = (
    "厨房下水道堵了，污水往外冒，麻烦来看看",
    "楼上漏水，天花板一直滴水，墙都泡坏了",
    "一晚上停水到现在，什么时候能来水",
    "家里突然停电，电表箱跳闸推不上去",
    "隔壁半夜装修，电钻吵得睡不着，天天这样",
    "门口堆满了垃圾没人清理，臭得很",
    "楼道灯坏了好几天，晚上黑漆漆的没人修",
    "门口的单元门锁坏了，一直关不上，请安排维修",
    "窗外的树枝长到屋里来了，请修剪一下",
    "门口消防栓没有水，灭火器也过期了",
)


def chatter(seed: int = 1) -> Iterator[str]:
    """Lines without end: what people say, now and then with a name, a number or a face."""
    dice = random.Random(seed)
    tails = (
        "",
        "",
        "",
        "",
        "",
        " 哈哈",
        "~",
        "！",
        "。",
        "[呲牙]",
        " 谢谢大家",
        "呀",
        f" {dice.randint(2, 99)}",
    )
    while True:
        yield dice.choice(CHATTER) + dice.choice(tails)


def flats(buildings: int, units: int) -> Iterator[tuple[int, int, str]]:
    """(building, unit, room), each once."""
    for floor, door in itertools.product(range(1, 34), range(1, 5)):
        for building, unit in itertools.product(range(1, buildings + 1), range(1, units + 1)):
            yield building, unit, f"{floor}{door:02}"


def reports(buildings: int, units: int) -> Iterator[tuple[int, str]]:
    """(building, text): first another kind of trouble for each next flat, then the next kind of the same
    flat."""
    for shift in range(len(TROUBLES)):
        for place, (building, unit, room) in enumerate(flats(buildings, units)):
            yield building, f"{building}栋{unit}单元{room} {TROUBLES[(place + shift) % len(TROUBLES)]}"


def mixed(seed: int = 2) -> Iterator[str]:
    """97 lines of talk to 3 reports."""
    dice = random.Random(seed)
    said, wrong = chatter(seed), reports(60, 4)
    while True:
        yield next(wrong)[1] if dice.random() < 0.03 else next(said)
