"""What goes with a person of issues, and how long words, photos and the link to residents stay."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    case,
    delete,
    exists,
    false,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from models.base import PERSONAL, changed, referring
from models.issues.rules import Status
from models.issues.tables import Assignment, Endorsement, Issue, IssueEvent, Photo
from models.messages.tables import Outbox, Wait
from models.people.privacy import ERASED, TELLING, Held, Who, forget, listed
from models.people.rules import ROLE_NAMES
from models.people.tables import Identity
from models.places.tables import Community
from models.things.tables import Thing

#: States in which nothing is expected of the reporter any more.
ENDED = (Status.CLOSED, Status.REFUSED, Status.WITHDRAWN, Status.MERGED)
#: Silence closes an issue only if 「解决了吗」 was delivered: what was said stays until that is answered.
STILL_ASKED = exists().where(Issue.id == Outbox.about, Issue.status == Status.RESOLVED)
_NO_DETAIL = update(IssueEvent).where(IssueEvent.detail != "").values(detail="")
#: So many photos are looked for by name; of more, all are read.
_FEW = 500


def reported(who: Who) -> Select[int]:
    """The issues they reported."""
    return select(Issue.id).where(Issue.reporter_id.in_(who.ids))


def backed(who: Who) -> CompoundSelect[int]:
    """The issues they reported or backed."""
    return reported(who).union(select(Endorsement.issue_id).where(Endorsement.identity_id.in_(who.ids)))


def words(session: Session, who: Who) -> set[str]:
    """What they wrote, as others may have been told it."""
    written = set(session.scalars(select(Issue.text).where(Issue.reporter_id.in_(who.ids))))
    for column in (Endorsement.text, Endorsement.remark):
        written.update(session.scalars(select(column).where(Endorsement.identity_id.in_(who.ids))))
    return {said for said in written if said and len(said) >= TELLING}


def blank_reasons(session: Session, who: Who) -> None:
    """What residents gave as reasons in these histories: nobody's name stands beside it."""
    by_residents = IssueEvent.role.is_(None) & IssueEvent.person_id.is_(None)
    changed(session, _NO_DETAIL.where(IssueEvent.issue_id.in_(backed(who)), by_residents))


def unlink_reporters(session: Session, before: datetime, *, limit: int = 200) -> int:
    """Take all words, rooms and links to residents from issues that ended before a moment; how many issues."""
    linked = exists().where(
        Endorsement.issue_id == Issue.id, Endorsement.identity_id == Identity.id, Identity.channel != ERASED
    )
    ended = select(Issue.id).where(
        Issue.status.in_(ENDED),
        Issue.changed_at < before,
        or_(Issue.text.is_not(None), Issue.reporter_id.is_not(None), linked),
    )
    ids = list(session.scalars(ended.order_by(Issue.changed_at).limit(limit)))
    for key in referring(*PERSONAL):
        table = key.parent.table
        of = table.c.id if table.name == Issue.__tablename__ else table.c.get("issue_id")
        if key.info["personal"] == "unlink" and of is not None:
            forget(session, key, of.in_(ids))
    changed(session, _NO_DETAIL.where(IssueEvent.issue_id.in_(ids)))
    return len(ids)


def purge_photos(session: Session, before: datetime, *, limit: int = 500) -> tuple[str, ...]:
    """Photos taken before a moment; the digests that no row needs any more. Their files go after the
    commit."""
    old = Photo.id.in_(select(Photo.id).where(Photo.at < before).order_by(Photo.at).limit(limit))
    digests = _digests(session, old, false())
    changed(session, delete(Photo).where(old))
    return unneeded(session, digests)


def digests_of(session: Session, who: Who) -> set[str]:
    """Their photos, of reports and of what was never finished."""
    return _digests(session, Photo.identity_id.in_(who.ids), Wait.identity_id.in_(who.ids))


def unneeded(session: Session, digests: Collection[str]) -> tuple[str, ...]:
    """Those of some photos that no row and no unfinished report needs."""
    few = Photo.digest.in_(digests) if len(digests) <= _FEW else true()
    return tuple(sorted(set(digests) - _digests(session, few, true())))


def _digests(session: Session, photos: ColumnElement[bool], waits: ColumnElement[bool]) -> set[str]:
    found = set(session.scalars(select(Photo.digest).where(photos).distinct()))
    for data in session.scalars(select(Wait.data).where(waits)):
        found.update(data.get("photos") or ())
    return found


def held(session: Session, who: Who) -> Held:
    """What they reported and backed, and the tasks they had."""
    own = Issue.reporter_id.in_(who.ids)
    photos = select(func.count(Photo.id)).where(Photo.issue_id == Issue.id, Photo.identity_id.in_(who.ids))
    wrote = func.coalesce(Endorsement.text, case((own, Issue.text)))
    backings = {"社区": Community.name, "编号": Thing.number, "由您提出": own, "时间": Endorsement.at}
    backings |= {
        "您的话": wrote,
        "房号": case((own, Issue.room)),
        "类别": Issue.category,
        "状态": Issue.status,
    }
    backings |= {"照片": photos.scalar_subquery(), "评分": Endorsement.score, "评价": Endorsement.remark}
    post = case(ROLE_NAMES, value=Assignment.role)
    tasks = {"编号": Thing.number, "职务": post, "派单": Assignment.given_at, "接单": Assignment.accepted_at}
    thing = (Thing.id == Issue.id, Issue.community_id == Community.id)
    backed_by_them = (Endorsement.issue_id == Issue.id, Endorsement.identity_id.in_(who.ids))
    theirs = (Assignment.issue_id == Thing.id, Assignment.person_id.in_(who.person_ids))
    return {
        "诉求和附议": listed(session, backings, *thing, *backed_by_them, by=Endorsement.at),
        "经手的任务": listed(session, tasks | {"结束": Assignment.ended_at}, *theirs, by=Assignment.id),
    }
