"""The version of this product, as its package says."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("stackwarden")
except PackageNotFoundError:  # run from a checkout
    VERSION = "0.1.0"
