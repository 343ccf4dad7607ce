"""The file connector: nothing to connect to, three kinds of table to import."""

from typing import Final

from connectors.csv_file.targets import TARGETS
from connectors.sdk.connector import Connector
from connectors.sdk.fields import Field

CONNECTOR: Final = Connector(
    key="csv_file",
    name="Spreadsheet",
    summary="People, accounts of an app, or the register of apps from a CSV or Excel file.",
    fields=(Field(name="file", label="File", hint="CSV or xlsx, with the names of the columns on top", kind="file"),),
    targets=TARGETS,
)
