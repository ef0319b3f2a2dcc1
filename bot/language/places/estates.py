"""Estates: those of the roster by every name, others by the way their names end."""

from __future__ import annotations

import re

from bot.language.lexicon import Lexicon
from bot.language.normalise import fold
from bot.language.numerals import NUMERAL
from bot.language.tokens import tokenizer
from bot.language.understanding import Gazetteer

_YARD = re.compile(
    rf"(?P<name>(?:[\u4e00-\u9fff]{{2,6}}?(?:路|街|巷|道|弄))?(?:\d{{1,4}}|{NUMERAL}{{1,4}})号(?:大院|院子|院))"
)
_STAGE = re.compile(
    rf"(?:(?:{NUMERAL}{{1,2}}|\d{{1,2}}|[A-Za-z])(?:期|区)|[东西南北中](?:区|苑|园)|(?:{NUMERAL}|\d|[A-Za-z])号?院)?"
)
_ESTATE = re.compile(
    r"[\u4e00-\u9fff]{0,9}?(?:小区|花园|家园|佳苑|雅苑|嘉苑|家属院|家属区|老院子|大院|宿舍(?:老院子|大院|区|院)?|公寓|新村|名城|新城|国际城|公馆|华府|豪庭|华庭|庭院|山庄|人家(?=小区|[\d一二三四五六七八九十]{1,3}(?:栋|幢|座|号楼|-))|[\u4e00-\u9fff][苑里园府庭湾郡轩城](?=小区)|"
    r"[\u4e00-\u9fff]{2}[苑里园府庭湾郡轩城居](?=(?:[一二三四五六七八九]|\d)期|\d{1,3}-\d|的(?:业主|楼上|楼下|电梯|住户)|[一二三四五六七八九十\d]{1,3}(?:栋|幢|座|号楼)|[A-Z东西南北]区|(?:凉亭|中庭|门口|东门|西门|南门|北门))|[\u4e00-\u9fff]{2,3}[一壹二]号(?=外头|门口|小区|楼盘|的|[\d一二三]+[栋幢座])|"
    r"[\u4e00-\u9fff]{2,4}(?=(?:[一二三四五六]|\d)期))(?:小区)?"
)
_BAD_NAME = re.compile(
    r"(?:我们|咱们|你们|他们|这个|那个|哪个|别的|其他|隔壁|整个|全|本|该|某|各|每个|老旧|老|新|旧|人家|好|外面|大|小|自家)(?:的)?(?:小区|花园|大院|宿舍|公寓|家园)$|^(?:后|前|小|大|中心|公共|空中|屋顶|街心)花园$|^(?:学生|员工|大学|女生|男生|单位)(?:宿舍|公寓)$|(?:时候|冰箱|家里|屋里|老人家|别人家|谁人家|一个人家|帮人家)|^(?:入户|屋顶|空中|楼顶)花园$|^老家属(?:院|区)$|^.小区$"
)


def find_estate(text: str, gazetteer: Gazetteer | None, lexicon: Lexicon) -> tuple[str, int, int] | None:
    """The estate that folded `text` names and where its name stands; the roster's names come first."""
    known = _from_roster(text, gazetteer) if gazetteer is not None else None
    return known or _by_grammar(text, lexicon)


def _from_roster(text: str, gazetteer: Gazetteer) -> tuple[str, int, int] | None:
    best: tuple[str, int, int] | None = None
    for name, estate in gazetteer.estates.items():
        at = text.find(fold(name))
        if at >= 0 and (best is None or len(name) > best[2] - best[1]):
            best = (estate, at, at + len(fold(name)))
    return best


def _by_grammar(text: str, lexicon: Lexicon) -> tuple[str, int, int] | None:
    if matched := _YARD.search(text):
        return matched["name"], *matched.span()
    for matched in _ESTATE.finditer(text):
        start, end = matched.span()
        at = start
        for token in tokenizer().cut(matched[0], HMM=False):
            at += len(token)
            if token in lexicon.not_in_names and at < end:
                start = at
        stage = _STAGE.match(text, end)
        if stage and stage[0]:
            end = stage.end()
        name = text[start:end]
        if len(name) < 3 or name in lexicon.not_estates or _BAD_NAME.search(name):
            continue
        return name, start, end
    return None
