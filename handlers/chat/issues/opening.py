"""The heart of it: join the same live issue, or open one and give it to whoever must act."""

from __future__ import annotations

from bot.turns.message import Reply
from bot.turns.turn import Turn
from bot.turns.world import Recent
from handlers.chat.issues.assign import Given, hand_out, raise_alarm
from handlers.chat.issues.issue import acknowledge, journey, own_backing
from models.issues.find.rows import endorsement_count
from models.issues.find.same import duplicate_of
from models.issues.rules import Said
from models.issues.steps.backing import add_photos, back, open_issue
from models.issues.tables import Issue


def open_or_join(
    turn: Turn, said: Said, *, photos: tuple[str, ...] | None = None, chat_id: int | None = None
) -> Reply:
    """The heart of it: join the same live issue, or open one and give it to whoever must act."""
    photos = turn.photos if photos is None else photos
    same = duplicate_of(turn.session, turn.community.id, said)
    if same is not None:
        return join(turn, same, said, photos)
    issue = open_issue(
        turn.session,
        turn.world.rules,
        turn.community.id,
        said,
        turn.now,
        reporter_id=turn.identity.id,
        chat_id=chat_id if chat_id is not None else (turn.chat.id if turn.chat else None),
        photos=photos,
    ).issue
    turn.remember = Recent(issue.id, turn.now)
    return opened(turn, issue, hand_out(turn, issue))


def opened(turn: Turn, issue: Issue, given: Given | None) -> Reply:
    """The one short message: the number, and who has it; in danger the number to ring comes first."""
    values = {"holder": given.label if given else "", "role": given.role_name if given else ""}
    if issue.alarm:
        # Danger is answered where it was said, unless the reporter asked not to be known.
        answer = turn.whisper if turn.reading.anonymous else turn.say
        return answer(
            "report/opened_emergency",
            about=issue,
            safety=safety_line(turn, issue.alarm),
            ask=issue.building_id is None and not issue.spot,
            **values,
        )
    if issue.sensitive:
        return turn.whisper("report/opened_sensitive", about=issue, **values)
    return turn.say("report/opened", about=issue, **values)


def safety_line(turn: Turn, alarm: str) -> str:
    """What to do at once and which number to ring; the general line for a danger that has no words of its
    own."""
    key = f"safety/{alarm}"
    return turn.world.texts.text(key if key in turn.world.texts else "safety/other")


def join(turn: Turn, issue: Issue, said: Said, photos: tuple[str, ...]) -> Reply:
    """Another resident reports the same thing: one more backer, no new number, no second push."""
    way, me = journey(turn, issue), turn.identity.id
    known = own_backing(turn, issue) is not None
    add_photos(way, photos, identity_id=me, by_officer=False)
    turn.remember = Recent(issue.id, turn.now)
    if known:
        return acknowledge(turn, issue, "report/already_yours")
    back(way, me, said)
    if said.alarm and not issue.alarm:
        return opened(turn, issue, raise_alarm(turn, issue, said.alarm, said.text))
    return acknowledge(turn, issue, "report/joined", count=endorsement_count(turn.session, issue) + 1)
