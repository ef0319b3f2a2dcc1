"""Text in, `Understanding` out: the one entry point of the language part."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from .forms.commands import CommandParser, strip_mention
from .forms.polls import parse_line, parse_sentence
from .forms.signups import parse_signup
from .lexicon import Lexicon, load_lexicon
from .normalise import LIMIT, as_written, fold, narrow
from .places import find_place
from .reports.evidence import Evidence
from .reports.scan import scans, trigger_characters
from .reports.several import split
from .reports.talk import Talk
from .tokens import tokenizer
from .understanding import Command, Gazetteer, Place, Understanding

#: 匿名反映, with greetings before it and blanks in it; 匿名: alone will do, because a name once told cannot
#: be taken back.
_ANONYMOUS = re.compile(
    r"^(?:请|麻烦|您好|你好|大家好|我要|我想|想要?|我|帮我|要|小助手|机器人|[^\w@])*+匿\s*名\s*(?:反\s*[映应]|举\s*报|投\s*诉|报\s*修?|说|求助|[:,\]】])(?:一下|下|个|\]|】|:|,|\s)*"
)
_QUOTE = re.compile(
    r"(?:^|\n)\s*[「“\"']?[^\n「」]{1,16}[:：][^\n]{0,400}[」”\"']?\s*\n\s*[-—~]{3,}\s*\n|^\"[^\"\n]{1,16}:[^\"]{0,400}\"\s*\n?(?:[-~]{3,}\s*\n)?"
)
#: How much of a sign-up list is read where it is merged.
LIST = 20_000
_PLACE_SIGN = re.compile(r"[栋幢座楼单院门库]|\d-\d")
#: Signs whose words alone are worth a closer look; of the others only together with one of these.
_TRIGGER_SIGNS = ("fault", "nobody", "nuisance", "explicit")


class Reader:
    """Reads messages; keep one per process, it is immutable after construction and safe to share."""

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        self.lexicon = lexicon or load_lexicon()
        self._commands = CommandParser(self.lexicon)
        self._talk = Talk(self.lexicon)
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
            signup = _written_signup(signup, text, LIMIT)
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
        if not (mention or quoted or anonymous or self._substance.finds(own)) and self._talk.says_nothing(
            own
        ):
            # No word of trouble, no danger and no answer either: not worth cutting into words.
            return Understanding(
                text=folded,
                place=find_place(own, gazetteer, self.lexicon) if _PLACE_SIGN.search(own) else Place(),
            )
        return self._talk.read(
            folded, own, mention=mention, quoted=quoted, anonymous=bool(anonymous), gazetteer=gazetteer
        )

    def whole_signup(self, text: str) -> dict[str, Any] | None:
        """A sign-up list beyond the first 1,000 characters: who is new on it stands at its end."""
        signup = parse_signup(_QUOTE.sub("", strip_mention(fold(text, LIST))).strip())
        return signup and _written_signup(signup, text, LIST)

    def evidence(self, text: str, *, mention: bool = False) -> Evidence:
        """The evidence that `read` weighs for a plain message (for fitting and checking the lexicon)."""
        return self._talk.evidence(_QUOTE.sub("", fold(text)).strip(), mention=mention)

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
            talk = self._talk.read(
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
            self._talk.read(
                part, part, mention=True, quoted=False, anonymous=whole.anonymous, gazetteer=gazetteer
            )
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
        return split(fold(text), self._talk.topic)


def _written_signup(signup: dict[str, Any], text: str, limit: int) -> dict[str, Any]:
    """Title and entries in the characters that the writer used."""
    folded, written = fold(text, limit), narrow(text, limit)
    return {
        "title": as_written(signup["title"], folded, written),
        "entries": [
            {key: as_written(value, folded, written) for key, value in entry.items()}
            for entry in signup["entries"]
        ],
    }


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
