"""All connectors there are, by key. A connector that is not named here does not exist for the app."""

from typing import Final

from connectors.csv_file.declaration import CONNECTOR as CSV_FILE
from connectors.scim.declaration import CONNECTOR as SCIM
from connectors.sdk.connector import Connector

CONNECTORS: Final[dict[str, Connector]] = {connector.key: connector for connector in (SCIM, CSV_FILE)}
