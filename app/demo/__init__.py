"""A synthetic organisation to look at: no real persons, no users."""

from app.demo.filling import fill

__all__ = ["fill"]
