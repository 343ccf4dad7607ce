"""The only way out of the building: one guarded HTTP client, and the rules of where it may go."""
