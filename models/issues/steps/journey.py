"""An issue on its way: each step takes one decision whole, so that the rows, their clocks and the history agree.

Callers decide whether a step is allowed to this person and whom to tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from config.rules import Category, IssueRules, Limit
from models.base import new_id
from models.issues.find.hands import active_assignments, last_holder
from models.issues.find.rows import endorsement_count
from models.issues.rules import Due, Status, Urgency
from models.issues.tables import Assignment, Correction, Hold, Issue, IssueEvent
from models.people.find.directory import Located
from models.people.rules import Acting, Choice, Serving
from models.record.steps import continue_chain
from models.things.find import running
from models.things.steps import start_clock, stop_clocks
from models.things.tables import Deadline
from models.time import limit_from


@dataclass(frozen=True, slots=True)
class Journey:
    """One issue, bound once with the session, the figures and the moment."""

    session: Session
    rules: IssueRules
    issue: Issue
    now: datetime

    # --- history, clocks, hands --------------------------------------------------------------------

    def record(
        self,
        what: str,
        *,
        by: Acting | None = None,
        unnamed: int | None = None,
        detail: str = "",
        **public: Any,
    ) -> None:
        """Add a line to the history; `public` values are shown to everybody, `detail` to those concerned, a
        person `unnamed` to nobody."""
        self.session.add(
            IssueEvent(
                community_id=self.issue.community_id,
                issue_id=self.issue.id,
                at=self.now,
                what=what,
                role=by.role if by else None,
                person_id=by.person_id if by else unnamed,
                public=public,
                detail=detail,
            )
        )

    def start(self, what: str, limit: Limit) -> Deadline:
        """Start a clock that ends after `limit`."""
        return start_clock(self.session, self.issue.thing, what, limit_from(self.now, limit))

    def stop(self, *whats: str, met: bool | None = None) -> None:
        """Stop clocks; none named means all."""
        stop_clocks(self.session, self.issue.thing, self.now, *whats, met=met)

    def hands(self) -> list[Assignment]:
        """Who has it now: the holder first, then who was told together with them."""
        new = self.session.new
        if self.issue in new and not any(
            isinstance(row, Assignment) and row.issue_id == self.issue.id for row in new
        ):
            return []
        return active_assignments(self.session, self.issue)

    def holder(self) -> Assignment | None:
        """In whose hands it is."""
        return next((a for a in self.hands() if a.holder), None)

    def give(self, choice: Choice, *, holder: bool = True, clock: bool = True) -> Assignment:
        """Put it into somebody's hands (or offer it beside the holder) and start the clock for accepting (a
        whistle has its own)."""
        given = self._assign(choice.who, choice.why, holder=holder)
        if holder:
            if clock:
                self.start(Due.ACCEPT, self.rules.accept[self.issue.urgency])
            self.record("given", by=given)
        return given

    def step_in(self, post: Serving) -> Assignment:
        """Somebody who serves the place takes an issue that was not offered to them."""
        own = self._assign(post, {"role": post.role, "own": True}, holder=False)
        self.session.flush()
        return own

    def _assign(self, who: Serving, why: dict[str, Any], *, holder: bool) -> Assignment:
        given = Assignment(
            id=new_id(),
            community_id=self.issue.community_id,
            issue_id=self.issue.id,
            person_id=who.person_id,
            role=who.role,
            department=who.department,
            holder=holder,
            given_at=self.now,
            why=why,
        )
        self.session.add(given)
        return given

    def promote(self, other: Assignment) -> None:
        """Nobody new, but somebody was told together with the holder: it is theirs now."""
        other.holder = True
        self.start(Due.ACCEPT, self.rules.accept[self.issue.urgency])
        self.record("given", by=other)

    def take(self, own: Assignment, *, together: bool = False) -> list[Assignment]:
        """接单: this assignment holds it and the clock for the work runs; returns the assignments that
        thereby ended (none when the others go on `together`, as the departments of a whistle do)."""
        ended = [] if together else self.empty_hands(but=own)
        own.holder, own.accepted_at = True, self.now
        self.stop(Due.ACCEPT, met=True)
        self.end_hold()
        if self.issue.status is Status.OPEN:
            self.issue.move_to(Status.ACCEPTED, self.now)
        if not running(self.session, self.issue.id, Due.RESOLVE):
            self.start(Due.RESOLVE, self.rules.resolve[self.issue.urgency])
        self.record("accepted", by=own)
        return ended

    def ensure_taken(self, own: Assignment) -> list[Assignment]:
        """Working on it is accepting it; returns the assignments that thereby ended."""
        return [] if own.holder and own.accepted_at is not None else self.take(own)

    def empty_hands(self, *, but: Assignment | None = None) -> list[Assignment]:
        """Take it out of all hands but one; returns those that ended."""
        ended = [a for a in self.hands() if but is None or a.id != but.id]
        for assignment in ended:
            assignment.ended_at = self.now
        if ended:
            self.session.flush()
        return ended

    def unaccept(self) -> None:
        """Whoever gets it next must accept anew."""
        if self.issue.status is Status.ACCEPTED:
            self.issue.move_to(Status.OPEN, self.now)

    def end_hold(self) -> None:
        """No 挂账 any more, neither asked for nor approved: whoever has it next starts afresh."""
        if self.issue in self.session.new:
            return
        self.session.flush()
        asked = update(Hold).where(Hold.issue_id == self.issue.id, Hold.decided_at.is_(None))
        asked = asked.values(decided_at=self.now, approved=False)
        self.session.execute(asked.execution_options(synchronize_session="fetch"))
        self.stop(Due.HOLD, Due.HOLD_APPROVAL)
        self.issue.held_until = None

    # --- from hand to hand -------------------------------------------------------------------------

    def withdraw_offer(self) -> set[int]:
        """Before it is given out anew: nobody has it, nobody's time to accept runs; returns whose it was."""
        had = {a.person_id for a in self.empty_hands()}
        self.stop(Due.ACCEPT)
        return had

    def go_up(self, holder: Assignment | None, to: Choice, reason: str) -> None:
        """One rung up. In danger nobody is sent home: whoever was told may still take it."""
        if self.issue.urgency is Urgency.EMERGENCY and holder is not None:
            holder.holder = False
            self.session.flush()
        else:
            self.empty_hands()
        self.stop(Due.ACCEPT, met=False)
        self.record("escalated", by=to.who, reason=reason)

    def pass_on(self, own: Assignment, reason: str) -> list[Assignment]:
        """From one hand to another; returns the assignments that ended."""
        ended = self.empty_hands()
        self.stop(Due.ACCEPT)
        self.end_hold()
        self.unaccept()
        self.record("transferred", by=own, detail=reason)
        return ended

    def give_back(self, own: Assignment, reason: str) -> list[Assignment]:
        """退回: who was only told of it leaves it to the others, which are returned; the holder's must go
        elsewhere, as something nobody has accepted."""
        self.record("returned", by=own, detail=reason)
        others = [a for a in self.hands() if a.id != own.id]
        if others and not own.holder:
            self.step_out(own)
            return others
        own.holder = True
        self.unaccept()
        return []

    def step_out(self, own: Assignment) -> None:
        """One of those who have it leaves it to the others."""
        own.ended_at = self.now

    def let_go(self, own: Assignment, what: str) -> None:
        """Whoever has it goes away (`what` is the line of the history)."""
        own.ended_at = self.now
        self.session.flush()
        self.record(what, by=own)
        if own.holder:
            self.stop(Due.ACCEPT, Due.HOLD_APPROVAL)
            # A request for 挂账 that nobody answered goes with whoever asked; the next may ask again.
            asked = update(Hold).where(Hold.issue_id == self.issue.id, Hold.decided_at.is_(None))
            asked = asked.values(decided_at=self.now, approved=False)
            self.session.execute(asked.execution_options(synchronize_session=False))
            self.unaccept()

    def alarm(self, kind: str) -> Assignment | None:
        """A task turned into an emergency: whoever has accepted it keeps it with the short limit; None when
        it is to be given out anew."""
        self.issue.alarm, self.issue.urgency = kind, Urgency.EMERGENCY
        self.end_hold()
        self.stop(Due.ACCEPT, Due.RESOLVE)
        holder = self.holder()
        if holder is None or holder.accepted_at is None:
            self.empty_hands()
            return None
        self.start(Due.RESOLVE, self.rules.resolve[self.issue.urgency])
        return holder

    def late(self) -> None:
        """Not finished in time, and nobody is above: the clock for the work begins once more."""
        self.start(Due.RESOLVE, self.rules.resolve[self.issue.urgency])
        self.record("late")

    # --- the work and what residents say of it -----------------------------------------------------

    def place(self, where: Located) -> bool:
        """A place that came after the report; whether it is another building than before."""
        issue = self.issue
        moved = where.building_id is not None and where.building_id != issue.building_id
        issue.estate_id, issue.building_id = (
            where.estate_id or issue.estate_id,
            where.building_id or issue.building_id,
        )
        issue.unit, issue.room = where.unit or issue.unit, where.room or issue.room
        issue.spot = where.spot or issue.spot
        self.record("place_added")
        return moved

    def resolve(self, own: Assignment, words: str) -> None:
        """Done in the handler's eyes: the clock of 「解决了吗」 runs."""
        self.stop(Due.RESOLVE, met=True)
        self.end_hold()
        self.issue.move_to(Status.RESOLVED, self.now)
        self.record("resolved", by=own, detail=words)
        self.start(Due.CONFIRM, self.rules.confirm)

    def contest(self, words: str, *, present: bool) -> Assignment | None:
        """没修好: back to whoever held it, as accepted, with the clock for the work anew; None when nobody of
        them is there any more (`present`), and it must be given out again."""
        self.stop(Due.CONFIRM, Due.VISIT, met=False)
        self.record("contested", detail=words)
        holder = last_holder(self.session, self.issue)
        if holder is None or not present:
            self.empty_hands()
            self.issue.move_to(Status.OPEN, self.now)
            return None
        self.issue.move_to(Status.ACCEPTED, self.now)
        holder.ended_at = None
        self.start(Due.RESOLVE, self.rules.resolve[self.issue.urgency])
        return holder

    def not_reached(self) -> None:
        """The question reached nobody: somebody visits."""
        self.stop(Due.CONFIRM, met=False)
        self.record("not_reached")
        self.start(Due.VISIT, self.rules.visit)

    def visit_late(self) -> None:
        """The visit did not happen in time; as long as the question is open, its clock begins once more."""
        self.stop(Due.VISIT, met=False)
        if self.issue.status is Status.RESOLVED:
            self.start(Due.VISIT, self.rules.visit)

    def close(
        self, what: str, title: str, *, by: Acting | None = None, detail: str = "", met: bool | None = True
    ) -> None:
        """The end of the journey, for the reason `what`: clocks stopped, hands emptied, published."""
        self.stop(Due.VISIT, Due.CONFIRM, met=met)
        self.record(what, by=by, detail=detail)
        self._end(Status.CLOSED)
        self.record("closed")
        self._publish(title)

    # --- decisions of officers and other ends ------------------------------------------------------

    def finish(
        self, status: Status, what: str, *, by: Acting | None = None, detail: str = "", **public: Any
    ) -> None:
        """End it other than by resolution: refused, withdrawn. Hands are emptied and clocks stopped."""
        self._end(status)
        self.record(what, by=by, detail=detail, **public)
        if status is Status.REFUSED:
            self._publish("")

    def merge_into(self, other: Issue, by: Acting) -> None:
        """It goes on as `other`."""
        self.issue.merged_into = other.id
        self.finish(Status.MERGED, "merged", by=by, into=other.number)

    def _end(self, status: Status) -> None:
        self.issue.move_to(status, self.now)
        self.end_hold()
        self.empty_hands()
        self.stop()

    def _publish(self, title: str) -> None:
        """An entry in the community's public record: facts only; of a sensitive matter nothing but that one
        was ended."""
        issue = self.issue
        facts: dict[str, object] = {"status": issue.status.value}
        if issue.public and issue.status is Status.CLOSED:
            facts |= {
                "number": issue.number,
                "title": title,
                "category": issue.category,
                "opened": issue.opened_at.isoformat(),
                "endorsements": endorsement_count(self.session, issue),
            }
        elif issue.public:
            facts |= {"category": issue.category}
        kind = f"issue_{issue.status.value}"
        continue_chain(self.session, issue.community_id, kind, facts, self.now, thing_id=issue.id)

    def recategorise(self, by: Acting, category: Category) -> None:
        """改类: the correction is kept for whoever tends the rules."""
        issue = self.issue
        self._correct(by, category.key)
        issue.category, issue.level = category.key, category.level
        # What was wrongly sensitive may be shown, unless somebody asked for 匿名 or it is over; who said it
        # stays untold.
        issue.sensitive = category.sensitive or issue.anonymous or (issue.sensitive and not issue.live)
        issue.discreet = issue.discreet or category.sensitive
        self.record("recategorised", by=by)

    def not_report(self, by: Acting) -> None:
        """不是诉求: the bot took chatter for a report; kept for whoever tends the rules."""
        self._correct(by, None)
        self.finish(Status.WITHDRAWN, "not_report", by=by)

    def _correct(self, by: Acting, category: str | None) -> None:
        self.session.add(
            Correction(
                community_id=self.issue.community_id,
                issue_id=self.issue.id,
                at=self.now,
                by_id=by.person_id,
                was=self.issue.category,
                category=category,
            )
        )

    def hide(self, by: Acting) -> None:
        """Off every page; the work goes on."""
        self.issue.hidden = True
        self.record("hidden", by=by)

    def set_level(self, by: Acting, level: int) -> None:
        """一级 residents themselves, 二级 street and community, 三级 the district."""
        self.issue.level = level
        self.record("levelled", by=by, level=level)
