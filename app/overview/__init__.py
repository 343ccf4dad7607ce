"""The first page: what needs a decision."""
