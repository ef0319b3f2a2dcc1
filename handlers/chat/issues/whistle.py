"""吹哨 and 报到: the street calls departments, each reports in within its own time, one of them leads."""

from __future__ import annotations

import re

from sqlalchemy import select

from bot.language import parse_until
from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.assign import photo_links, task_values
from handlers.chat.issues.pass_on import same_department
from handlers.chat.issues.work import tell_backers
from handlers.chat.things.number import in_hand, named
from models.base import new_id
from models.issues.find.hands import active_assignments, least_loaded
from models.issues.rules import LIVE, Status
from models.issues.steps import end_assignments, end_hold, give, record, start, stop, take
from models.issues.tables import Issue, ReportIn, Whistle
from models.people.rules import Choice, Role, Serving, candidates
from models.things.rules import Due
from models.things.tables import Deadline
from models.time import after, limit_from

router = Router()
_HOURS = re.compile(r"(\d{1,4})\s*(小时|个小时|h|天|日)")
#: A whistle shorter than an hour or longer than a month is a slip of the finger.
SHORTEST, LONGEST = 1, 720


@router.command("whistle")
def whistle(turn: Turn) -> Reply:
    """吹哨 17 部门A 部门B [24小时]: the first named leads."""
    issue = in_hand(turn, "whistle")[0]
    turn.acting((Role.STREET_OFFICER,), issue)
    if issue.status not in LIVE:
        raise Refused(f"task/already_{issue.status.value}", about_number=issue.number)
    called, hours = _called(turn, issue)
    row = Whistle(
        id=new_id(),
        community_id=issue.community_id,
        issue_id=issue.id,
        by_id=turn.person.id if turn.person else 0,
        at=turn.now,
        hours=hours,
    )
    turn.session.add(row)
    _hand_to_departments(turn, issue, row, called)
    issue.level = 3
    record(
        turn.session,
        issue,
        turn.now,
        "whistled",
        role=Role.STREET_OFFICER,
        person_id=row.by_id,
        departments=[d.department for d in called],
        hours=hours,
    )
    tell_backers(turn, issue, "reporter/whistled", departments=[d.department for d in called])
    return turn.whisper("whistle/blown", about=issue, departments=[d.department for d in called], hours=hours)


def _called(turn: Turn, issue: Issue) -> tuple[list[Serving], int]:
    """The departments named, one officer each, and the hours; raises `Refused` naming those that can be
    called."""
    rest = turn.command.rest
    hours = turn.world.rules.report_in_hours
    match = _HOURS.search(rest)
    if match:
        hours = int(match[1]) * (24 if match[2] in "天日" else 1)
        rest = rest[: match.start()] + " " + rest[match.end() :]
    elif (until := parse_until(rest, turn.local)) is not None and until > turn.now:
        hours = max(1, round((until - turn.now).total_seconds() / 3600))
    if not SHORTEST <= hours <= LONGEST:
        raise Refused("whistle/hours", about_number=issue.number)
    everybody = [
        s for s in turn.serving() if s.role is Role.DEPARTMENT_OFFICER and s.department and not s.absent
    ]
    known = sorted({s.department for s in everybody})
    called: list[Serving] = []
    for word in re.split(r"[\s,，、;；]+", rest.strip()):
        if not word:
            continue
        fitting = [d for d in known if d == word] or [d for d in known if same_department(d, word)]
        if len(fitting) != 1:
            raise Refused("whistle/unknown", about_number=issue.number, wanted=word, known=known)
        if fitting[0] in [c.department for c in called]:
            continue
        equals = candidates(
            everybody,
            Role.DEPARTMENT_OFFICER,
            category=issue.category,
            where=turn.area(issue),
            department=fitting[0],
        ) or [s for s in everybody if s.department == fitting[0]]
        called.append(least_loaded(turn.session, equals))
    if not called:
        raise Refused("whistle/whom", about_number=issue.number, known=known)
    return called, hours


def _hand_to_departments(turn: Turn, issue: Issue, row: Whistle, called: list[Serving]) -> None:
    for ended in end_assignments(turn.session, issue, turn.now):
        if ended.person_id not in [c.person_id for c in called]:
            turn.tell(ended.person_id, "task/went_up", about=issue, to=called[0].department)
    stop(turn.session, issue, turn.now, Due.ACCEPT, Due.RESOLVE, Due.REPORT_IN)
    end_hold(turn.session, issue, turn.now)
    if issue.status is Status.ACCEPTED:
        issue.move_to(Status.OPEN, turn.now)
    due = after(turn.now, hours=row.hours)
    for place, who in enumerate(called):
        leading = place == 0
        why = {"role": who.role.value, "whistle": True, "department": who.department}
        give(turn.session, turn.world.rules, issue, Choice(who, why), turn.now, holder=leading, clock=False)
        report_in = ReportIn(
            id=new_id(),
            community_id=issue.community_id,
            whistle_id=row.id,
            issue_id=issue.id,
            department=who.department,
            person_id=who.person_id,
            leading=leading,
            due_at=due,
        )
        turn.session.add(report_in)
        start(turn.session, issue, Due.REPORT_IN, due, report_in_id=report_in.id)
        values = task_values(turn, issue)
        turn.tell(
            who,
            "whistle/called",
            about=issue,
            images=photo_links(turn, issue),
            due=due,
            leading=leading,
            department=who.department,
            **values,
        )
    start(turn.session, issue, Due.RESOLVE, limit_from(turn.now, turn.world.rules.resolve["complex"]))


@router.command("report_in")
def report_in(turn: Turn) -> Reply:
    """报到 17."""
    issue = named(turn)[0] if named(turn) else in_hand(turn, "report_in")[0]
    turn.acting((Role.DEPARTMENT_OFFICER,), issue)
    mine = {p.department for p in turn.posts() if p.role is Role.DEPARTMENT_OFFICER}
    rows = turn.session.scalars(
        select(ReportIn).where(ReportIn.issue_id == issue.id).order_by(ReportIn.id.desc())
    ).all()
    row = next((r for r in rows if r.department in mine and r.reported_at is None), None)
    if row is None:
        already = any(r.department in mine for r in rows)
        raise Refused(
            "whistle/reported_already" if already else "whistle/not_called", about_number=issue.number
        )
    row.reported_at, row.reported_by = turn.now, turn.person.id if turn.person else None
    clock = turn.session.scalars(
        select(Deadline).where(Deadline.report_in_id == row.id, Deadline.settled_at.is_(None))
    ).first()
    if clock is not None:
        clock.settled_at, clock.met = turn.now, clock.missed_at is None
    record(
        turn.session,
        issue,
        turn.now,
        "reported_in",
        role=Role.DEPARTMENT_OFFICER,
        person_id=row.reported_by,
        department=row.department,
    )
    if row.leading and issue.live:
        holder = next((a for a in active_assignments(turn.session, issue) if a.holder), None)
        if holder is not None:
            take(turn.session, turn.world.rules, issue, holder, turn.now, together=True)
    blown = turn.session.get_one(Whistle, row.whistle_id)
    turn.tell(blown.by_id, "whistle/they_reported", about=issue, department=row.department)
    tell_backers(turn, issue, "reporter/reported_in", department=row.department)
    return turn.whisper("whistle/reported", about=issue, leading=row.leading)


@router.due("report_in")
def missed(turn: Turn, issue: Issue, deadline: Deadline) -> None:
    """A department did not come in time: the street and the department are told, once."""
    row = turn.session.get_one(ReportIn, deadline.report_in_id)
    if row.reported_at is not None or not issue.live:
        deadline.settled_at, deadline.met = turn.now, row.reported_at is not None
        return
    record(turn.session, issue, turn.now, "report_in_missed", department=row.department)
    blown = turn.session.get_one(Whistle, row.whistle_id)
    turn.tell(blown.by_id, "whistle/they_missed", about=issue, reminder=True, department=row.department)
    turn.tell(row.person_id, "whistle/you_missed", about=issue, reminder=True)
