"""Photos: told by their content, made small and free of EXIF, kept under the hash of what is kept.

Everything here is blocking (decoding a picture, fsync): callers run it in a thread.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

#: What a resident may send, in bytes.
LARGEST = 10 * 1024 * 1024
#: More pixels than phones write; a file that claims more is not decoded.
PIXELS = 64_000_000
#: Other kinds are decoded whole: a file of some kilobytes could ask for a gigabyte of memory.
WHOLE_PIXELS = 20_000_000
#: The longer side of what is kept.
SIDE = 1600
KINDS = ("JPEG", "PNG", "WEBP")
QUALITY = 82
_DIGEST = re.compile(r"[0-9a-f]{64}")

#: What Pillow's decoders raise for a crafted or cut-off file.
_DECODER_ERRORS = (OSError, ValueError, SyntaxError, EOFError, OverflowError, IndexError, KeyError, TypeError)


class NotAPhoto(ValueError):
    """Not a picture we take. `reason` is `large`, `kind` (not JPEG, PNG or WebP) or `broken`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check(data: bytes) -> None:
    """Refuse at once, without decoding, what can be told from its first bytes. Raises `NotAPhoto`."""
    with _opened(data):
        pass


def clean(data: bytes) -> bytes:
    """The picture as a JPEG of at most `SIDE` pixels, upright, without EXIF or any other passenger."""
    with _opened(data) as picture:
        # JPEG can be decoded at a fraction of its size.
        picture.draft("RGB", (SIDE, SIDE))
        small = _fit(picture)
    out = BytesIO()
    small.save(out, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return out.getvalue()


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The picture, not yet decoded. What goes wrong inside becomes `NotAPhoto`."""
    if len(data) > LARGEST:
        raise NotAPhoto("large")
    try:
        with warnings.catch_warnings():
            # Pillow's own limit is higher than ours, and only a warning.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(data), formats=KINDS)
    except UnidentifiedImageError:
        raise NotAPhoto("kind") from None
    except Image.DecompressionBombError:
        raise NotAPhoto("large") from None
    except _DECODER_ERRORS as error:
        raise NotAPhoto("broken") from error
    with picture:
        if picture.width * picture.height > (PIXELS if picture.format == "JPEG" else WHOLE_PIXELS):
            raise NotAPhoto("large")
        try:
            yield picture
        except _DECODER_ERRORS as error:
            raise NotAPhoto("broken") from error


def _fit(opened: Image.Image) -> Image.Image:
    opened.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    upright = ImageOps.exif_transpose(opened)
    if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
        # What is see-through becomes white, not black.
        layer = upright.convert("RGBA")
        paper = Image.new("RGB", layer.size, "white")
        paper.paste(layer, mask=layer.getchannel("A"))
        return paper
    # A new picture, so that nothing but pixels is carried over.
    fresh = Image.new("RGB", upright.size)
    fresh.paste(upright.convert("RGB"))
    return fresh


def path(home: Path, digest: str) -> Path:
    """Where the photo of this digest lies: var/photos/ab/ab….jpg. Raises `ValueError` for anything that is no
    digest."""
    if not _DIGEST.fullmatch(digest):
        raise ValueError("not a digest")
    return home / "photos" / digest[:2] / f"{digest}.jpg"


def store(home: Path, data: bytes) -> str:
    """Keep the cleaned bytes and return their digest. On disk when this returns; the same content twice is
    one file."""
    digest = hashlib.sha256(data).hexdigest()
    target = path(home, digest)
    if target.exists():
        # Still wanted: the daily round (bot/retention.py) removes files that are old and that no row names.
        target.touch()
        return digest
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)
    _sync_folder(target.parent.parent)
    return digest


def keep(home: Path, data: bytes) -> str:
    """Clean what somebody sent, keep it, and return the digest. Raises `NotAPhoto`."""
    return store(home, clean(data))


def remove(home: Path, digest: str) -> None:
    """Forget the photo, if it is there (retention, a recall, 删除我的数据)."""
    path(home, digest).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the file's name as durable as its content, where the system can (Windows cannot open a folder)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
