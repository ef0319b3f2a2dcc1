"""What 删除我的数据 takes away, and what 导出我的数据 hands over (promise 13): every subject is asked.

Counts, states, ratings and the public chain stay; words, photos, names, rooms, accounts and message ids go.
What goes with a row is declared by its column (`models.base.refers`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from models.base import PERSONAL, referring
from models.issues import privacy as issues
from models.messages import privacy as messages
from models.messages.privacy import Conversation
from models.messages.tables import Wait
from models.people import privacy as people
from models.record.tables import Notice
from models.signups import privacy as signups


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure took away."""

    issues: int = 0
    backings: int = 0
    messages: int = 0
    claims: int = 0
    #: Photos that no row needs any more: their files can go once this is committed.
    digests: tuple[str, ...] = ()
    #: Conversations that no longer wait, for the mirror in memory.
    waits: tuple[Conversation, ...] = ()
    #: The person stays on the community's roster, which is not the bot's to change.
    on_roster: bool = False


def erase(session: Session, identity_ids: Collection[int], now: datetime) -> Erased:
    """Take away what is known of whoever is behind these accounts, and of their other accounts where the
    person is known."""
    session.flush()
    who = people.whoever(session, identity_ids)
    if not who.accounts:
        return Erased()
    words = people.names(session, who) | issues.words(session, who)
    waits = messages.waiting(session, Wait.identity_id.in_(who.ids))
    photos = issues.digests_of(session, who)
    listed = signups.erase(session, who, people.names(session, who))
    gone = Counter({"outbox": messages.erase(session, who, issues.reported(who), listed, words)})
    issues.blank_reasons(session, who)
    # Entries hold no personal data; should one quote somebody all the same, the chain verifies without it.
    theirs = Notice.thing_id.in_(issues.backed(who))
    people.blank_quoting(session, Notice.payload, theirs, words, payload=None, salt=None)
    for key in referring(*PERSONAL):
        gone[key.parent.table.name] += people.forget(session, key, who.behind(key))
    on_roster = people.leave(session, who, now)
    digests = issues.unneeded(session, photos)
    return Erased(
        gone["issues"], gone["endorsements"], gone["outbox"], gone["claims"], digests, waits, on_roster
    )


def export_identity(session: Session, identity_ids: Collection[int]) -> people.Held:
    """Everything held about whoever is behind these accounts, with names a resident can read."""
    who = people.whoever(session, identity_ids)
    subjects = (people, issues, signups, messages)
    return {kind: rows for subject in subjects for kind, rows in subject.held(session, who).items()}
