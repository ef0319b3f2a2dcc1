"""Danger to life in a text, and how urgent the rest is."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.language.entries import Alarm
from bot.language.lexicon import Lexicon

_SENTENCES = re.compile(r"[。!?\n;]+")


class Alarms:
    """Looks for dangers sentence by sentence; build one per lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    def find(self, text: str) -> tuple[Alarm, str] | None:
        """The alarm in `text` and the words that set it off, else None."""
        lexicon = self._lexicon
        if lexicon.alarm_never.search(text):
            return None
        kept = bool(lexicon.alarm_keep.search(text))
        if not kept and lexicon.alarm_cancel.search(text):
            return None
        # Blanks often stand for commas, so a gap may cross them; full stops and question marks end a thought.
        sentences = [sentence for sentence in _SENTENCES.split(text) if sentence.strip()]
        weak: tuple[Alarm, str] | None = None
        for alarm in lexicon.alarms:
            for sentence in sentences:
                found = alarm.patterns.search(sentence)
                if not found:
                    continue
                if alarm.cancel and alarm.cancel.search(sentence):
                    continue
                if alarm.weak and alarm.weak.fullmatch(found[0]):
                    weak = weak or (alarm, found[0])
                    continue
                return alarm, found[0]
        return weak if kept else None

    @staticmethod
    def category(alarm: Alarm, votes: Mapping[str, float]) -> str:
        """The category of an alarm: its own, unless that one has no vote at all and another has a strong
        one."""
        best = max(votes.items(), key=lambda item: item[1])
        if alarm.category in votes or best[1] < 3.0:
            return alarm.category
        return alarm.category if alarm.private else best[0]

    def urgency(self, category: str, text: str) -> str:
        """`urgent` or `ordinary` for a report that is no alarm."""
        for wanted, pattern in self._lexicon.urgent:
            if (not wanted or wanted == category) and pattern.search(text):
                return "urgent"
        return "ordinary"
