"""What a handler is given: one message (or one deadline), who said it, where, and a way to say what should be
told to whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy.orm import Session

from bot.language.understanding import Command, Understanding
from bot.storage.keys import photo_link
from bot.turns.message import Inbound, Outgoing, Overheard, Refused, Reply
from bot.turns.world import Recent, World
from models.messages.find import last_spoken, wait_of
from models.messages.steps import begin_wait, end_wait
from models.messages.tables import Wait
from models.people.find.directory import ChatInfo, CommunityInfo, Directory
from models.people.find.serving import communities_served, serving
from models.people.rules import ROLE_NAMES, WIDE, Area, Serving, posts_of
from models.people.steps import account
from models.people.tables import Identity, Person
from models.things.find import with_id
from models.things.tables import Numbered, Placed
from models.time import CHINA


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
    #: The things that came up in this chat in the last minutes, for 「我家也是」.
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

    # --- who and where -----------------------------------------------------------------------------

    @property
    def identity(self) -> Identity:
        """The account that speaks; its row is made when it first matters."""
        if self._identity is None:
            known = (
                self.directory.people.get(self.inbound.sender)
                if self.inbound.channel == self.world.roster
                else None
            )
            self._identity = account(
                self.session,
                self.inbound.channel,
                self.inbound.sender,
                self.now,
                person_id=known.id if known else None,
            )
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
        """Say which community the turn is about (a deadline, a thing that was quoted)."""
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
            own = communities_served(self.session, self.person.id)
            if len(own) == 1 and (only := own.pop()) is not None:
                return only
        # Who serves several communities means the one of which the bot spoke last, the number named first.
        spoken = last_spoken(self.session, self.inbound.channel, self.inbound.chat)
        for community_id, thing_id in spoken:
            thing = with_id(self.session, thing_id) if self.command.numbers else None
            if thing is not None and thing.number in self.command.numbers:
                return community_id
        if spoken:
            return spoken[0][0]
        raise Refused("help/which_community")

    def read(self, text: str) -> Understanding:
        """The first reading of another text: the words of a joined report, the content of a 代报."""
        return self.read_all(text)[0]

    # --- posts -------------------------------------------------------------------------------------

    def serving(self, *, anew: bool = False) -> list[Serving]:
        """Everybody in a post of this community now; `anew` when this very turn changed that."""
        key = self.community.id
        if anew or key not in self._serving:
            self._serving[key] = serving(self.session, key, self.now)
        return self._serving[key]

    def posts(self) -> list[Serving]:
        """The posts of whoever speaks."""
        return posts_of(self.serving(), self.person.id) if self.person else []

    def acting(self, roles: Collection[str], on: Placed | None = None) -> Serving:
        """The speaker's post, one of `roles`, that covers the place of what it acts on; raises `Refused`
        naming the posts that may (promise 9), and for whoever is complained of, in whichever of their posts
        (promise 11)."""
        where = self.area(on) if on is not None else None

        def covering(post: Serving) -> bool:
            return where is None or post.role in WIDE or post.covers(where)

        if on is not None and any(p.role in on.accused and covering(p) for p in self.posts()):
            raise Refused("task/against", about_number=on.number)
        for post in self.posts():
            if post.role in roles and covering(post):
                return post
        raise Overheard("post/needed", posts=self.role_names(roles))

    def area(self, of: Placed) -> Area:
        """The place of something as posts see it."""
        return self.directory.area(of.community_id, of.estate_id, of.building_id)

    def role_names(self, roles: Collection[str]) -> str:
        """「楼栋长、网格员或社区书记」."""
        names = [ROLE_NAMES[r] for r in ROLE_NAMES if r in roles]
        return names[0] if len(names) == 1 else "、".join(names[:-1]) + "或" + names[-1]

    def called(self, role: str) -> str:
        """The speaker in a post, as others read it: 「楼栋长王建国」."""
        name = self.person.name if self.person else ""
        return name if name.startswith(ROLE_NAMES[role]) else f"{ROLE_NAMES[role]}{name}"

    # --- answering and telling ---------------------------------------------------------------------

    @property
    def command(self) -> Command:
        """The parsed command; only handlers of commands ask."""
        return self.reading.command or Command("")

    def say(self, key: str, *, about: Numbered | None = None, **values: Any) -> Reply:
        """The answer, into the chat where it was said."""
        return self._reply(key, about, values)

    def whisper(self, key: str, *, about: Numbered | None = None, **values: Any) -> Reply:
        """The answer, to the speaker alone."""
        return self._reply(key, about, values, private=True)

    def apart(self, reply: Reply) -> None:
        """A second answer, to the speaker alone, beside the one in the group."""
        self.outgoing.append(Outgoing(reply, address=(self.inbound.channel, f"dm:{self.inbound.sender}")))

    def tell(
        self,
        who: int | Serving,
        key: str,
        *,
        about: Numbered | None = None,
        reminder: bool = False,
        images: Sequence[str] = (),
        **values: Any,
    ) -> None:
        """Tell a person (by id) on whatever channel reaches them. A `reminder` waits out the quiet hours."""
        reply = self._reply(key, about, values, images=tuple(images))
        person_id = who if isinstance(who, int) else who.person_id
        if not any(o.person_id == person_id and o.reply.text == reply.text for o in self.outgoing):
            self.outgoing.append(Outgoing(reply, person_id=person_id, reminder=reminder))

    def tell_identity(
        self,
        identity_id: int,
        key: str,
        *,
        about: Numbered | None = None,
        reminder: bool = False,
        images: Sequence[str] = (),
        **values: Any,
    ) -> None:
        """Tell an account (a reporter, an endorser) in its direct chat."""
        reply = self._reply(key, about, values, images=tuple(images))
        self.outgoing.append(Outgoing(reply, identity_id=identity_id, reminder=reminder))

    def _reply(self, key: str, about: Numbered | None, values: dict[str, Any], **how: Any) -> Reply:
        if about is not None:
            values = {"number": about.number, "title": self.title(about), **values}
        return self.world.texts.reply(key, about=about.id if about is not None else None, **how, **values)

    def title(self, thing: Numbered) -> str:
        """The public title of a thing, as its subject gives it."""
        return self.world.kinds[thing.kind].title(self, thing)

    def happened(self, event: object) -> None:
        """Tell the other subjects what a step did, in this transaction."""
        self.world.happened(self, event)

    @property
    def local(self) -> datetime:
        """Now as the people here say it: 「到12月5日」 means the end of that day in China."""
        return self.now.astimezone(CHINA)

    @property
    def board(self) -> str:
        """The address of the community's public board."""
        return f"{self.world.url}/c/{quote(self.community.name)}"

    def photo_link(self, digest: str) -> str:
        """A signed address of a photo, for those who work on the issue."""
        return self.world.url + photo_link(self.world.tokens, digest)

    # --- waiting -----------------------------------------------------------------------------------

    def wait(
        self,
        step: str,
        *,
        minutes: float,
        about: Numbered | None = None,
        data: dict[str, Any] | None = None,
        address: str | None = None,
    ) -> None:
        """From now on this person's next message in this chat may be the answer to `step`; one thing at a
        time."""
        found = self.waiting(address)
        begun = begin_wait(
            self.session,
            found,
            self.identity,
            address or self.inbound.chat,
            step,
            now=self.now,
            until=self.now + timedelta(minutes=minutes),
            thing_id=about.id if about is not None else None,
            data=data or {},
        )
        self.mirror.append(((begun.channel, begun.address, begun.sender), begun.until))

    def settle(self, wait: Wait) -> None:
        """The wait is over."""
        end_wait(self.session, wait)
        self.mirror.append(((wait.channel, wait.address, wait.sender), None))

    def waiting(self, address: str | None = None) -> Wait | None:
        """What this conversation waits for."""
        return wait_of(self.session, self.identity.id, address or self.inbound.chat)
