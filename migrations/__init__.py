"""The database's schema, one numbered file a subject; the owner role runs them, the application role only uses tables."""
