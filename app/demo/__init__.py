"""A synthetic organisation to look at: no real persons, no users."""
