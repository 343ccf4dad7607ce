"""The SCIM 2.0 connector: what must be filled in, what must be permitted, what is read."""

from typing import Final

from msgspec import Struct

from connectors.scim import groups, users
from connectors.scim.listing import api_of, ask
from connectors.sdk.client import Api, Client
from connectors.sdk.connector import Connector, Permission
from connectors.sdk.errors import ConfigurationError
from connectors.sdk.fields import Config, Field


class _About(Struct, frozen=True):
    """The part of ServiceProviderConfig (RFC 7643 §5) that tells SCIM 2.0 from what came before."""

    schemas: list[str] | None = None


def check(client: Client, config: Config) -> None:
    """Ask for the service's description, one user and one group, or raise what is wrong."""
    api = api_of(client, config)
    _check_version(api)
    ask(api, "Users", start=1, count=1)
    if groups.is_read(config):
        try:
            ask(api, "Groups", start=1, count=1)
        except ConfigurationError as error:
            raise ConfigurationError(f"{error} If this system has no groups, untick “Read groups”.") from None


def _check_version(api: Api) -> None:
    try:
        about = api.get("ServiceProviderConfig", _About)
    except ConfigurationError:
        return  # many systems leave the description out; the users decide
    if any(schema.startswith("urn:scim:schemas:core:1.") for schema in about.schemas or ()):
        raise ConfigurationError("This is SCIM 1.1. Enter the address of the SCIM 2.0 service; it often ends in /v2.")


CONNECTOR: Final = Connector(
    key="scim",
    name="SCIM 2.0",
    summary="Users and groups of any system that offers the SCIM 2.0 standard.",
    fields=(
        Field(
            name="base_url",
            label="Address of the SCIM service",
            hint="The part before /Users, such as https://example.com/scim/v2.",
            kind="url",
            locates_host=True,
        ),
        Field(
            name="token",
            label="Bearer token",
            hint="From the other system's administration, with the right to read users and groups.",
            kind="secret",
        ),
        Field(
            name="is_directory",
            label="This system is a directory of our people",
            hint="Its users then count as people, not only as accounts.",
            kind="boolean",
            required=False,
            default=True,
        ),
        Field(name="has_groups", label="Read groups", kind="boolean", required=False, default=True),
        Field(
            name="page_size",
            label="Entries per page",
            hint="Smaller when the other system is slow.",
            kind="number",
            required=False,
            default=200,
            minimum=1,
            maximum=1000,
        ),
    ),
    permissions=(
        Permission("Read users", "To know who has an account, and whether it is active."),
        Permission("Read groups", "To know who belongs to which group."),
    ),
    streams=(users.STREAM, groups.STREAM),
    check=check,
)
