"""Somebody reports what is wrong: open an issue, join the same one, or ask once for the missing place."""

from __future__ import annotations

from typing import Any

from bot.language import parse_place, says_only
from bot.language.normalise import written
from bot.language.understanding import Place, Understanding
from bot.turns.message import Reply
from bot.turns.router import Router
from bot.turns.turn import Recent, Turn
from handlers.chat.issues.assign import Given, hand_out, pass_news, raise_alarm
from handlers.chat.issues.issue import acknowledge, journey, own_backing, title, visible
from models.issues.find.rows import endorsement_count
from models.issues.find.same import duplicate_of
from models.issues.rules import ISSUE, Said, Status, Urgency
from models.issues.steps.backing import add_photos, back, open_issue
from models.issues.tables import Issue
from models.messages.rules import steps
from models.messages.tables import Wait
from models.people.rules import Role, candidates
from models.places.rules import building_name
from models.things.find import with_id

router = Router()

#: Answered in private with the number to ring; no issue, nothing in the group.
PRIVATE_ALARMS = ("violence", "suicide")
ASKED_PLACE = steps.add("place")


@router.intent("report")
def report(turn: Turn) -> Reply | None:
    """Free text that describes something wrong."""
    reading = turn.reading
    if reading.alarm in PRIVATE_ALARMS:
        return comfort(turn)
    several = separate(turn, reading)
    if several:
        return open_each(turn, several)
    said = understood(turn, reading)
    if lacks_place(turn, said):
        if said.alarm is None:
            return ask_place(turn, said)
        reply = open_or_join(turn, said)
        _ask_place_of_emergency(turn)
        return reply
    return open_or_join(turn, said)


def separate(turn: Turn, reading: Understanding) -> list[Said]:
    """The several things one message reports, when each can be placed and none needs discretion; empty for
    one thing."""
    if (
        reading.alarm
        or reading.anonymous
        or reading.against
        or len(turn.world.reader.split(turn.inbound.text)) < 2
    ):
        return []
    parts = [part for part in turn.read_all(turn.inbound.text) if part.intent == "report"]
    if len(parts) < 2:
        return []
    drafts = [
        understood(turn, part, part.place if part.place.building else _at(part.place, reading.place))
        for part in parts
    ]
    rules = turn.world.rules
    if any(
        lacks_place(turn, said) or said.alarm or said.against or rules.category(said.category).sensitive
        for said in drafts
    ):
        return []
    return drafts


def _at(place: Place, whole: Place) -> Place:
    """A part's own spot at the place that the whole message names."""
    return Place(
        place.estate or whole.estate,
        whole.building,
        place.unit or whole.unit,
        place.room or whole.room,
        place.spot,
    )


def open_each(turn: Turn, several: list[Said]) -> Reply:
    """Several things, one message in answer."""
    replies = [
        open_or_join(turn, said, photos=turn.photos if place == 0 else ())
        for place, said in enumerate(several)
    ]
    aloud = [r for r in replies if not r.private]
    if aloud:
        for quiet in (r for r in replies if r.private):
            turn.apart(quiet)
    said = aloud or replies
    return Reply(
        "\n".join(r.text for r in said), tuple(b for r in said for b in r.buttons), private=not aloud
    )


def comfort(turn: Turn) -> Reply:
    """Violence at home or somebody who wants to die: a private answer with the number to ring, and the
    secretary is told."""
    secretaries = candidates(
        turn.serving(),
        Role.SECRETARY,
        category="care",
        where=turn.directory.area(turn.community.id, None, None),
    )
    for secretary in secretaries:
        if turn.person is None or secretary.person_id != turn.person.id:
            name = "" if turn.reading.anonymous else _speaker(turn)
            turn.tell(
                secretary,
                f"care/{turn.reading.alarm}_secretary",
                name=name,
                where=turn.chat.name if turn.chat else "",
            )
    return turn.whisper(f"care/{turn.reading.alarm}")


def _speaker(turn: Turn) -> str:
    return turn.person.name if turn.person else turn.inbound.nickname


def understood(turn: Turn, reading: Understanding, place: Place | None = None) -> Said:
    """The reading as the draft of an issue, with its place in ids."""
    place = place or reading.place
    parts = (turn.community.id, place.estate, place.building, place.unit, place.room, place.spot)
    where = turn.directory.locate(*parts, chat=turn.chat)
    if where.estates:
        where = turn.directory.locate(*parts, chat=turn.chat, home=home_building(turn))
    category = turn.world.rules.category(reading.category or "other")
    return Said(
        text=own_words(turn, reading),
        category=category.key,
        urgency=Urgency(reading.urgency or category.urgency),
        where=where,
        why=reading.why,
        alarm=reading.alarm,
        against=reading.against,
        anonymous=reading.anonymous,
        message_id=turn.inbound.message_id,
    )


def own_words(turn: Turn, reading: Understanding) -> str:
    """What the resident typed, not the folded form in which it was understood; without 匿名反映."""
    typed = turn.inbound.text.strip()[:1000]
    if reading is not turn.reading or not typed:
        return reading.text
    return written(reading.text, typed) if reading.anonymous else typed


def lacks_place(turn: Turn, said: Said) -> bool:
    """Nobody could find it: no building, and no spot that the estate has only one of."""
    if said.where.unknown:
        return True
    if said.where.building_id is not None:
        return False
    spot = said.where.spot
    return spot is None or spot.startswith(turn.world.rules.building_spots)


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


def home_building(turn: Turn) -> int | None:
    """The building the speaker lives in, once known."""
    known = turn.directory.people.get(turn.person.key) if turn.person else None
    return known.building_id if known else None


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


def draft(turn: Turn, said: Said) -> dict[str, Any]:
    """What the wait row keeps of a report until its place is known."""
    return {
        "text": said.text,
        "category": said.category,
        "urgency": said.urgency.value,
        "spot": said.where.spot,
        "estate_id": said.where.estate_id,
        "building": said.where.unknown if said.where.estates else None,
        "unit": said.where.unit,
        "room": said.where.room,
        "why": list(said.why),
        "alarm": said.alarm,
        "against": list(said.against),
        "anonymous": said.anonymous,
        "message_id": said.message_id,
        "photos": list(turn.photos),
        "chat_id": turn.chat.id if turn.chat else None,
        "community_id": turn.community.id,
    }


def undraft(turn: Turn, wait: Wait, place: Place) -> Said:
    """The kept draft with the place now named."""
    kept = wait.data
    chat = turn.directory.chats_by_id.get(kept["chat_id"] or 0)
    building = place.building or (kept.get("building") if place.estate else None)
    unit, room = place.unit or kept["unit"], place.room or kept["room"]
    where = turn.directory.locate(
        kept["community_id"], place.estate, building, unit, room, place.spot or kept["spot"], chat=chat
    )
    return Said(
        text=kept["text"],
        category=kept["category"],
        urgency=Urgency(kept["urgency"]),
        where=where,
        why=tuple(kept["why"]),
        alarm=kept["alarm"],
        against=tuple(kept["against"]),
        anonymous=kept["anonymous"],
        message_id=kept["message_id"],
    )


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
        wait.data = {**wait.data, "photos": [*wait.data.get("photos", ()), *turn.photos]}
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


def _ask_place_of_emergency(turn: Turn) -> None:
    if turn.remember is not None:
        issue = with_id(turn.session, turn.remember.thing_id)
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
    turn.remember = Recent(issue.id, turn.now, turn.inbound.message_id)
    if moved and issue.status is Status.OPEN:
        hand_out(turn, issue, news="task/place_added")
    else:
        pass_news(turn, issue, "task/place_added")
    return acknowledge(turn, issue, "report/place_added")


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
    turn.remember = Recent(issue.id, turn.now, turn.inbound.message_id)
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
    turn.remember = Recent(issue.id, turn.now, turn.inbound.message_id)
    if known:
        return acknowledge(turn, issue, "report/already_yours")
    back(way, me, said)
    if said.alarm and not issue.alarm:
        return opened(turn, issue, raise_alarm(turn, issue, said.alarm, said.text))
    return acknowledge(turn, issue, "report/joined", count=endorsement_count(turn.session, issue) + 1)


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
