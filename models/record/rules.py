"""A hash chain that anyone can recompute."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from models.record.tables import Notice

#: What the first entry names as its predecessor.
GENESIS = "0" * 64


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no blanks: the bytes that are hashed."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def payload_hash(salt: str, payload: Mapping[str, Any]) -> str:
    """A salted commitment: without the salt nobody can guess an erased payload back from its hash."""
    return hashlib.sha256(salt.encode() + b"\n" + canonical(payload)).hexdigest()


def entry_hash(previous: str, seq: int, kind: str, at: str, payload: str) -> str:
    """The hash of one entry; `at` in ISO 8601, UTC, whole seconds; `payload` is the payload's hash."""
    return hashlib.sha256(canonical([previous, seq, kind, at, payload])).hexdigest()


def stamp(at: datetime) -> str:
    """A moment as it is hashed."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat()


def exported(notice: Notice) -> dict[str, Any]:
    """One entry as it is published; salt and payload are null once erased."""
    return {
        "seq": notice.seq,
        "kind": notice.kind,
        "at": stamp(notice.at),
        "payload": notice.payload,
        "salt": notice.salt,
        "payload_hash": notice.payload_hash,
        "previous": notice.previous,
        "hash": notice.hash,
    }


def verify(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """What does not recompute, in words; empty when the chain holds. Needs no database."""
    wrong: list[str] = []
    previous = GENESIS
    for place, entry in enumerate(entries, 1):
        where = f"entry {place}"
        try:
            if entry["seq"] != place:
                wrong.append(f"{where}: numbered {entry['seq']}")
            if entry["previous"] != previous:
                wrong.append(f"{where}: does not follow the entry before it")
            if entry["payload"] is not None and not hmac.compare_digest(
                payload_hash(entry["salt"], entry["payload"]), entry["payload_hash"]
            ):
                wrong.append(f"{where}: its content was changed")
            if (
                entry_hash(entry["previous"], entry["seq"], entry["kind"], entry["at"], entry["payload_hash"])
                != entry["hash"]
            ):
                wrong.append(f"{where}: its hash does not recompute")
            previous = entry["hash"]
        except (KeyError, TypeError, AttributeError):
            wrong.append(f"{where}: not an entry of a ledger")
            break
    return wrong
