"""The fixtures of the inventory's rooms."""

from tests.inventory import application, asking, front_end, sources

__all__ = ["application", "asking", "front_end", "sources"]
