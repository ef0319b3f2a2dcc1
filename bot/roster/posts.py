"""Who serves where: the same office may be held in several periods, told apart by their dates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from operator import itemgetter

from models.people.rules import Role

from .check import Entry
from .compare import Comparison, id_of
from .people import People, label
from .places import Places
from .plan import Row

#: What makes an office one and the same.
_office = itemgetter(
    "person_id", "role", "community_id", "estate_id", "building_id", "grid_id", "department", "deputy_for"
)


def compare_posts(compared: Comparison, places: Places, people: People) -> None:
    """Without a sheet of posts nothing happens."""
    if "posts" not in compared.roster.sheets:
        return
    wanted: dict[object, list[Row]] = defaultdict(list)
    for entry in compared.entries("posts"):
        post = _post(compared, places, people, entry)
        if post is not None:
            wanted[_office(post)].append(post)
    holders = {post["person_id"] for posts in wanted.values() for post in posts}
    known = {
        row["id"]: row for row in (*compared.near("posts"), *compared.stored("posts", "person_id", holders))
    }
    before: dict[object, list[Row]] = defaultdict(list)
    for _, row in sorted(known.items()):
        before[_office(row)].append(row)

    def holder(post: Row) -> str:
        person = people.by_id.get(post["person_id"])
        return label(person) if person else "?"

    for office, posts in wanted.items():
        for post, existing in _pair(posts, before[office], compared.now):
            compared.merge("posts", existing, post, holder(post))
    named = {id_of(people.by_key.get(e.values["key"])) for e in compared.roster.sheets["posts"]}
    running = (row for _, row in sorted(known.items()) if not _ended(row, compared.now))
    compared.retire(
        "posts", running, holder, lambda row: row["community_id"] is None and row["person_id"] in named
    )


def _post(compared: Comparison, places: Places, people: People, entry: Entry) -> Row | None:
    v, blame = entry.values, compared.roster.blame
    spot = places.spot("posts", entry)
    grid = places.grid("posts", entry, spot["community_id"])
    person = people.holder(entry, "key")
    principal = people.holder(entry, "deputy_for") if v.get("deputy_for") else None
    since, until = v.get("from"), v.get("until")
    if since and until and until < since:
        blame("posts", entry.row, "until", "roster/until_before_from")
        return None
    if v["key"] == v.get("deputy_for"):
        blame("posts", entry.row, "deputy_for", "roster/own_deputy")
        return None
    if person is None or v["role"] is None:
        return None
    department = v.get("department", "")
    if v["role"] == Role.DEPARTMENT_OFFICER and not department:
        compared.roster.note("posts", entry.row, "department", "roster/department_missing")
    return {
        **spot,
        "person_id": person["id"],
        "role": v["role"],
        "grid_id": grid,
        "department": department,
        "deputy_for": id_of(principal),
        "categories": v.get("categories", ""),
        "since": since,
        "until": until,
    }


def _ended(post: Row, now: datetime) -> bool:
    return post["until"] is not None and post["until"] <= max(now, post["since"] or now)


def _pair(posts: list[Row], before: list[Row], now: datetime) -> Iterator[tuple[Row, Row | None]]:
    """Which row of the sheet is which of the database, where somebody holds one office in several periods:
    the same first, then the same beginning, then those still running, then the ended ones, newest first."""
    left = sorted(before, key=lambda r: (_ended(r, now), -r["id"]))
    tests: tuple[Callable[[Row, Row], bool], ...] = (
        lambda a, b: all(a[k] == b[k] for k in ("since", "until", "categories")),
        lambda a, b: a["since"] == b["since"] and a["categories"] == b["categories"],
        lambda a, b: a["since"] == b["since"],
        lambda _a, _b: True,
    )
    unpaired = list(posts)
    for same in tests:
        for post in list(unpaired):
            found = next((row for row in left if same(post, row)), None)
            if found is not None:
                left.remove(found)
                unpaired.remove(post)
                yield post, found
    yield from ((post, None) for post in unpaired)
