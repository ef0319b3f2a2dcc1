"""Signed links and forms: what was signed for one purpose is worth nothing for another, and expires where
that is asked for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

_MAC_BYTES = 18
_SECRET_BYTES = 32
#: The purpose of a link to one photo.
PHOTO = "photo"


class Tokens:
    """Signs and verifies with one secret of the installation."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _SECRET_BYTES:
            raise ValueError(f"a secret needs at least {_SECRET_BYTES} bytes")
        self._secret = secret

    def sign(self, purpose: str, subject: str, *, expires: datetime | None = None) -> str:
        """A token that says: `subject`, for `purpose`, until `expires`. Safe in a path; the subject can be
        read by its holder."""
        until = "" if expires is None else format(int(expires.timestamp()), "x")
        body = _encode(f"{until}.{subject}".encode())
        return f"{body}.{_encode(self._mac(purpose, body))}"

    def verify(self, purpose: str, token: str, *, now: datetime | None = None) -> str | None:
        """The subject, or None for a token that is not ours, is for something else, or has expired."""
        body, dot, mac = token.partition(".")
        given = _decode(mac)
        if not dot or given is None or not hmac.compare_digest(given, self._mac(purpose, body)):
            return None
        decoded = _decode(body)
        if decoded is None:
            return None
        until, _, subject = decoded.decode().partition(".")
        if until and int(until, 16) <= (now or datetime.now(UTC)).timestamp():
            return None
        return subject

    def derive(self, purpose: str, subject: str) -> str:
        """A name that only this installation could have made from `subject`: unguessable, and the same each
        time."""
        return _encode(self._mac(f"derive {purpose}", subject))

    def _mac(self, purpose: str, body: str) -> bytes:
        # The length keeps ("a", "b.c") apart from ("a.b", "c").
        return hmac.new(self._secret, f"{len(purpose)}.{purpose}.{body}".encode(), hashlib.sha256).digest()[
            :_MAC_BYTES
        ]


def photo_link(tokens: Tokens, digest: str, *, expires: datetime | None = None) -> str:
    """The path by which somebody who may see a photo that is not public sees it: its reporter, officers, the
    sandbox."""
    return f"/photos/{digest}.jpg?k={tokens.sign(PHOTO, digest, expires=expires)}"


def secret_of(home: Path) -> bytes:
    """The installation's secret for links, made at the first start and readable by its owner only. Belongs
    into every backup."""
    file = home / "keys" / "links.key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(secrets.token_bytes(_SECRET_BYTES))
            out.flush()
            os.fsync(out.fileno())
        try:
            # Two processes may start at once: the first one's secret stands.
            os.link(part, file)
        except FileExistsError:
            pass
        except OSError:
            # A file system without hard links.
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    return file.read_bytes()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes | None:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    # Several spellings decode to the same bytes; only ours is accepted.
    return raw if _encode(raw) == text else None
