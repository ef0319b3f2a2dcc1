"""Photos are told by content, re-encoded without passengers, and kept by content hash; links carry a
signature."""

import contextlib
import struct
import zlib
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.storage import photos
from bot.storage.keys import Tokens, secret_of


def encoded(kind: str, size: tuple[int, int] = (80, 40), mode: str = "RGB", **options: object) -> bytes:
    out = BytesIO()
    Image.new(mode, size, (200, 30, 30, 0)[: len(mode)] if mode != "L" else 90).save(out, kind, **options)
    return out.getvalue()


def with_gps() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(0x8825)[1] = "N"
    return encoded("JPEG", exif=exif, comment=b"secret comment")


@pytest.mark.parametrize(
    "data",
    [encoded("JPEG"), encoded("PNG"), encoded("WEBP"), encoded("PNG", mode="RGBA"), encoded("PNG", mode="L")],
)
def test_the_three_kinds_become_jpeg(data: bytes) -> None:
    with Image.open(BytesIO(photos.clean(data))) as kept:
        assert (kept.format, kept.mode, kept.size) == ("JPEG", "RGB", (80, 40))


def test_a_photo_is_turned_upright_and_forgets_where_it_was_taken() -> None:
    made = photos.clean(with_gps())

    with Image.open(BytesIO(made)) as kept:
        assert kept.size == (40, 80)
        assert len(kept.getexif()) == 0
        assert not set(kept.info) & {"exif", "comment", "xmp", "icc_profile"}
    assert b"PhoneMaker" not in made
    assert b"secret" not in made


def test_see_through_becomes_white() -> None:
    with Image.open(BytesIO(photos.clean(encoded("PNG", mode="RGBA")))) as kept:
        assert kept.getpixel((5, 5)) == (255, 255, 255)


def test_a_large_photo_becomes_small() -> None:
    with Image.open(BytesIO(photos.clean(encoded("JPEG", (4000, 3000))))) as kept:
        assert kept.size == (1600, 1200)


def bomb() -> bytes:
    """A PNG that claims 60,000 × 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "kind"),
        (b"hello", "kind"),
        (encoded("GIF", mode="L"), "kind"),
        (encoded("BMP"), "kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "kind"),
        (encoded("JPEG", (500, 500))[:-400], "broken"),
        (bomb(), "large"),
        (encoded("PNG", (9000, 8000), "L"), "large"),
        (b"\xff\xd8" + b"\0" * photos.LARGEST, "large"),
    ],
)
def test_what_is_no_photo_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(photos.NotAPhoto) as refused:
        photos.clean(data)

    assert refused.value.reason == reason


@given(st.integers(0, 900), st.binary(min_size=1, max_size=40))
def test_a_damaged_photo_is_a_photo_or_refused(at: int, noise: bytes) -> None:
    whole = encoded("WEBP") if at % 2 else encoded("PNG")
    damaged = whole[:at] + noise + whole[at + len(noise) :]
    with contextlib.suppress(photos.NotAPhoto):
        photos.clean(damaged)


def test_the_same_photo_is_kept_once(tmp_path: Path) -> None:
    digest = photos.keep(tmp_path, encoded("PNG"))

    assert photos.keep(tmp_path, encoded("PNG")) == digest
    assert [f.relative_to(tmp_path).as_posix() for f in tmp_path.rglob("*") if f.is_file()] == [
        f"photos/{digest[:2]}/{digest}.jpg"
    ]
    photos.remove(tmp_path, digest)
    photos.remove(tmp_path, digest)
    assert not photos.path(tmp_path, digest).exists()


@pytest.mark.parametrize("digest", ["../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "/..", ""])
def test_only_a_digest_is_a_path(tmp_path: Path, digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        photos.path(tmp_path, digest)


TOKENS = Tokens(b"k" * 32)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@given(st.text(max_size=60), st.text(max_size=20))
def test_a_token_says_what_was_signed(subject: str, purpose: str) -> None:
    token = TOKENS.sign(purpose, subject, expires=NOON)

    assert TOKENS.verify(purpose, token, now=NOON - timedelta(seconds=1)) == subject
    assert TOKENS.verify(purpose, token, now=NOON) is None
    assert TOKENS.verify(purpose + "x", token, now=NOON - timedelta(days=1)) is None
    assert Tokens(b"o" * 32).verify(purpose, token, now=NOON - timedelta(days=1)) is None


@given(st.text(max_size=80))
def test_what_was_not_signed_is_nothing(token: str) -> None:
    assert TOKENS.verify("photo", token) is None


def test_a_changed_token_is_nothing() -> None:
    token = TOKENS.sign("photo", "abc")

    for at in range(len(token)):
        other = "A" if token[at] != "A" else "B"
        assert TOKENS.verify("photo", token[:at] + other + token[at + 1 :]) is None


def test_the_secret_is_made_once_and_private(tmp_path: Path) -> None:
    secret = secret_of(tmp_path)

    assert secret_of(tmp_path) == secret
    assert len(secret) == 32
    assert (tmp_path / "keys" / "links.key").stat().st_mode & 0o077 == 0
    with pytest.raises(ValueError, match="32"):
        Tokens(b"short")
