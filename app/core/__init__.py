"""The platform. Knows no room."""
