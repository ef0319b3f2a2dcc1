"""吹哨 and 报到: the street calls departments, each reports in within its own time, one of them leads."""

from __future__ import annotations

import re

from bot.language import parse_until
from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.assign import photo_links, task_values
from handlers.chat.issues.issue import in_hand, journey, tell_backers
from handlers.chat.issues.pass_on import same_department
from handlers.chat.issues.work import must_be_live
from models.issues.find.hands import least_loaded
from models.issues.find.rows import report_ins
from models.issues.rules import ISSUE, Due
from models.issues.steps import whistles
from models.issues.tables import Issue, ReportIn, Whistle
from models.people.rules import Role, Serving, candidates
from models.things.steps import settle
from models.things.tables import Deadline
from models.time import after

router = Router()
_HOURS = re.compile(r"(\d{1,4})\s*(小时|个小时|h|天|日)")
#: A whistle shorter than an hour or longer than a month is a slip of the finger.
SHORTEST, LONGEST = 1, 720


@router.command_on(ISSUE, "whistle", among=in_hand())
def whistle(turn: Turn, issue: Issue) -> Reply:
    """吹哨 17 部门A 部门B [24小时]: the first named leads."""
    post = turn.acting((Role.STREET_OFFICER,), issue)
    must_be_live(issue)
    called, hours = _called(turn, issue)
    departments = [c.department for c in called]
    for ended in whistles.blow(journey(turn, issue), post, called, hours):
        if ended.person_id not in [c.person_id for c in called]:
            turn.tell(ended.person_id, "task/went_up", about=issue, to=departments[0])
    values = {**task_values(turn, issue), "due": after(turn.now, hours=hours)}
    for who in called:
        turn.tell(
            who,
            "whistle/called",
            about=issue,
            images=photo_links(turn, issue),
            leading=who is called[0],
            department=who.department,
            **values,
        )
    tell_backers(turn, issue, "reporter/whistled", departments=departments)
    return turn.whisper("whistle/blown", about=issue, departments=departments, hours=hours)


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
        s for s in turn.serving() if s.role == Role.DEPARTMENT_OFFICER and s.department and not s.absent
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


@router.command_on(ISSUE, "report_in", among=in_hand())
def report_in(turn: Turn, issue: Issue) -> Reply:
    """报到 17."""
    turn.acting((Role.DEPARTMENT_OFFICER,), issue)
    mine = {p.department: p for p in turn.posts() if p.role == Role.DEPARTMENT_OFFICER}
    rows = [row for row in report_ins(turn.session, issue) if row.department in mine]
    row = next((r for r in rows if r.reported_at is None), None)
    if row is None:
        key = "whistle/reported_already" if rows else "whistle/not_called"
        raise Refused(key, about_number=issue.number)
    whistles.report_in(journey(turn, issue), row, mine[row.department])
    blown = turn.session.get_one(Whistle, row.whistle_id)
    turn.tell(blown.by_id, "whistle/they_reported", about=issue, department=row.department)
    tell_backers(turn, issue, "reporter/reported_in", department=row.department)
    return turn.whisper("whistle/reported", about=issue, leading=row.leading)


@router.due(Due.REPORT_IN)
def missed(turn: Turn, issue: Issue, deadline: Deadline) -> None:
    """A department did not come in time: the street and the department are told, once."""
    row = turn.session.get_one(ReportIn, deadline.part_id)
    if row.reported_at is not None or not issue.live:
        settle(deadline, turn.now, met=row.reported_at is not None)
        return
    journey(turn, issue).record("report_in_missed", department=row.department)
    blown = turn.session.get_one(Whistle, row.whistle_id)
    turn.tell(blown.by_id, "whistle/they_missed", about=issue, reminder=True, department=row.department)
    turn.tell(row.person_id, "whistle/you_missed", about=issue, reminder=True)
