"""The missing place: asked once, answered by the same person only, or added to what was reported a moment ago."""

from __future__ import annotations

from bot.language import parse_place, says_only
from bot.language.understanding import Place
from bot.turns.message import Reply
from bot.turns.router import Router, question
from bot.turns.turn import Turn
from bot.turns.world import Recent
from handlers.chat.issues.assign import hand_out, pass_news
from handlers.chat.issues.drafting import draft, undraft
from handlers.chat.issues.issue import acknowledge, journey, own_backing, title, visible
from handlers.chat.issues.opening import open_or_join
from models.issues.rules import ISSUE, Said, Status
from models.issues.steps.backing import add_photos
from models.issues.tables import Issue
from models.messages.steps import keep_photos
from models.messages.tables import Wait
from models.places.rules import building_name
from models.things.find import with_id

router = Router()


ASKED_PLACE = question("place")


def ask_place(turn: Turn, said: Said) -> Reply:
    """Keep the draft and ask once; only this person's answer counts."""
    private = said.anonymous or turn.world.rules.category(said.category).sensitive
    address = f"dm:{turn.inbound.sender}" if private else turn.inbound.chat
    turn.wait(ASKED_PLACE, minutes=turn.world.rules.place_minutes, data=draft(turn, said), address=address)
    key = (
        "report/ask_estate"
        if said.where.estates
        else "report/ask_unknown_place"
        if said.where.unknown
        else "report/ask_place"
    )
    home = _home(turn)
    unknown = building_name(said.where.unknown) if said.where.unknown else ""
    return (turn.whisper if private else turn.say)(
        key, home="" if private else home, unknown=unknown, estates=said.where.estates
    )


def _home(turn: Turn) -> str:
    """The speaker's own building as a tap, 「3栋2单元」; of a stranger, what their name in the group says
    (「3-2-501 李姐」), theirs to confirm."""
    if turn.person is None:
        named = parse_place(turn.inbound.nickname)
        there = turn.directory.locate(
            turn.community.id, named.estate, named.building, named.unit, None, None, chat=turn.chat
        )
        return (
            turn.directory.place_label(turn.community.id, there.estate_id, there.building_id, there.unit)
            if named.building and there.building_id
            else ""
        )
    known = turn.directory.people.get(turn.person.key)
    if known is None or known.building_id is None or known.community_id != turn.community.id:
        return ""
    return turn.directory.place_label(turn.community.id, None, known.building_id, known.unit)


def place_unanswered(turn: Turn, wait: Wait) -> None:
    """The question stayed open: the report goes to the chat's grid member as it is."""
    if wait.thing_id is not None:
        return
    turn.in_community(wait.data["community_id"])
    said = undraft(turn, wait, Place())
    reply = open_or_join(turn, said, photos=tuple(wait.data["photos"]), chat_id=wait.data["chat_id"])
    turn.tell_identity(wait.identity_id, "report/place_unanswered", about=with_id(turn.session, reply.about))


@router.step(ASKED_PLACE, unanswered=place_unanswered)
def place_answered(turn: Turn) -> Reply | None:
    """The answer to 「在哪栋」: a place, or 「不知道」; anything else is not the answer and is left alone."""
    reading, wait = turn.reading, turn.waiting()
    if wait is None or reading.command is not None:
        return _cancelled(turn, wait)
    turn.in_community(wait.data.get("community_id") or turn.community.id)
    place = reading.place
    if reading.intent == "report" and reading.category != wait.data.get("category") and place:
        return None
    if turn.photos and not turn.inbound.text:
        keep_photos(wait, turn.photos)
        turn.changed = True
        return turn.say("report/photo_kept_ask_place") if turn.inbound.direct else None
    if not _answers(turn, place) and not _shrug(turn):
        return None
    if wait.thing_id is not None:
        return _place_of_emergency(turn, wait, place)
    said = undraft(turn, wait, place)
    if said.where.unknown:
        key = "report/ask_estate" if said.where.estates else "report/ask_unknown_place"
        return turn.say(key, home="", unknown=building_name(said.where.unknown), estates=said.where.estates)
    photos = (*wait.data["photos"], *turn.photos)
    chat_id = wait.data["chat_id"]
    turn.settle(wait)
    return open_or_join(turn, said, photos=photos, chat_id=chat_id)


def _cancelled(turn: Turn, wait: Wait | None) -> Reply | None:
    if (
        wait is not None
        and turn.reading.command is not None
        and turn.reading.command.verb in ("no", "withdraw")
        and not turn.reading.command.numbers
    ):
        turn.settle(wait)
        return turn.say("report/draft_dropped")
    return None


def _answers(turn: Turn, place: Place) -> bool:
    """An answer is short; who tells a story in which a door occurs is talking to the neighbours."""
    return bool(place) and len(turn.reading.text) <= 30 and says_only(turn.reading.text, place)


def _shrug(turn: Turn) -> bool:
    return turn.reading.text.strip("。.!！~ ") in (
        "不知道",
        "不清楚",
        "不晓得",
        "说不清",
        "小区里",
        "公共区域",
        "小区公共区域",
    )


def ask_place_of_emergency(turn: Turn) -> None:
    """It has its number and its holder already; the place is asked all the same."""
    if turn.remember is not None:
        issue = turn.session.get(Issue, turn.remember.thing_id)
        if issue is not None and issue.building_id is None:
            turn.wait(
                ASKED_PLACE,
                minutes=turn.world.rules.place_minutes,
                about=issue,
                data={"community_id": issue.community_id, "category": issue.category},
                address=f"dm:{turn.inbound.sender}" if issue.anonymous else None,
            )


def _place_of_emergency(turn: Turn, wait: Wait, place: Place) -> Reply | None:
    issue = with_id(turn.session, wait.thing_id)
    turn.settle(wait)
    if issue is None or not issue.live:
        return None
    return complete_place(turn, issue, place)


def complete_place(turn: Turn, issue: Issue, place: Place) -> Reply | None:
    """A place that came after the report: write it down and tell whoever has it; a better-placed captain gets
    it."""
    chat = turn.directory.chats_by_id.get(issue.chat_id or 0)
    where = turn.directory.locate(
        issue.community_id,
        place.estate,
        place.building,
        place.unit,
        place.room,
        place.spot or issue.spot,
        chat=chat,
    )
    if where.unknown or (where.building_id is None and not place.spot and not place.unit and not place.room):
        return None
    moved = journey(turn, issue).place(where)
    turn.remember = Recent(issue.id, turn.now)
    if moved and issue.status is Status.OPEN:
        hand_out(turn, issue, news="task/place_added")
    else:
        pass_news(turn, issue, "task/place_added")
    return acknowledge(turn, issue, "report/place_added")


@router.kind(ISSUE, title=title, page="issues", seen=visible)
def follow(turn: Turn, issue: Issue) -> Reply | None:
    """Within two minutes of a report: a bare place or a photo of the same person belongs to it."""
    if turn.reading.command is not None or turn.reading.intent not in ("chatter", "endorse", "progress"):
        return None
    if not issue.live or own_backing(turn, issue) is None:
        # Whoever took it back or had their data deleted meanwhile has no more to do with it.
        return None
    turn.in_community(issue.community_id)
    way, me = journey(turn, issue), turn.identity.id
    place = turn.reading.place
    named = bool(place.building or place.unit or place.room) and says_only(turn.reading.text, place)
    if named and issue.building_id is not None:
        there = turn.directory.locate(
            issue.community_id, place.estate, place.building, place.unit, place.room, None, chat=turn.chat
        )
        # Where it is known to be, only more of the same place belongs to it.
        named = there.building_id in (None, issue.building_id) and not (issue.unit and issue.room)
    if named:
        add_photos(way, turn.photos, identity_id=me, by_officer=False)
        return complete_place(turn, issue, place)
    bare = turn.photos and not turn.inbound.text
    if bare and add_photos(way, turn.photos, identity_id=me, by_officer=False):
        pass_news(turn, issue, "task/photo_added")
        return acknowledge(turn, issue, "report/photo_added")
    return None
