"""What comes in: strict models, which characters a text may hold, and what is said of a wrong field."""
