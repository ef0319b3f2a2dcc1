"""Text in, `Understanding` out: the one entry point of the language part."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from .forms.commands import CommandParser, strip_mention
from .forms.polls import parse_line, parse_sentence
from .forms.signups import parse_signup
from .lexicon import Act, Lexicon, load_lexicon, tokenizer, trigger_characters
from .normalise import LIMIT, as_written, fold, narrow
from .places import find_place
from .reports.alarms import Alarms
from .reports.evidence import Evidence, Finder, gather, probability, reasons, weigh
from .reports.homophones import Homophones
from .reports.scan import scans
from .understanding import Command, Gazetteer, Place, Understanding

#: 匿名反映, with greetings before it and blanks in it; 匿名: alone will do, because a name once told cannot
#: be taken back.
_ANONYMOUS = re.compile(
    r"^(?:请|麻烦|您好|你好|大家好|我要|我想|想要?|我|帮我|要|小助手|机器人|[^\w@])*+匿\s*名\s*(?:反\s*[映应]|举\s*报|投\s*诉|报\s*修?|说|求助|[:,\]】])(?:一下|下|个|\]|】|:|,|\s)*"
)
_QUOTE = re.compile(
    r"(?:^|\n)\s*[「“\"']?[^\n「」]{1,16}[:：][^\n]{0,400}[」”\"']?\s*\n\s*[-—~]{3,}\s*\n|^\"[^\"\n]{1,16}:[^\"]{0,400}\"\s*\n?(?:[-~]{3,}\s*\n)?"
)
_FORWARD = re.compile(r"^\W{0,3}(?:\[(?:转发|聊天记录|链接|图片|文件)\]|转发[:\s]|转[:\s]|【)|聊天记录")
_PLACE_SIGN = re.compile(r"[栋幢座楼单院门库]|\d-\d")
_EMOJI_JOKE = re.compile("[😂🤣🤡😄😆😁😜😝🎂🎉🍲🌶🥵]|哈哈|笑死")
#: 一是…,二是…; 1. … 2. …; ①…②…
_ENUMERATION = re.compile(
    r"(?:^|(?<=[,。;:!?\s]))(?:第?[一二三四五六七八九]\s*(?:是|[、.,:)](?!\d))|[1-9]\s*[、.)](?!\d)|[①②③④⑤⑥⑦⑧⑨]|首先|其次)\s*[,:]?"
)
_ONE_TWO = re.compile(r"[一二三四五六七八九]是[,:]?")
_ALSO = re.compile(
    r"[,。;!?\s]+(?:对了|顺便(?:说一下|问一下|也|把)?|另外|还有(?:就是|个事|一个|一件事)?|再就是|以及|同时还有|外加)[,:\s]*"
)
_SENTENCE = re.compile(r"[。!;\n]+\s*")
#: An emoji is read as a word only beside a word of the place (🔥 beside 楼道).
_OUTDOORS = re.compile(r"[楼栋幢座门窗梯库]|单元|阳台|小区|院|厨房|电箱|电表|车棚|路|卫生间|水管|垃圾|\d-\d")

#: Signs whose words alone are worth a closer look; of the others only together with one of these.
_TRIGGER_SIGNS = ("fault", "nobody", "nuisance", "explicit")


#: Signs of a line that names spots without being about them.
_SPOTLESS = {"advert", "hypothetical", "wondering", "own_affair", "advice", "no_need", "kindness", "notice"}


class Reader:
    """Reads messages; keep one per process, it is immutable after construction and safe to share."""

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        self.lexicon = lexicon or load_lexicon()
        self._finder = Finder(self.lexicon)
        self._commands = CommandParser(self.lexicon)
        self._alarms = Alarms(self.lexicon)
        self._homophones = Homophones(self.lexicon)
        self._scan, self._substance = scans(self.lexicon, _TRIGGER_SIGNS)
        self._foldable = trigger_characters()
        tokenizer()  # building it takes most of a second, better now than at the first message

    # ── the plain scan ────────────────────────────────────────────────────────────────────────────

    def glance(self, text: str) -> bool:
        """Whether raw `text` may be for the bot; False means chatter for certain. Costs a few
        microseconds."""
        if len(text) > LIMIT:
            text = text[:LIMIT]
        if not self._foldable.isdisjoint(text):
            text = fold(text)
        return self._scan.finds(text)

    # ── the whole reading ─────────────────────────────────────────────────────────────────────────

    def read(
        self,
        text: str,
        *,
        mention: bool = False,
        now: datetime | None = None,
        gazetteer: Gazetteer | None = None,
        quoted: bool = False,
    ) -> Understanding:
        """What one message says. `mention`: the bot was named; `quoted`: the message answers one of the
        bot's; both lower the bar."""
        folded = fold(text)
        if not (mention or quoted or self.glance(folded)):
            # Chatter, but 「2栋」 may be the answer to 「在哪一栋」.
            return Understanding(
                text=folded,
                place=find_place(folded, gazetteer, self.lexicon) if _PLACE_SIGN.search(folded) else Place(),
            )
        anonymous = _ANONYMOUS.match(strip_mention(folded))
        plain = strip_mention(folded)
        if plain != folded and _ANONYMOUS.match(plain):
            folded = plain
        if anonymous:
            folded = _ANONYMOUS.sub("", plain)
        own = _QUOTE.sub("", folded).strip() or folded
        if signup := parse_signup(own):
            written = narrow(text)
            signup = {
                "title": as_written(signup["title"], fold(text), written),
                "entries": [
                    {key: as_written(value, fold(text), written) for key, value in entry.items()}
                    for entry in signup["entries"]
                ],
            }
            return Understanding(
                "signup",
                place=Place(),
                score=0.95,
                why=("接龙 with numbered lines",),
                text=folded,
                signup=signup,
            )
        if not anonymous and (command := self._commands.parse(own, mention=mention, quoted=quoted)):
            return self._command(command, own, text, now, gazetteer)
        if not anonymous and (poll := parse_sentence(own, now)):
            return Understanding(
                "poll_open",
                score=0.9,
                why=(f"a vote sentence: {poll.title}",),
                text=folded,
                poll=_written_poll(poll.as_dict(now), text),
            )
        if not (mention or quoted or anonymous or self._substance.finds(own)):
            # No word of trouble, no danger and no answer either: not worth cutting into words.
            standard = self._dialect_only(own)
            if self._alarms.find(standard) is None and self._act(own, standard, Evidence()) is None:
                return Understanding(
                    text=folded,
                    place=find_place(own, gazetteer, self.lexicon) if _PLACE_SIGN.search(own) else Place(),
                )
        return self._talk(
            folded, own, mention=mention, quoted=quoted, anonymous=bool(anonymous), gazetteer=gazetteer
        )

    def evidence(self, text: str, *, mention: bool = False) -> Evidence:
        """The evidence that `read` weighs for a plain message (for fitting and checking the lexicon)."""
        own = _QUOTE.sub("", fold(text)).strip()
        plain, tokens = self._plain(own)
        evidence = gather(
            self.lexicon,
            self._finder,
            plain,
            find_place(own, None, self.lexicon),
            mention=mention,
            tokens=tokens,
        )
        if _FORWARD.search(own):
            evidence.add("notice", "转发")
        return evidence

    def _command(
        self, command: Command, text: str, written: str, now: datetime | None, gazetteer: Gazetteer | None
    ) -> Understanding:
        rule = self.lexicon.commands.get(command.verb)
        intent = rule.intent if rule else "help"
        poll: dict[str, Any] | None = None
        if command.verb in {"open_poll", "open_owners_vote"}:
            line = parse_line(command.rest, now)
            poll = _written_poll(line.as_dict(now), written) if line else None
            if poll is not None and command.verb == "open_owners_vote" and poll["unit"] is None:
                poll["unit"] = "owner"
        place = (
            find_place(command.rest, gazetteer, self.lexicon)
            if command.rest and command.verb in {"report_for", "identify", "not_voted"}
            else Place()
        )
        reading = Understanding(
            intent,
            place=place,
            score=1.0,
            why=(f"command {command.verb}",),
            command=command,
            text=text,
            poll=poll,
        )
        if command.verb == "report_for" and command.rest:
            talk = self._talk(
                command.rest, command.rest, mention=True, quoted=False, anonymous=False, gazetteer=gazetteer
            )
            reading = replace(
                reading,
                category=talk.category,
                urgency=talk.urgency or "ordinary",
                alarm=talk.alarm,
                against=talk.against,
                place=talk.place,
                why=(*reading.why, *talk.why),
            )
        return reading

    def _plain(self, text: str) -> tuple[str, list[str]]:
        """`text` with slips, dialect and telling emoji in standard words, and its tokens."""
        for wrong, right in self.lexicon.typos.items():
            if wrong in text:
                text = text.replace(wrong, right)
        for said, meant in self.lexicon.dialect.items():
            if said in text:
                text = text.replace(said, meant)
        if not text.isascii() and not _EMOJI_JOKE.search(text) and _OUTDOORS.search(text):
            for emoji, word in self.lexicon.emoji.items():
                if emoji in text:
                    text = text.replace(emoji, word, 1).replace(emoji, "")
        return self._homophones.mend(text)

    def _act(
        self, text: str, plain: str, evidence: Evidence, *, quoted: bool = False, mention: bool = False
    ) -> tuple[Act, str] | None:
        whole = text.strip(" ,。!~?、…").strip()
        bare = re.sub(r"[^\w\s+,。!?~:.、#()]", "", whole).strip()
        for act in self.lexicon.acts:
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

    def _talk(
        self,
        folded: str,
        own: str,
        *,
        mention: bool,
        quoted: bool,
        anonymous: bool,
        gazetteer: Gazetteer | None,
    ) -> Understanding:
        lexicon = self.lexicon
        plain, tokens = self._plain(own)
        alarm = self._alarms.find(plain)
        place = find_place(own, gazetteer, lexicon)
        evidence = gather(lexicon, self._finder, plain, place, mention=mention or anonymous, tokens=tokens)
        if _FORWARD.search(folded):
            evidence.add("notice", "转发")
        total = weigh(lexicon, evidence)
        why = reasons(lexicon, evidence)
        act = (
            None
            if anonymous
            else self._act(own, self._dialect_only(own), evidence, quoted=quoted, mention=mention)
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
                place=self._here(place, evidence),
                score=round(score, 3),
                why=tuple(why),
                text=folded,
            )
        category = self._category(evidence)
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

    def _dialect_only(self, text: str) -> str:
        for said, meant in self.lexicon.dialect.items():
            if said in text:
                text = text.replace(said, meant)
        return text

    @staticmethod
    def _here(place: Place, evidence: Evidence) -> Place:
        """The place of a line that is no report: none when it tells of somewhere else, no spot when it tells
        of nothing here."""
        known = evidence.features.keys()
        if {"elsewhere", "hearsay"} & known and not place.room:
            return Place()
        return replace(place, spot=None) if _SPOTLESS & known else place

    def _category(self, evidence: Evidence) -> str:
        if not evidence.votes:
            return "other"
        return max(evidence.votes.items(), key=lambda item: item[1])[0]

    def _against(self, text: str, gazetteer: Gazetteer | None) -> tuple[str, ...]:
        if self.lexicon.against_not.search(text):
            return ()
        # A complaint names the man or his post: 王建国收钱不办事 is one about the captain.
        for name, role in gazetteer.officers if gazetteer is not None else ():
            if name in text and role in self.lexicon.roles:
                text = text.replace(name, self.lexicon.roles[role][0])
        return tuple(role for role, pattern in self.lexicon.against.items() if pattern.search(text))

    # ── names ─────────────────────────────────────────────────────────────────────────────────────

    def read_all(
        self,
        text: str,
        *,
        mention: bool = False,
        now: datetime | None = None,
        gazetteer: Gazetteer | None = None,
        quoted: bool = False,
    ) -> list[Understanding]:
        """Like `read`, one reading per issue when a report names several (改 split)."""
        whole = self.read(text, mention=mention, now=now, gazetteer=gazetteer, quoted=quoted)
        if whole.intent != "report" or whole.command is not None or whole.alarm is not None:
            return [whole]
        parts = self.split(whole.text)
        if len(parts) < 2:
            return [whole]
        readings = [
            self._talk(part, part, mention=True, quoted=False, anonymous=whole.anonymous, gazetteer=gazetteer)
            for part in parts
        ]
        if any(reading.intent != "report" for reading in readings):
            return [whole]
        # A part without a place of its own is about the place named for the whole.
        home = replace(whole.place, spot=None)
        return [
            replace(
                reading,
                place=replace(home, spot=reading.place.spot)
                if not replace(reading.place, spot=None)
                else reading.place,
                against=whole.against,
            )
            for reading in readings
        ]

    def split(self, text: str) -> list[str]:
        """The single issues of a message that names several, each worth a report of its own; else the text
        alone."""
        folded = fold(text)
        marks = _ONE_TWO if "一是" in folded and "二是" in folded else _ENUMERATION
        cuts = [found.start() for found in marks.finditer(folded)]
        parts = (
            [marks.sub("", folded[a:b], count=1) for a, b in zip(cuts, [*cuts[1:], len(folded)], strict=True)]
            if len(cuts) >= 2
            else _ALSO.split(folded)
        )
        parts = [part.strip(" ,。;、\n") for part in parts]
        parts = [part for part in parts if len(part) >= 4]
        if len(parts) < 2:
            return self._by_building(folded)
        topics = [self._topic(part) for part in parts]
        whole = [part for part, topic in zip(parts, topics, strict=True) if topic is not None]
        if len(whole) < 2 or len({topic for topic in topics if topic is not None}) < 2:
            return [folded]
        return whole

    def _by_building(self, folded: str) -> list[str]:
        """「3栋电梯坏了。4栋楼道灯也坏了」: sentences about different buildings are different issues."""
        parts: list[str] = []
        said: list[str] = []
        for sentence in _SENTENCE.split(folded):
            building = find_place(sentence[:6], None, self.lexicon, estates=False).building
            if building is not None and building not in said[-1:]:
                parts.append(sentence)
                said.append(building)
            elif parts:
                parts[-1] += "," + sentence
            elif sentence:
                return [folded]
        return parts if len(parts) > 1 and all(map(self._topic, parts)) else [folded]

    def _topic(self, part: str) -> str | None:
        """The category of one part if it says that something is wrong with it, else None."""
        evidence = self.evidence(part, mention=True)
        if (
            not evidence.votes
            or not {"trouble", "everyday_trouble", "fault", "nobody", "nuisance"} & evidence.features.keys()
        ):
            return None
        return self._category(evidence)


def _written_poll(poll: dict[str, Any], text: str) -> dict[str, Any]:
    """Title and options in the characters that the writer used, brackets and all."""
    folded, written = fold(text), text.strip()
    if len(folded) != len(written):
        written = narrow(text)
    return {
        **poll,
        "title": as_written(poll["title"], folded, written),
        "options": [as_written(option, folded, written) for option in poll["options"]],
    }


def category_of(word: str) -> str | None:
    """The category key that 「噪声」, 「噪音」 or `noise` means, else None."""
    wanted = fold(word).strip()
    names = load_lexicon().categories
    if wanted.lower() in names:
        return wanted.lower()
    for key, entry in names.items():
        if wanted == entry.name or wanted in entry.aliases:
            return key
    loose = [
        key
        for key, entry in names.items()
        if len(wanted) >= 2 and (wanted in entry.name or entry.name in wanted)
    ]
    return loose[0] if len(loose) == 1 else None


def category_name(key: str) -> str:
    """The Chinese name of a category key."""
    return load_lexicon().categories[key].name


def role_of(word: str) -> str | None:
    """The post that 「楼长」 or `captain` means, else None."""
    wanted = fold(word).strip()
    for key, names in load_lexicon().roles.items():
        if wanted == key or wanted in names:
            return key
    return None


def role_name(key: str) -> str:
    """The Chinese name of a post."""
    return load_lexicon().roles[key][0]


def urgency_of(word: str) -> str | None:
    """The urgency that 「紧急」 or `emergency` means, else None."""
    wanted = fold(word).strip()
    for key, names in load_lexicon().urgencies.items():
        if wanted == key or wanted in names:
            return key
    return None


def urgency_name(key: str) -> str:
    """The Chinese name of an urgency."""
    return load_lexicon().urgencies[key][0]
