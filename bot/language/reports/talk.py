"""What somebody says in their own words: a report, an answer to one, or chatter."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.language.entries import Act
from bot.language.lexicon import Lexicon
from bot.language.places import find_place
from bot.language.understanding import Gazetteer, Place, Understanding

from .alarms import Alarms
from .evidence import Evidence, gather, probability, reasons, weigh
from .finder import Finder
from .homophones import Homophones

_FORWARD = re.compile(r"^\W{0,3}(?:\[(?:转发|聊天记录|链接|图片|文件)\]|转发[:\s]|转[:\s]|【)|聊天记录")
_EMOJI_JOKE = re.compile("[😂🤣🤡😄😆😁😜😝🎂🎉🍲🌶🥵]|哈哈|笑死")
#: An emoji is read as a word only beside a word of the place (🔥 beside 楼道).
_OUTDOORS = re.compile(r"[楼栋幢座门窗梯库]|单元|阳台|小区|院|厨房|电箱|电表|车棚|路|卫生间|水管|垃圾|\d-\d")

#: Signs of a line that names spots without being about them.
_SPOTLESS = {"advert", "hypothetical", "wondering", "own_affair", "advice", "no_need", "kindness", "notice"}


class Talk:
    """Reads free talk; build one per lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._finder = Finder(lexicon)
        self._homophones = Homophones(lexicon)
        self._alarms = Alarms(lexicon)

    def read(
        self,
        folded: str,
        own: str,
        *,
        mention: bool,
        quoted: bool,
        anonymous: bool,
        gazetteer: Gazetteer | None,
    ) -> Understanding:
        """The reading of `own`, the writer's own part of the folded message."""
        lexicon = self._lexicon
        plain, tokens = self._plain(own)
        alarm = self._alarms.find(plain)
        place = find_place(own, gazetteer, lexicon)
        evidence = self._gather(folded, plain, tokens, place, mention=mention or anonymous)
        total = weigh(lexicon, evidence)
        why = reasons(lexicon, evidence)
        act = (
            None
            if anonymous
            else self._act(own, self._standard(own), evidence, quoted=quoted, mention=mention)
        )
        if act is not None and not (alarm and not alarm[0].private):
            rule, words = act
            place = find_place(own, gazetteer, lexicon, faint=True)
            return Understanding(
                rule.name, place=place, score=rule.score, why=(f"{rule.name} {words}",), text=folded
            )
        against = self._against(plain, gazetteer)
        # Whoever writes 匿名 anywhere in a report wants to be no name in it.
        anonymous = anonymous or "匿名" in own
        if alarm is not None:
            found, words = alarm
            category = found.category if not evidence.votes else self._alarms.category(found, evidence.votes)
            return Understanding(
                "report",
                category,
                "emergency",
                place,
                max(0.9, probability(total)),
                (f"alarm {found.name} {words}", *why),
                None,
                found.name,
                against,
                anonymous,
                folded,
            )
        score = probability(total - lexicon.numbers["threshold"])
        if anonymous:
            score = max(score, 0.9)
        if score < 0.5:
            return Understanding(
                "chatter",
                place=_here(place, evidence),
                score=round(score, 3),
                why=tuple(why),
                text=folded,
            )
        category = _category(evidence)
        return Understanding(
            "report",
            category,
            self._alarms.urgency(category, plain),
            place,
            round(score, 3),
            tuple(why),
            None,
            None,
            against,
            anonymous,
            folded,
        )

    def evidence(self, own: str, *, mention: bool = False) -> Evidence:
        """The evidence in folded text that is a report or chatter."""
        plain, tokens = self._plain(own)
        return self._gather(own, plain, tokens, find_place(own, None, self._lexicon), mention=mention)

    def topic(self, part: str) -> str | None:
        """The category of folded text if it says that something is wrong, else None."""
        evidence = self.evidence(part, mention=True)
        wrong = {"trouble", "everyday_trouble", "fault", "nobody", "nuisance"} & evidence.features.keys()
        return _category(evidence) if evidence.votes and wrong else None

    def says_nothing(self, own: str) -> bool:
        """Whether folded text without a word of trouble is neither danger nor an answer to something."""
        standard = self._standard(own)
        return self._alarms.find(standard) is None and self._act(own, standard, Evidence()) is None

    def _gather(self, folded: str, plain: str, tokens: list[str], place: Place, *, mention: bool) -> Evidence:
        evidence = gather(self._lexicon, self._finder, plain, place, mention=mention, tokens=tokens)
        if _FORWARD.search(folded):
            evidence.add("notice", "转发")
        return evidence

    def _plain(self, text: str) -> tuple[str, list[str]]:
        """`text` with slips, dialect and telling emoji in standard words, and its tokens."""
        for wrong, right in self._lexicon.typos.items():
            if wrong in text:
                text = text.replace(wrong, right)
        text = self._standard(text)
        if not text.isascii() and not _EMOJI_JOKE.search(text) and _OUTDOORS.search(text):
            for emoji, word in self._lexicon.emoji.items():
                if emoji in text:
                    text = text.replace(emoji, word, 1).replace(emoji, "")
        return self._homophones.mend(text)

    def _act(
        self, text: str, plain: str, evidence: Evidence, *, quoted: bool = False, mention: bool = False
    ) -> tuple[Act, str] | None:
        whole = text.strip(" ,。!~?、…").strip()
        bare = re.sub(r"[^\w\s+,。!?~:.、#()]", "", whole).strip()
        for act in self._lexicon.acts:
            if len(plain) > act.max_length:
                continue
            if act.unless and act.unless.search(plain):
                continue
            if act.whole and (act.whole.fullmatch(bare) or act.whole.fullmatch(plain.strip())):
                return act, bare
            if act.patterns and (found := act.patterns.search(plain)):
                if act.needs and not (quoted or mention or act.needs.search(plain)):
                    continue
                return act, found[0]
            if (
                act.echo
                and (found := act.echo.match(plain))
                and (
                    quoted or {"trouble", "everyday_trouble", "fault", "nuisance"} & evidence.features.keys()
                )
            ):
                return act, found[0]
        return None

    def _standard(self, text: str) -> str:
        """`text` with dialect in standard words."""
        for said, meant in self._lexicon.dialect.items():
            if said in text:
                text = text.replace(said, meant)
        return text

    def _against(self, text: str, gazetteer: Gazetteer | None) -> tuple[str, ...]:
        if self._lexicon.against_not.search(text):
            return ()
        # A complaint names the man or his post: 王建国收钱不办事 is one about the captain.
        for name, role in gazetteer.officers if gazetteer is not None else ():
            if name in text and role in self._lexicon.roles:
                text = text.replace(name, self._lexicon.roles[role][0])
        return tuple(role for role, pattern in self._lexicon.against.items() if pattern.search(text))


def _here(place: Place, evidence: Evidence) -> Place:
    """The place of a line that is no report: none when it tells of somewhere else, no spot when it tells of
    nothing here."""
    known = evidence.features.keys()
    if {"elsewhere", "hearsay"} & known and not place.room:
        return Place()
    return replace(place, spot=None) if _SPOTLESS & known else place


def _category(evidence: Evidence) -> str:
    return max(evidence.votes.items(), key=lambda item: item[1])[0] if evidence.votes else "other"
