"""The applications in use."""
