"""The advisory locks of the database: what happens one at a time in the whole installation, whatever process does it.

One number a lock, and all of them here: two that were equal by chance would make one thing wait for another that has
nothing to do with it. Migrations hold 0x57AC4 (``migrations/run.py``, which imports nothing from here).
"""

from enum import IntEnum, unique


@unique
class Lock(IntEnum):
    """The key of ``pg_advisory_xact_lock``: held until the transaction ends."""

    RECONCILE = 0x57AC5  # merging what a connection brought
    USERS = 0x57AC6  # changing users: who may still sign in as an owner is judged over all of them
