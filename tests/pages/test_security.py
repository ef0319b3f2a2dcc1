"""Headers on every answer, the sandbox for this machine only, photos for those who may see them."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs

from bot.storage import photos
from bot.storage.keys import photo_link
from config.settings import Settings
from handlers.pages.limits import Bucket, Rate
from handlers.pages.security import client_address, client_key, sandbox_allowed
from tests.pages.scene import COMMUNITY, Scene, scene

HERE = f"/c/{quote(COMMUNITY)}"
PATHS = [
    "/",
    HERE,
    f"{HERE}/issues/17",
    f"{HERE}/issues/17.json",
    "/nothing",
    "/static/pages.css",
    "/favicon.ico",
    "/sandbox",
    "/r/" + quote(COMMUNITY),
    "/t/known-token-0001",
]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_is_guarded(pages: Scene, path: str) -> None:
    answer = await pages.client.get(path)

    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert "Server" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
async def test_no_page_has_styles_or_scripts_of_its_own(pages: Scene, path: str) -> None:
    text = await (await pages.client.get(path)).text()

    assert not re.search(
        r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)",
        text.partition("<body")[0] + text.partition("<body")[2],
    )


async def test_the_reporters_page_is_kept_by_nobody(pages: Scene) -> None:
    answer = await pages.client.get("/t/known-token-0001")

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]


async def test_photos_are_public_only_when_cleared(pages: Scene) -> None:
    for letter in "abc":
        file = photos.path(pages.home, letter * 64)
        file.parent.mkdir(parents=True)
        file.write_bytes(b"\xff\xd8\xff")

    found = {letter: (await pages.client.get(f"/photos/{letter * 64}.jpg")).status for letter in "abcd"}
    assert found == {"a": 404, "b": 404, "c": 200, "d": 404}

    signed = photo_link(pages.site.tokens, "a" * 64)
    assert (await pages.client.get(signed)).status == 200
    assert (await pages.client.get(signed.replace("a" * 64, "b" * 64))).status == 404
    assert (await pages.client.get("/photos/../../../etc/passwd")).status == 404


def asked(remote: str, **headers: str) -> Any:
    request = make_mocked_request(
        "GET",
        "/sandbox",
        headers={"Host": "127.0.0.1:8080"}
        | {name.replace("_", "-"): value for name, value in headers.items()},
    )
    return request.clone(remote=remote)


@pytest.mark.parametrize(
    ("remote", "headers", "allowed"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {"Host": "localhost:8080"}, True),
        ("192.168.1.7", {}, False),
        ("127.0.0.1", {"X_Forwarded_For": "8.8.8.8"}, False),
        ("127.0.0.1", {"X_Forwarded_For": "127.0.0.1"}, False),
        ("127.0.0.1", {"Forwarded": "for=8.8.8.8"}, False),
        ("127.0.0.1", {"Host": "evil.example"}, False),
        ("8.8.8.8", {"X_Forwarded_For": "127.0.0.1"}, False),
    ],
)
def test_the_sandbox_is_for_this_machine(
    tmp_path: Path, remote: str, headers: dict[str, str], allowed: bool
) -> None:
    assert sandbox_allowed(asked(remote, **headers), Settings(home=tmp_path)) is allowed
    assert sandbox_allowed(asked(remote, **headers), Settings(home=tmp_path, sandbox_open=True))


def test_a_proxy_is_believed_only_when_named(tmp_path: Path) -> None:
    plain, proxied = Settings(home=tmp_path), Settings(home=tmp_path, trusted_proxy="10.0.0.1, 127.0.0.0/8")

    assert str(client_address(asked("10.0.0.1", X_Forwarded_For="1.2.3.4"), plain)) == "10.0.0.1"
    assert str(client_address(asked("10.0.0.1", X_Forwarded_For="9.9.9.9, 1.2.3.4"), proxied)) == "1.2.3.4"
    assert str(client_address(asked("10.0.0.1", X_Forwarded_For="1.2.3.4, 127.0.0.1"), proxied)) == "1.2.3.4"
    assert str(client_address(asked("10.0.0.1", X_Forwarded_For="nonsense"), proxied)) == "10.0.0.1"
    assert not sandbox_allowed(asked("127.0.0.1", X_Forwarded_For="1.2.3.4"), proxied)
    assert client_key(asked("2001:db8:1:2::5"), plain) == client_key(asked("2001:db8:1:2:3::9"), plain)


async def test_from_elsewhere_the_sandbox_says_why_not(tmp_path: Path) -> None:
    async with scene(tmp_path) as pages:
        for path in ("/sandbox", "/sandbox/people", "/sandbox/chats"):
            answer = await pages.client.get(path, headers={"Host": "example.org"})
            assert answer.status == 403
            assert "沙盒只在本机打开" in await answer.text()


async def test_a_foreign_page_cannot_post(pages: Scene) -> None:
    path = "/r/" + quote(COMMUNITY)
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        answer = await pages.client.post(path, data={"text": "电梯坏了"}, headers=headers)
        assert answer.status == 403
    assert pages.hub.got == []


async def test_people_can_be_found_in_the_sandbox(pages: Scene) -> None:
    groups = (await (await pages.client.get("/sandbox/people")).json())["groups"]

    assert [(g["name"], [p["key"] for p in g["people"]]) for g in groups] == [
        ("居民", ["R0001"]),
        ("楼栋长", ["C0003"]),
    ]
    assert groups[0]["people"][0]["home"] == "3栋2单元502"
    assert groups[1]["people"][0]["post"] == "楼栋长 3栋"
    for asked_, keys in (
        ("迎新", ["R0001"]),
        ("C0003", ["C0003"]),
        ("3栋2单元502", ["R0001"]),
        ("%", ["R0001", "C0003"]),
        ("没有这人", []),
    ):
        found = (await (await pages.client.get("/sandbox/people", params={"q": asked_})).json())["groups"]
        assert [p["key"] for g in found for p in g["people"]] == keys, asked_
    assert (await (await pages.client.get("/sandbox/people/C0003")).json())["name"] == "王小明"
    assert (await pages.client.get("/sandbox/people/nobody")).status == 404


async def test_without_the_channel_there_is_no_sandbox(tmp_path: Path) -> None:
    async with scene(tmp_path, sandbox=False) as pages:
        assert "/sandbox" not in await (await pages.client.get("/")).text()
        assert (await pages.client.get("/sandbox")).status == 404


async def test_an_old_browser_may_answer_on_the_reporters_page(pages: Scene) -> None:
    for origin, status in (
        ("null", 422),
        ("https://evil.example", 403),
        (str(pages.client.make_url("/")).rstrip("/"), 422),
    ):
        assert (
            await pages.client.post("/t/known-token-0001", data={}, headers={"Origin": origin})
        ).status == status


async def test_versioned_files_may_be_kept(pages: Scene) -> None:
    assert "immutable" in (await pages.client.get("/static/pages.css?v=1")).headers["Cache-Control"]
    assert "immutable" not in (await pages.client.get("/static/pages.css")).headers.get("Cache-Control", "")
    assert "immutable" not in (await pages.client.get("/static/none.css?v=1")).headers.get(
        "Cache-Control", ""
    )


def test_a_bucket_empties_and_fills_again() -> None:
    now = [0.0]
    bucket = Bucket(Rate(2, 10), lambda: now[0])

    assert [bucket.take("a"), bucket.take("a"), bucket.take("a"), bucket.take("b")] == [
        True,
        True,
        False,
        True,
    ]
    now[0] = 10
    assert [bucket.take("a"), bucket.take("a")] == [True, False]
    now[0] = 1000
    assert [bucket.take("a") for _ in range(3)] == [True, True, False]


async def test_a_failure_is_kind_and_its_secret_address_stays_out_of_the_log(
    pages: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("handlers.pages.issues.follow.followed", broken)
    with capture_logs() as logs:
        answer = await pages.client.get("/t/known-token-0001")

    assert answer.status == 500
    assert "不是您的问题" in await answer.text()
    assert [entry["event"] for entry in logs] == ["page failed"]
    assert "known-token" not in str([{k: v for k, v in entry.items() if k != "exc_info"} for entry in logs])
