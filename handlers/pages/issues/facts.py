"""One dict of public facts feeds an issue's page and its JSON twin (contract.md)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from handlers.pages.render import iso
from handlers.pages.site import Site
from models.issues.public.issue import Happened, IssueView
from models.issues.rules import Due, Status, Urgency, issue_title
from models.people.rules import ROLE_NAMES
from models.places.public import Spot

STATUS_KEYS: dict[str, str] = {
    Status.OPEN: "pages/status_open",
    Status.ACCEPTED: "pages/status_accepted",
    "held": "pages/status_held",
    Status.RESOLVED: "pages/status_resolved",
    Status.CLOSED: "pages/status_closed",
    Status.REFUSED: "pages/status_refused",
    Status.WITHDRAWN: "pages/status_withdrawn",
    Status.MERGED: "pages/status_merged",
}
URGENCY_KEYS: dict[Urgency, str] = {
    Urgency.EMERGENCY: "pages/urgency_emergency",
    Urgency.URGENT: "pages/urgency_urgent",
    Urgency.ORDINARY: "pages/urgency_ordinary",
}
DEADLINE_KEYS: dict[str, str] = {
    Due.ACCEPT: "pages/deadline_accept",
    Due.RESOLVE: "pages/deadline_resolve",
    Due.REPORT_IN: "pages/deadline_report_in",
    Due.HOLD: "pages/deadline_hold",
}


def title(site: Site, spot: Spot, category: str) -> str:
    """「3栋 · 电梯故障」: made from category and spot, never from the resident's words (promise 12)."""
    return issue_title(spot.label, spot.spot, site.rules.category(category).title)


def status_word(site: Site, status: str, *, held: bool = False) -> str:
    """The state as residents read it."""
    return site.texts.text(STATUS_KEYS["held" if held and status == Status.ACCEPTED else status])


def sentence(site: Site, event: Happened) -> str:
    """A line of the history in public words."""
    key = f"history/{event.what}"
    return (
        site.texts.text(key, **event.values)
        if key in site.texts
        else site.texts.text("pages/something_happened")
    )


def by(event: Happened) -> str:
    """Post and masked name of who acted; empty for residents and for the clock."""
    return f"{ROLE_NAMES[event.role]} {event.name}".strip() if event.role else ""


def number_of(value: Fraction | None) -> int | str | None:
    """Figures are integers, or fractions as strings; never floats."""
    if value is None:
        return None
    return int(value) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def issue(site: Site, view: IssueView) -> dict[str, Any]:
    """Exactly the fields of contract.md."""
    row = view.issue
    return {
        "number": row.number,
        "title": title(site, view.spot, row.category),
        "status": row.status.value,
        "category": row.category,
        "urgency": row.urgency.value,
        "level": row.level,
        "place": view.spot.label,
        "holder": {"role": view.holder.role, "name": view.holder.name} if view.holder else None,
        "deadlines": [
            {"what": clock.what, "due": iso(clock.due), "met": clock.met} for clock in view.deadlines
        ],
        "endorsements": view.endorsements,
        "history": [
            {"at": iso(event.at), "what": sentence(site, event), "by": by(event)} for event in view.history
        ],
        "rating": {"count": view.ratings, "mean": number_of(view.mean)},
    }
