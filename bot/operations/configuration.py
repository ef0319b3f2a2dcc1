"""Reading the settings, with each mistake told in one line that names the variable."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsError

from bot.channels import CHANNELS
from config.settings import Section, Settings, with_sections

PREFIX = "YISHITING_"
#: The settings of an installation: those of config/settings.py and a section for each channel that has one.
Installation = with_sections({channel.name: channel.section for channel in CHANNELS if channel.section})


class NoSuchFile(Exception):
    """`YISHITING_CONFIG` names a file that is not there, or that is not TOML."""


#: What reading the settings may raise.
BAD = (ValidationError, SettingsError, NoSuchFile)


def read_settings() -> Settings:
    """The settings of this installation. Raises one of `BAD`."""
    named = os.environ.get(f"{PREFIX}CONFIG")
    if named:
        check_file(Path(named))
    return Installation()


def check_file(file: Path) -> None:
    """The configuration file is there and is TOML; the settings library would pass over one that is not."""
    try:
        tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise NoSuchFile(f"{PREFIX}CONFIG={file}：读不到这个文件（{error.strerror}）。") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NoSuchFile(f"{PREFIX}CONFIG={file}：不是 TOML 文件（{error}）。") from None


def complaints(error: Exception) -> Iterator[str]:
    """One line for each bad setting, never with the value of a secret."""
    if not isinstance(error, ValidationError):
        yield str(error)
        return
    for one in error.errors(include_input=False, include_url=False):
        name = PREFIX + "__".join(str(part) for part in one["loc"]).upper()
        reason = one["msg"].removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            yield f"{name}：没有这项设置{_suggestion(name)}。 / unknown setting"
        elif one["type"] == "missing":
            yield f"{name}：必须设置。 / required"
        else:
            yield f"{name}：{reason}。"


def suspicions(environment: Mapping[str, str]) -> Iterator[str]:
    """Variables that begin like ours and are not: most likely a typing mistake. Also checks the file that is
    named."""
    known = variables()
    for name in environment:
        plain = name.upper()
        if (
            plain.startswith(PREFIX)
            and plain not in known
            and not any(plain.startswith(f"{section}__") for section in known)
        ):
            yield f"提醒：不认识环境变量 {name}{_suggestion(plain)}，没有用到它。 / unknown variable, ignored"
    if named := environment.get(f"{PREFIX}CONFIG"):
        check_file(Path(named))


def variables() -> set[str]:
    """Every variable that the settings read."""
    names = set[str]()
    for field, about in Installation.model_fields.items():
        names.add(f"{PREFIX}{field}".upper())
        for kind in getattr(about.annotation, "__args__", (about.annotation,)):
            if isinstance(kind, type) and issubclass(kind, Section):
                names |= {f"{PREFIX}{field}__{inner}".upper() for inner in kind.model_fields}
    return names


def _suggestion(name: str) -> str:
    close = difflib.get_close_matches(name, sorted(variables()), n=1, cutoff=0.75)
    return f"，是不是 {close[0]}？" if close else ""
