"""Everything an operator can configure, read once, frozen; a secret is a SecretStr.

Read from the environment (``STACKWARDEN_…``) over an optional TOML file (``STACKWARDEN_CONFIG``, or
``stackwarden.toml`` in the configuration directory). An unknown or invalid setting refuses the start with its name and
the reason. Nothing else in the product reads the environment.
"""

import os
import tomllib
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from app.core.errors import StartRefused

PREFIX = "STACKWARDEN_"
_WIDEST = {4: 8, 6: 16}
_PRIVATE = IPv6Network("fc00::/7")
_LISTS = {"trusted_proxies", "allowed_internal_hosts"}


def _config_dir(env: Mapping[str, str]) -> Path:
    return Path(env.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "stackwarden"


def _data_dir(env: Mapping[str, str]) -> Path:
    return Path(env.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "stackwarden"


class Settings(BaseModel):
    """What the operator decided. Each field is ``STACKWARDEN_<NAME>`` in the environment, ``<name>`` in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    data_dir: Annotated[Path, Field(description="Where the embedded database, outbox and spool live.")]
    key_file: Annotated[
        Path, Field(description="The local key file; never inside the data directory, never in a backup.")
    ]
    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on; 0 takes a free one.")] = 8440
    public_url: Annotated[
        str | None, Field(description="The address people use; builds every link. https unless loopback.")
    ] = None
    database_url: Annotated[
        SecretStr | None, Field(description="A PostgreSQL 16+ of your own; without it an embedded one runs.")
    ] = None
    owner_database_url: Annotated[
        SecretStr | None,
        Field(
            description="The owner role's address, for migrations only, where database_url is the application role's."
        ),
    ] = None
    trusted_proxies: Annotated[
        tuple[IPv4Network | IPv6Network, ...],
        Field(description="Comma-separated networks whose X-Forwarded-For is believed."),
    ] = ()
    allowed_internal_hosts: Annotated[
        tuple[str, ...],
        Field(description="Comma-separated internal hosts (host or host:port) that connectors may reach."),
    ] = ()
    web_processes: Annotated[int, Field(ge=1, le=64, description="How many web processes serve requests.")] = 2
    postgres_version: Annotated[Literal[16, 18], Field(description="Major version of the embedded PostgreSQL.")] = 18
    demo: Annotated[
        bool,
        Field(description="A synthetic organisation on this machine; relaxes production rules, shows a banner."),
    ] = False
    log_format: Annotated[
        Literal["json", "console"], Field(description="json in production; console to read along.")
    ] = "json"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="The least level that is written.")
    ] = "info"

    @field_validator("data_dir", "key_file")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("postgres_version", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"} or parts.query:
            raise ValueError("must be an origin such as https://stackwarden.example.com, without a path")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("must be https")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("trusted_proxies")
    @classmethod
    def _few(cls, value: tuple[IPv4Network | IPv6Network, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
        for network in value:
            is_private = isinstance(network, IPv6Network) and network.subnet_of(_PRIVATE)
            if network.prefixlen < _WIDEST[network.version] and not is_private:
                raise ValueError(
                    f"must name the proxies in front of us and not {network}: whoever is believed chooses their own "
                    f"address (/{_WIDEST[4]} at the widest, /{_WIDEST[6]} for IPv6)"
                )
        return value

    @model_validator(mode="after")
    def _together(self) -> "Settings":
        if self.data_dir.resolve() in (key := self.key_file.resolve(), *key.parents):
            raise ValueError("key_file must not lie inside data_dir: whoever copies the data would have the key")
        if not is_loopback(self.host) and not (self.public_url or "").startswith("https://"):
            raise ValueError(f"host {self.host} is not loopback, so public_url must be set to an https address")
        if not is_loopback(self.host) and not self.trusted_proxies:
            raise ValueError(f"host {self.host} is not loopback, so trusted_proxies must name the proxies that end TLS")
        return self

    @property
    def origin(self) -> str:
        """Scheme, host and port that people use, for links and the cross-origin check."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Whether ``host`` means this machine: localhost or an address of 127.0.0.0/8 or ::1."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment over the file.

    Raises ``StartRefused`` naming the setting and the reason.
    """
    env = os.environ if env is None else env  # noqa: TID251 - this is app.core.settings
    values: dict[str, Any] = {"data_dir": _data_dir(env), "key_file": _config_dir(env) / "key"}
    values |= _from_file(env)
    for name, value in env.items():
        key = name.removeprefix(PREFIX).lower()
        if not name.startswith(PREFIX) or key == "config":
            continue
        if key not in Settings.model_fields:
            raise StartRefused(f"{name} is not a setting. {_nearest(key)}")
        values[key] = tuple(part.strip() for part in value.split(",") if part.strip()) if key in _LISTS else value
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = PREFIX + str(first["loc"][0]).upper() + " " if first["loc"] else ""
        raise StartRefused(f"Settings are wrong: {where}{first['msg'].removeprefix('Value error, ')}.") from None


def _from_file(env: Mapping[str, str]) -> dict[str, Any]:
    named = env.get(PREFIX + "CONFIG")
    path = Path(named) if named else _config_dir(env) / "stackwarden.toml"
    if not named and not path.exists():
        return {}
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise StartRefused(f"The settings file {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartRefused(f"The settings file {path} is not valid TOML: {error}.") from None
    for key in values:
        if key not in Settings.model_fields:
            raise StartRefused(f"{key} in {path} is not a setting. {_nearest(key)}")
    return values


def _nearest(key: str) -> str:
    import difflib  # noqa: PLC0415 - only when a start is refused

    close = difflib.get_close_matches(key, Settings.model_fields, n=1)
    return f"Did you mean {PREFIX}{close[0].upper()}?" if close else "README.md lists them."
