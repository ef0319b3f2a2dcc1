"""Who stands behind an issue: the reporter who opens it, everybody who backs it, and whoever takes that back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import IssueRules
from models.base import new_id
from models.issues.find.rows import backers, photos_of
from models.issues.rules import ISSUE, Said, Status, words_hash
from models.issues.steps.journey import Journey
from models.issues.tables import Endorsement, Issue, Photo
from models.people.rules import Acting
from models.things.steps import number


def open_issue(
    session: Session,
    rules: IssueRules,
    community_id: int,
    said: Said,
    now: datetime,
    *,
    reporter_id: int,
    chat_id: int | None,
    photos: Sequence[str] = (),
    entered_by: int | None = None,
) -> Journey:
    """A new issue with its number, its first backer and its photos; nobody has it yet."""
    category = rules.category(said.category)
    thing = number(session, community_id, ISSUE)
    issue = Issue(
        id=thing.id,
        thing=thing,
        community_id=community_id,
        status=Status.OPEN,
        category=category.key,
        urgency=said.urgency,
        level=category.level,
        sensitive=said.anonymous or category.sensitive,
        anonymous=said.anonymous,
        discreet=said.anonymous or category.sensitive,
        hidden=False,
        estate_id=said.where.estate_id,
        building_id=said.where.building_id,
        unit=said.where.unit,
        room=said.where.room,
        spot=said.where.spot,
        text=said.text,
        words_hash=words_hash(said.text),
        reporter_id=reporter_id,
        entered_by=entered_by,
        chat_id=chat_id,
        alarm=said.alarm,
        against=",".join(said.against),
        why=list(said.why),
        merged_into=None,
        held_until=None,
        opened_at=now,
        changed_at=now,
    )
    session.add(issue)
    journey = Journey(session, rules, issue, now)
    _back(journey, reporter_id, said, first=True)
    add_photos(journey, photos, identity_id=reporter_id, by_officer=False)
    journey.record("opened" if entered_by is None else "opened_for", unnamed=entered_by)
    return journey


def back(journey: Journey, identity_id: int, said: Said | None = None, message_id: str | None = None) -> None:
    """One more resident behind it, with a report of their own or (`said` None) a bare 附议; the caller has
    checked that they are not already."""
    _back(journey, identity_id, said, message_id=message_id)
    journey.record("endorsed")
    journey.session.flush()


def _back(
    journey: Journey,
    identity_id: int,
    said: Said | None,
    *,
    first: bool = False,
    message_id: str | None = None,
) -> None:
    journey.session.add(
        Endorsement(
            id=new_id(),
            community_id=journey.issue.community_id,
            issue_id=journey.issue.id,
            identity_id=identity_id,
            first=first,
            anonymous=said.anonymous if said else False,
            at=journey.now,
            text=said.text if said else None,
            message_id=said.message_id if said else message_id,
        )
    )


def add_photos(journey: Journey, digests: Sequence[str], *, identity_id: int | None, by_officer: bool) -> int:
    """Attach stored photos, each once; how many were new."""
    if not digests:
        return 0
    known = {photo.digest for photo in photos_of(journey.session, journey.issue)}
    fresh = [d for d in dict.fromkeys(digests) if d not in known]
    journey.session.add_all(
        Photo(
            community_id=journey.issue.community_id,
            issue_id=journey.issue.id,
            digest=digest,
            identity_id=identity_id,
            by_officer=by_officer,
            at=journey.now,
        )
        for digest in fresh
    )
    return len(fresh)


def clear_photos(journey: Journey, by: Acting) -> int:
    """已看：无人脸、车牌、小孩: the officers' photos may be seen by everybody; how many (0: there was none)."""
    waiting = [p for p in photos_of(journey.session, journey.issue) if p.by_officer and p.cleared_at is None]
    for photo in waiting:
        photo.cleared_at, photo.cleared_by = journey.now, by.person_id
    if waiting:
        journey.record("photos_cleared", by=by)
    return len(waiting)


def leave(journey: Journey, own: Endorsement, what: str) -> int:
    """One resident less behind it; whoever was alone ends it (`what` is the line of the history). How many
    are left."""
    others = [b for b in backers(journey.session, journey.issue) if b.id != own.id]
    if not others:
        journey.finish(Status.WITHDRAWN, what)
        return 0
    journey.session.delete(own)
    if own.first:
        others[0].first = True
        journey.issue.reporter_id, journey.issue.text = others[0].identity_id, others[0].text
    journey.record("backer_left")
    return len(others)


def take_back(journey: Journey, own: Endorsement) -> list[str]:
    """A message is recalled: its words and photos go out of the issue; the digests of the photos."""
    own.text = own.message_id = None
    if all(b.id == own.id for b in backers(journey.session, journey.issue)):
        journey.issue.text, journey.issue.words_hash = None, ""
    dropped = [
        photo
        for photo in photos_of(journey.session, journey.issue)
        if photo.identity_id == own.identity_id and not photo.by_officer
    ]
    for photo in dropped:
        journey.session.delete(photo)
    return [photo.digest for photo in dropped]


def split_off(journey: Journey, own: Endorsement, said: Said, chat_id: int | None) -> Journey:
    """不是同一件: a report that had joined becomes an issue of its own after all, and its photos go along."""
    issue = journey.issue
    fresh = open_issue(
        journey.session,
        journey.rules,
        issue.community_id,
        said,
        journey.now,
        reporter_id=own.identity_id,
        chat_id=chat_id if chat_id is not None else issue.chat_id,
    )
    for photo in photos_of(journey.session, issue):
        if photo.identity_id == own.identity_id:
            photo.issue_id = fresh.issue.id
    journey.session.delete(own)
    journey.record("backer_left")
    return fresh


def merge(into: Journey, others: Sequence[Issue], by: Acting) -> None:
    """合并: everybody behind the others stands behind the first one from now on."""
    known = {b.identity_id for b in backers(into.session, into.issue)}
    for issue in others:
        for backing in backers(into.session, issue):
            if backing.identity_id not in known:
                known.add(backing.identity_id)
                into.session.add(
                    Endorsement(
                        community_id=into.issue.community_id,
                        issue_id=into.issue.id,
                        identity_id=backing.identity_id,
                        first=False,
                        anonymous=backing.anonymous,
                        at=backing.at,
                        text=backing.text,
                        message_id=backing.message_id,
                    )
                )
        Journey(into.session, into.rules, issue, into.now).merge_into(into.issue, by)
    into.record("merged_here", by=by, others=[issue.number for issue in others])


def rate(own: Endorsement, score: int, remark: str, now: datetime) -> None:
    """评价: 1 to 5, and a word if there is one; a second one replaces the first."""
    own.score, own.remark, own.rated_at = score, remark or None, now
