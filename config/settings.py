"""Typed settings from `YISHITING_*` variables and the TOML file that `YISHITING_CONFIG` names; frozen, passed
in, never global."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, create_model
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("needs a time zone, like 2026-11-23T09:00:00+08:00")
    return value


def _strong(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 16:
        raise ValueError("needs at least 16 characters")
    return value


#: Long enough not to be guessed.
Secret = Annotated[SecretStr, AfterValidator(_strong)]


class Section(BaseModel):
    """The settings of one channel. They stand with the channel (bot/channels); without them it is off."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=Section)


class Settings(BaseSettings):
    """Everything that differs between installations. What differs between communities is data."""

    model_config = SettingsConfigDict(
        env_prefix="YISHITING_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    #: A SQLAlchemy URL; SQLite under `home` unless named.
    database: str = ""
    #: Where the database, photos and keys live.
    home: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    #: How residents reach the pages, for links and QR codes; http://host:port unless named.
    public_url: str = ""
    #: Load the demo community into an empty database.
    demo: bool = True
    #: The sandbox channel: on in the demo and off with a real channel, unless said here.
    sandbox: bool | None = None
    #: Answer the sandbox to other machines too. Whoever reaches it can speak as anybody.
    sandbox_open: bool = False
    #: Starts the clock of an empty database.
    sandbox_now: Annotated[datetime, AfterValidator(_aware)] | None = None
    #: Names a proxy in front whose X-Forwarded-For may be believed, for the rate limits of the gate page.
    trusted_proxy: str = ""
    photo_days: int = Field(90, ge=1)
    reporter_days: int = Field(730, ge=1)
    #: How long stored answers and delivered messages are kept.
    reply_days: int = Field(7, ge=1)
    #: When an undeliverable message is given up and the secretary told.
    give_up_hours: int = Field(24, ge=1)
    #: The configuration file itself, named so that a typo in YISHITING_* is an error.
    config: Path | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the one file."""
        named = os.environ.get("YISHITING_CONFIG")
        file = (TomlConfigSettingsSource(settings_cls, toml_file=named),) if named else ()
        return (init_settings, env_settings, *file)

    @property
    def database_url(self) -> str:
        """The database named, or the default file."""
        return self.database or f"sqlite+aiosqlite:///{(self.home / 'yishiting.db').as_posix()}"

    @property
    def sandbox_on(self) -> bool:
        """On in the demo, off as soon as a real channel is configured, unless said (contract.md)."""
        return self.sandbox if self.sandbox is not None else not self.sections

    @property
    def sections(self) -> dict[str, Section]:
        """The channels that are configured, each under its name."""
        return {name: value for name, value in self if isinstance(value, Section)}

    def section(self, kind: type[S]) -> S:
        """The section of a channel that is configured."""
        return next(value for value in self.sections.values() if isinstance(value, kind))

    @property
    def url(self) -> str:
        """The base of every link, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def loopback(self) -> bool:
        """Only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def with_sections(sections: Mapping[str, type[Section]]) -> type[Settings]:
    """The settings with a section for each of these channels."""
    fields: dict[str, Any] = {name: (section | None, None) for name, section in sections.items()}
    return create_model("Settings", __base__=Settings, **fields)
