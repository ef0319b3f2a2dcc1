"""The transition table and the steps of a journey, taken in any order on a real SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session

from bot.storage import parse_url, sync_engine
from bot.storage.migrate import upgrade
from bot.storage.rows import TurnSession
from config.rules import load_issue_rules
from config.settings import Settings
from models.base import new_id
from models.deadlines import Deadline, Due
from models.directory import Located
from models.issues import LIVE, TRANSITIONS, Assignment, Issue, IssueEvent, NotAllowed, Status, Urgency
from models.journey import (
    Said,
    close,
    end_assignments,
    finish,
    give,
    holder_of,
    last_holder,
    limit_from,
    open_issue,
    record,
    running,
    start,
    stop,
    take,
)
from models.people import Identity, Role
from models.routing import Choice, Serving
from tests.properties.invariants import broken
from tests.town import OFFICERS, START, people

RULES = load_issue_rules()
PEOPLE = [(200 + place, key, name, role) for place, (key, name, role, _) in enumerate(OFFICERS)]
OPENED: list[Engine] = []


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[Engine]:
    """One migrated file with the small community; each example is rolled back."""
    with TemporaryDirectory() as folder:
        chosen = Settings(home=Path(folder), sandbox=True)
        upgrade(chosen)
        made = sync_engine(parse_url(chosen.database_url))
        with made.begin() as connection:
            session = Session(connection)
            people(session)
            session.add(Identity(id=1, channel="sandbox", external="r3", person_id=103, seen_at=START))
            session.flush()
        OPENED.append(made)
        yield made
        OPENED.clear()
        made.dispose()


def test_the_table_names_every_status() -> None:
    assert set(TRANSITIONS) == set(Status)
    assert all(status not in after for status, after in TRANSITIONS.items())
    assert {status for status, after in TRANSITIONS.items() if not after} == {
        Status.REFUSED,
        Status.WITHDRAWN,
        Status.MERGED,
    }
    assert not any(Status.CLOSED in TRANSITIONS[status] for status in LIVE), (
        "nothing is closed that was not reported as done"
    )


@given(st.sampled_from(Status), st.sampled_from(Status), st.datetimes(timezones=st.just(UTC)))
def test_a_step_outside_the_table_changes_nothing(was: Status, wanted: Status, now: datetime) -> None:
    issue = Issue(status=was, changed_at=START)
    if wanted in TRANSITIONS[was]:
        issue.move_to(wanted, now)
        assert (issue.status, issue.changed_at) == (wanted, now)
        return
    with pytest.raises(NotAllowed) as refused:
        issue.move_to(wanted, now)
    assert (refused.value.was, refused.value.wanted) == (was, wanted)
    assert (issue.status, issue.changed_at) == (was, START)


class Journey(RuleBasedStateMachine):
    """Whatever is done with an issue, in whatever order, its rows agree with each other."""

    connection: Connection
    session: Session
    issue: Issue

    @initialize(urgency=st.sampled_from(Urgency), category=st.sampled_from(sorted(RULES.categories)))
    def report(self, urgency: Urgency, category: str) -> None:
        self.connection = OPENED[0].connect()
        self.connection.begin()
        self.session = TurnSession(
            bind=self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        )
        self.now = START
        said = Said("三栋漏水，天花板滴水", category, urgency, Located(1, 3, "1", "101"), message_id="m1")
        self.issue = open_issue(self.session, RULES, 1, said, self.now, reporter_id=1, chat_id=1)
        self.was, self.lines = Status.OPEN, 0

    def teardown(self) -> None:
        if hasattr(self, "connection"):
            self.session.close()
            self.connection.close()

    @property
    def status(self) -> Status:
        return self.issue.status

    @rule(minutes=st.integers(0, 60 * 24 * 20))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.session.flush()
        for clock in running(self.session, self.issue):
            if clock.missed_at is None and clock.due_at <= self.now:
                clock.missed_at = self.now

    @precondition(lambda self: self.status in LIVE)
    @rule(who=st.sampled_from(PEOPLE))
    def hand_over(self, who: tuple[int, str, str, Role]) -> None:
        end_assignments(self.session, self.issue, self.now)
        stop(self.session, self.issue, self.now, Due.ACCEPT)
        if self.status is Status.ACCEPTED:
            self.issue.move_to(Status.OPEN, self.now)
        person_id, key, name, role = who
        serving = Serving(person_id, key, name, role, 1, None, None, None, "", frozenset(), absent=False)
        give(self.session, RULES, self.issue, Choice(serving, {"role": role.value}), self.now)

    @precondition(lambda self: self.status in LIVE)
    @rule()
    def accept(self) -> None:
        self.session.flush()
        own = holder_of(self.session, self.issue)
        if own is not None and own.accepted_at is None:
            take(self.session, RULES, self.issue, own, self.now)
            assert self.status is Status.ACCEPTED

    @precondition(lambda self: self.status is Status.ACCEPTED)
    @rule()
    def resolve(self) -> None:
        stop(self.session, self.issue, self.now, Due.RESOLVE, met=True)
        self.issue.move_to(Status.RESOLVED, self.now)
        record(self.session, self.issue, self.now, "resolved", role=Role.CAPTAIN)
        start(self.session, self.issue, Due.CONFIRM, limit_from(self.now, RULES.confirm))

    @precondition(lambda self: self.status is Status.RESOLVED)
    @rule()
    def confirm(self) -> None:
        stop(self.session, self.issue, self.now, Due.CONFIRM, Due.VISIT, met=True)
        close(self.session, self.issue, self.now)
        assert self.status is Status.CLOSED

    @precondition(lambda self: self.status in (Status.RESOLVED, Status.CLOSED))
    @rule()
    def contest(self) -> None:
        stop(self.session, self.issue, self.now, Due.CONFIRM, Due.VISIT, met=False)
        record(self.session, self.issue, self.now, "contested")
        own = last_holder(self.session, self.issue)
        assert own is not None
        self.issue.move_to(Status.ACCEPTED, self.now)
        own.ended_at = None
        start(
            self.session,
            self.issue,
            Due.RESOLVE,
            limit_from(self.now, RULES.resolve[self.issue.urgency]),
            assignment_id=own.id,
        )

    @precondition(lambda self: self.status in LIVE)
    @rule(how=st.sampled_from([Status.REFUSED, Status.WITHDRAWN]))
    def end(self, how: Status) -> None:
        finish(self.session, self.issue, how, self.now, how.value)

    @rule(wanted=st.sampled_from(Status))
    def skip(self, wanted: Status) -> None:
        if wanted not in TRANSITIONS[self.status]:
            before = self.status
            with pytest.raises(NotAllowed):
                self.issue.move_to(wanted, self.now)
            assert self.status is before

    @invariant()
    def rows_agree(self) -> None:
        if not hasattr(self, "session"):
            return
        self.session.flush()
        stored = self.connection.execute(
            select(Issue.__table__.c.status).where(Issue.__table__.c.id == self.issue.id)
        ).scalar_one()
        assert stored is self.status
        assert not broken(self.session, self.issue)

    @invariant()
    def history_only_grows(self) -> None:
        if not hasattr(self, "session"):
            return
        lines = len(
            list(self.session.scalars(select(IssueEvent.id).where(IssueEvent.issue_id == self.issue.id)))
        )
        assert lines >= self.lines
        self.lines = lines


def test_any_order_of_steps() -> None:
    run_state_machine_as_test(
        Journey, settings=settings(max_examples=40, stateful_step_count=25, deadline=None)
    )


@given(people=st.lists(st.sampled_from([p[0] for p in PEOPLE]), min_size=2, max_size=2))
@settings(max_examples=5, deadline=None)
def test_the_database_refuses_a_second_holder(people: list[int]) -> None:
    with OPENED[0].connect() as connection, connection.begin() as whole:
        session = Session(connection, join_transaction_mode="create_savepoint")
        issue = open_issue(
            session,
            RULES,
            1,
            Said("漏水漏水", "other", Urgency.ORDINARY, Located(1, 3)),
            START,
            reporter_id=1,
            chat_id=None,
        )
        common: dict[str, Any] = {
            "community_id": 1,
            "issue_id": issue.id,
            "role": Role.CAPTAIN,
            "holder": True,
            "given_at": START,
            "why": {},
        }
        session.add_all(Assignment(id=new_id(), person_id=person, **common) for person in people)
        with pytest.raises(Exception, match="UNIQUE"):
            session.flush()
        session.close()
        whole.rollback()


def test_a_clock_missed_stays_missed() -> None:
    with OPENED[0].connect() as connection, connection.begin() as whole:
        session = Session(connection, join_transaction_mode="create_savepoint")
        issue = open_issue(
            session,
            RULES,
            1,
            Said("漏水漏水", "other", Urgency.ORDINARY, Located(1, 3)),
            START,
            reporter_id=1,
            chat_id=None,
        )
        late, fine = (
            start(session, issue, what, START + timedelta(hours=1)) for what in (Due.ACCEPT, Due.RESOLVE)
        )
        session.flush()
        late.missed_at = START + timedelta(hours=2)
        stop(session, issue, START + timedelta(hours=3), met=True)
        session.expire_all()
        found = {
            row.what: row.met
            for row in session.scalars(select(Deadline).where(Deadline.issue_id == issue.id))
        }
        assert found == {late.what: False, fine.what: True}
        session.close()
        whole.rollback()
