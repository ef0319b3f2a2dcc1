"""What a handler is given: one message (or one deadline), who said it, where, and a way to say what should be
told to whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from lunardate import LunarDate
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from bot.language import Reader
from bot.language.understanding import Command, Understanding
from bot.message import Inbound, Outgoing, Refused, Reply
from bot.texts import Texts
from bot.tokens import Tokens, photo_link
from config.rules import IssueRules
from models.base import new_id
from models.deadlines import CHINA
from models.directory import ChatInfo, CommunityInfo, Directory
from models.issues import Issue
from models.messages import Outbox, Wait
from models.people import ROLE_NAMES, Identity, Person, Post, Role
from models.routing import Area, Serving, posts_of, serving


@dataclass(frozen=True, slots=True)
class Recent:
    """The issue somebody opened or joined in a chat moments ago: what follows within two minutes belongs to
    it."""

    issue_id: int
    at: datetime
    message_id: str | None


@dataclass(frozen=True, slots=True)
class World:
    """What is the same for every turn of a running installation."""

    texts: Texts
    rules: IssueRules
    reader: Reader
    tokens: Tokens
    url: str
    #: Names of the channels that are running; the one, if any, whose accounts are the people of the roster by
    #: their keys; and those on which nobody is told anything until they open a page.
    channels: frozenset[str]
    roster: str | None
    silent: frozenset[str]


_IDENTITY = select(Identity).where(
    Identity.channel == bindparam("channel"), Identity.external == bindparam("external")
)
_WAIT = select(Wait).where(Wait.identity_id == bindparam("identity"), Wait.address == bindparam("address"))


@dataclass(slots=True)
class Turn:
    """One errand in one transaction. A handler returns the reply and may `tell` others; nothing leaves before
    the commit."""

    session: Session
    world: World
    directory: Directory
    now: datetime
    inbound: Inbound
    reading: Understanding
    #: Reads a text of this message's writer, one reading for each thing it is about.
    read_all: Callable[[str], list[Understanding]]
    #: The issues that came up in this chat in the last minutes, for 「我家也是」.
    latest: tuple[int, ...] = ()
    #: Photos already cleaned and stored, by digest.
    photos: tuple[str, ...] = ()
    recent: Recent | None = None
    outgoing: list[Outgoing] = field(default_factory=list)
    #: What the two-minute context shall remember after the commit.
    remember: Recent | None = None
    #: The roster changed: the directory is read anew after the commit.
    roster_changed: bool = False
    #: Conversations that begin (until when) or cease (None) to wait, for the mirror in memory.
    mirror: list[tuple[tuple[str, str, str], datetime | None]] = field(default_factory=list)
    #: Something was written although there is nothing to say.
    changed: bool = False
    #: Pictures whose rows were deleted: their files go after the commit.
    dropped: list[str] = field(default_factory=list)
    #: 别听我的 or 听我的 was said.
    listening: bool | None = None
    _identity: Identity | None = None
    _person: Person | None = None
    _community_id: int | None = None
    _serving: dict[int, list[Serving]] = field(default_factory=dict)

    # --- who and where
    # ---------------------------------------------------------------------------------------------------

    @property
    def identity(self) -> Identity:
        """The account that speaks; its row is made when it first matters."""
        if self._identity is None:
            found = self.session.scalars(
                _IDENTITY, {"channel": self.inbound.channel, "external": self.inbound.sender}
            ).first()
            if found is None:
                found = Identity(
                    id=new_id(),
                    channel=self.inbound.channel,
                    external=self.inbound.sender,
                    seen_at=self.now,
                    ignored=False,
                )
                self.session.add(found)
            elif self.now - found.seen_at > timedelta(hours=12):
                found.seen_at = self.now
            if (
                found.person_id is None
                and self.inbound.channel == self.world.roster
                and (known := self.directory.people.get(self.inbound.sender))
            ):
                found.person_id = known.id
            self._identity = found
        return self._identity

    @property
    def person(self) -> Person | None:
        """The person behind the account, once known."""
        if self._person is None and self.identity.person_id is not None:
            self._person = self.session.get(Person, self.identity.person_id)
        return self._person

    @property
    def speaker_id(self) -> int | None:
        """The account that speaks, or None when a clock does."""
        return self.identity.id if self.inbound.sender else None

    @property
    def chat(self) -> ChatInfo | None:
        """The group it was said in; None in a direct chat."""
        return self.directory.chats.get((self.inbound.channel, self.inbound.chat))

    @property
    def community(self) -> CommunityInfo:
        """The community this turn is about. Raises `Refused` when nothing tells it."""
        if self._community_id is None:
            self._community_id = self._find_community()
        return self.directory.communities[self._community_id]

    def in_community(self, community_id: int) -> None:
        """Say which community the turn is about (a deadline, an issue named by number)."""
        self._community_id = community_id

    @property
    def known_community(self) -> int | None:
        """The community if the turn had to know it."""
        return self._community_id

    def _find_community(self) -> int:
        if self.chat:
            return self.chat.community_id
        if named := self.directory.by_name.get(self.inbound.community):
            return named.id
        if self.person and self.person.community_id:
            return self.person.community_id
        if len(self.directory.communities) == 1:
            return next(iter(self.directory.communities))
        if self.person:
            own = set(self.session.scalars(select(Post.community_id).where(Post.person_id == self.person.id)))
            if len(own) == 1 and (only := own.pop()) is not None:
                return only
        # Who serves several communities means the one of which the bot spoke last, the number named first.
        spoken = select(Outbox.community_id, Issue.number).join(Issue, Outbox.about == Issue.id, isouter=True)
        spoken = spoken.where(
            Outbox.channel == self.inbound.channel,
            Outbox.address == self.inbound.chat,
            Outbox.community_id.is_not(None),
        )
        recent = [
            (c, n)
            for c, n in self.session.execute(spoken.order_by(Outbox.id.desc()).limit(50))
            if c is not None
        ]
        numbers = self.command.numbers
        chosen = next((c for c, number in recent if number in numbers), None) or next(
            (c for c, _ in recent), None
        )
        if chosen is not None:
            return chosen
        raise Refused("help/which_community", private=True)

    def read(self, text: str) -> Understanding:
        """The first reading of another text: the words of a joined report, the content of a 代报."""
        return self.read_all(text)[0]

    # --- posts
    # -----------------------------------------------------------------------------------------------------------

    def serving(self) -> list[Serving]:
        """Everybody in a post of this community now."""
        key = self.community.id
        if key not in self._serving:
            self._serving[key] = serving(self.session, key, self.now)
        return self._serving[key]

    def posts(self) -> list[Serving]:
        """The posts of whoever speaks."""
        return posts_of(self.serving(), self.person.id) if self.person else []

    def acting(self, roles: Collection[Role], issue: Issue | None = None) -> Serving:
        """The speaker's post, one of `roles`, that covers the issue's place; raises `Refused` naming the
        posts that may (promise 9), and
        for whoever the issue complains about, in whichever of their posts (promise 11)."""
        wide = (Role.STREET_OFFICER, Role.DEPARTMENT_OFFICER, Role.SECRETARY)
        where = self.area(issue) if issue else None
        if issue is not None and where is not None and self._complained_of(issue, where):
            raise Refused("task/against", private=True, about_number=issue.number)
        for post in self.posts():
            if post.role in roles and (where is None or post.role in wide or post.covers(where)):
                return post
        raise Refused("post/needed", private=True, posts=self.role_names(roles))

    def _complained_of(self, issue: Issue, where: Area) -> bool:
        wide = (Role.STREET_OFFICER, Role.DEPARTMENT_OFFICER, Role.SECRETARY)
        against = set(filter(None, issue.against.split(",")))
        return any(
            post.role.value in against and (post.role in wide or post.covers(where))
            for post in (self.posts() if against else ())
        )

    def area(self, issue: Issue) -> Area:
        """The issue's place as posts see it."""
        return self.directory.area(issue.community_id, issue.estate_id, issue.building_id)

    def role_names(self, roles: Collection[Role]) -> str:
        """「楼栋长、网格员或社区书记」."""
        names = [ROLE_NAMES[r] for r in ROLE_NAMES if r in roles]
        return names[0] if len(names) == 1 else "、".join(names[:-1]) + "或" + names[-1]

    def called(self, role: Role) -> str:
        """The speaker in a post, as others read it: 「楼栋长王建国」."""
        name = self.person.name if self.person else ""
        return name if name.startswith(ROLE_NAMES[role]) else f"{ROLE_NAMES[role]}{name}"

    # --- answering and telling
    # -------------------------------------------------------------------------------------------

    @property
    def command(self) -> Command:
        """The parsed command; only handlers of commands ask."""
        return self.reading.command or Command("")

    def say(self, key: str, *, about: Issue | None = None, **values: Any) -> Reply:
        """The answer, into the chat where it was said."""
        return self.world.texts.reply(key, about=about.id if about else None, **self._with(about, values))

    def whisper(self, key: str, *, about: Issue | None = None, **values: Any) -> Reply:
        """The answer, to the speaker alone."""
        return self.world.texts.reply(
            key, about=about.id if about else None, private=True, **self._with(about, values)
        )

    def apart(self, reply: Reply) -> None:
        """A second answer, to the speaker alone, beside the one in the group."""
        self.outgoing.append(Outgoing(reply, address=(self.inbound.channel, f"dm:{self.inbound.sender}")))

    def tell(
        self,
        who: int | Serving,
        key: str,
        *,
        about: Issue | None = None,
        reminder: bool = False,
        images: Sequence[str] = (),
        **values: Any,
    ) -> None:
        """Tell a person (by id) on whatever channel reaches them. A `reminder` waits out the quiet hours."""
        reply = self.world.texts.reply(
            key, about=about.id if about else None, images=tuple(images), **self._with(about, values)
        )
        person_id = who if isinstance(who, int) else who.person_id
        if any(o.person_id == person_id and o.reply.text == reply.text for o in self.outgoing):
            return
        self.outgoing.append(Outgoing(reply, person_id=person_id, reminder=reminder))

    def tell_identity(
        self,
        identity_id: int,
        key: str,
        *,
        about: Issue | None = None,
        reminder: bool = False,
        images: Sequence[str] = (),
        **values: Any,
    ) -> None:
        """Tell an account (a reporter, an endorser) in its direct chat."""
        reply = self.world.texts.reply(
            key, about=about.id if about else None, images=tuple(images), **self._with(about, values)
        )
        self.outgoing.append(Outgoing(reply, identity_id=identity_id, reminder=reminder))

    def tell_chat(
        self, chat: ChatInfo, key: str, *, about: Issue | None = None, reminder: bool = False, **values: Any
    ) -> None:
        """Say something in a group that nobody there asked just now."""
        reply = self.world.texts.reply(key, about=about.id if about else None, **self._with(about, values))
        self.outgoing.append(Outgoing(reply, address=(chat.channel, chat.key), reminder=reminder))

    def _with(self, issue: Issue | None, values: dict[str, Any]) -> dict[str, Any]:
        if issue is None:
            return values
        return {"number": issue.number, "title": self.title(issue), **values}

    def title(self, issue: Issue) -> str:
        """「3栋2单元 · 电梯故障」: place, spot and category, never the resident's words (promise 12)."""
        category = self.world.rules.category(issue.category)
        place = self.directory.place_label(issue.community_id, issue.estate_id, issue.building_id, issue.unit)
        return issue_title(place, issue.spot, category.title)

    @property
    def local(self) -> datetime:
        """Now as the people here say it: 「到12月5日」 means the end of that day in China."""
        return self.now.astimezone(CHINA)

    def photo_link(self, digest: str) -> str:
        """A signed address of a photo, for those who work on the issue."""
        return self.world.url + photo_link(self.world.tokens, digest)

    # --- waiting
    # ---------------------------------------------------------------------------------------------------------

    def wait(
        self,
        step: str,
        *,
        minutes: float,
        issue: Issue | None = None,
        data: dict[str, Any] | None = None,
        address: str | None = None,
    ) -> Wait:
        """From now on this person's next message in this chat may be the answer to `step`; one thing at a
        time."""
        found = self.waiting(address)
        if found is not None and found.holds_report:
            # A report that waits for its place is not lost to the next question: it goes on as it is, at
            # once.
            found.address, found.until = f"{found.address}#{found.id}", self.now
            self.session.flush()
            found = None
        if found is None:
            found = Wait(
                id=new_id(),
                identity_id=self.identity.id,
                channel=self.inbound.channel,
                sender=self.inbound.sender,
                address=address or self.inbound.chat,
            )
            self.session.add(found)
        found.step, found.issue_id, found.data = step, issue.id if issue else None, data or {}
        found.until = self.now + timedelta(minutes=minutes)
        self.mirror.append(((found.channel, found.address, found.sender), found.until))
        return found

    def settle(self, wait: Wait) -> None:
        """The wait is over."""
        self.session.delete(wait)
        self.mirror.append(((wait.channel, wait.address, wait.sender), None))

    def waiting(self, address: str | None = None) -> Wait | None:
        """What this conversation waits for."""
        return self.session.scalars(
            _WAIT, {"identity": self.identity.id, "address": address or self.inbound.chat}
        ).first()

    def quiet_hours(self) -> bool:
        """Night: reminders wait, clocks do not stop."""
        return quiet_until(self.now, self.world.rules) is not None


def issue_title(place: str, spot: str | None, category_title: str) -> str:
    """The public title of an issue from its place label, its spot and the title of its category."""
    what = category_title if not spot or spot in category_title else f"{spot} · {category_title}"
    return f"{place} · {what}" if place else what


def quiet_until(moment: datetime, rules: IssueRules) -> datetime | None:
    """The end of the quiet hours or quiet days that `moment` falls into, or None. Quiet days: 除夕 to
    初六."""
    local = moment.astimezone(CHINA)
    end = local
    if local.hour >= rules.quiet_from:
        end = (local + timedelta(days=1)).replace(hour=rules.quiet_until, minute=0, second=0, microsecond=0)
    elif local.hour < rules.quiet_until:
        end = local.replace(hour=rules.quiet_until, minute=0, second=0, microsecond=0)
    while _spring_festival(end.date()):
        end = (end + timedelta(days=1)).replace(hour=rules.quiet_until, minute=0, second=0, microsecond=0)
    return end.astimezone(moment.tzinfo) if end != local else None


@lru_cache(maxsize=512)
def _spring_festival(day: date) -> bool:
    """除夕 to 初六."""
    today, tomorrow = LunarDate.from_solar_date(day.year, day.month, day.day), day + timedelta(days=1)
    if today.month == 1 and not today.is_leap_month:
        return bool(today.day <= 6)
    eve = LunarDate.from_solar_date(tomorrow.year, tomorrow.month, tomorrow.day)
    return bool(eve.month == 1 and eve.day == 1 and not eve.is_leap_month)
