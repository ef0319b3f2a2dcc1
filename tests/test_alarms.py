"""Every danger that the lexicon can name has its words."""

from bot.language import load_lexicon
from bot.turns.texts import Texts


def test_every_alarm_has_a_line_with_a_number_to_ring() -> None:
    texts = Texts()
    for alarm in load_lexicon().alarms:
        key = f"care/{alarm.name}" if alarm.private else f"safety/{alarm.name}"
        assert key in texts, f"{alarm.name} has no words"
        assert any(number in texts.text(key) for number in ("110", "119", "120", "95598"))
