"""What anybody may read of a sign-up (promises 8 and 12)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from models.people.public import masked
from models.people.tables import Person
from models.signups.find import standing
from models.signups.rules import public_note, public_title
from models.signups.tables import SignUp


@dataclass(frozen=True, slots=True)
class PublicLine:
    """One line; the name masked, of the note what counts."""

    n: int
    name: str
    note: str


@dataclass(frozen=True, slots=True)
class SignUpView:
    """Everything a page tells of one sign-up."""

    signup: SignUp
    title: str
    entries: list[PublicLine]


def view(session: Session, signup: SignUp) -> SignUpView:
    """The list with its people masked. The caller has asked whether it is hidden."""
    here = Person.community_id == signup.community_id, Person.name != ""
    names = session.scalars(select(Person.name).where(*here, literal(signup.title).contains(Person.name)))
    return SignUpView(
        signup,
        public_title(signup.title, names),
        [
            PublicLine(n, masked(line.name), public_note(line.note))
            for n, line in enumerate(standing(session, signup), 1)
        ],
    )
