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
from models.issues.rules import LIVE, TRANSITIONS, Due, NotAllowed, Said, Status, Urgency
from models.issues.steps.backing import open_issue
from models.issues.steps.journey import Journey
from models.issues.tables import Assignment, Issue, IssueEvent
from models.people.find.directory import Located
from models.people.rules import Choice, Role, Serving
from models.people.tables import Identity
from models.things.find import running
from models.things.steps import start_clock
from models.things.tables import Deadline
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


class AnyOrder(RuleBasedStateMachine):
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
        self.issue = open_issue(self.session, RULES, 1, said, self.now, reporter_id=1, chat_id=1).issue
        self.was, self.lines = Status.OPEN, 0

    def teardown(self) -> None:
        if hasattr(self, "connection"):
            self.session.close()
            self.connection.close()

    @property
    def way(self) -> Journey:
        return Journey(self.session, RULES, self.issue, self.now)

    @property
    def status(self) -> Status:
        return self.issue.status

    @rule(minutes=st.integers(0, 60 * 24 * 20))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.session.flush()
        for clock in running(self.session, self.issue.id):
            if clock.missed_at is None and clock.due_at <= self.now:
                clock.missed_at = self.now

    @precondition(lambda self: self.status in LIVE)
    @rule(who=st.sampled_from(PEOPLE))
    def hand_over(self, who: tuple[int, str, str, str]) -> None:
        person_id, key, name, role = who
        serving = Serving(person_id, key, name, role, 1, None, None, None, "", frozenset(), absent=False)
        own = self.way.holder()
        if own is None:
            self.way.withdraw_offer()
        else:
            self.way.pass_on(own, "")
        self.way.give(Choice(serving, {"role": role}))

    @precondition(lambda self: self.status in LIVE)
    @rule()
    def accept(self) -> None:
        self.session.flush()
        own = self.way.holder()
        if own is not None:
            self.way.ensure_taken(own)
            assert self.status is Status.ACCEPTED

    @precondition(lambda self: self.status is Status.ACCEPTED)
    @rule()
    def resolve(self) -> None:
        own = self.way.holder()
        assert own is not None
        self.way.resolve(own, "修好了")

    @precondition(lambda self: self.status is Status.RESOLVED)
    @rule(what=st.sampled_from(["confirmed", "visited", "closed_silent"]))
    def close(self, what: str) -> None:
        self.way.close(what, "3栋 · 漏水排水")
        assert self.status is Status.CLOSED

    @precondition(lambda self: self.status is Status.RESOLVED)
    @rule()
    def nobody_answers(self) -> None:
        self.way.not_reached()

    @precondition(lambda self: self.status in (Status.RESOLVED, Status.CLOSED))
    @rule(present=st.booleans())
    def contest(self, present: bool) -> None:
        back = self.way.contest("没修好", present=present)
        assert (back is not None) == present
        assert present or not self.way.hands(), "it must be given out again"

    @precondition(lambda self: self.status in LIVE)
    @rule()
    def danger(self) -> None:
        self.way.alarm("fire")
        assert self.issue.urgency is Urgency.EMERGENCY

    @precondition(lambda self: self.status in LIVE)
    @rule(how=st.sampled_from([Status.REFUSED, Status.WITHDRAWN]))
    def end(self, how: Status) -> None:
        self.way.finish(how, how.value)

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
        AnyOrder, settings=settings(max_examples=40, stateful_step_count=25, deadline=None)
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
        ).issue
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
        ).issue
        late, fine = (
            start_clock(session, issue.thing, what, START + timedelta(hours=1))
            for what in (Due.ACCEPT, Due.RESOLVE)
        )
        session.flush()
        late.missed_at = START + timedelta(hours=2)
        Journey(session, RULES, issue, START + timedelta(hours=3)).stop(met=True)
        session.expire_all()
        found = {
            row.what: row.met
            for row in session.scalars(select(Deadline).where(Deadline.thing_id == issue.id))
        }
        assert found == {late.what: False, fine.what: True}
        session.close()
        whole.rollback()
