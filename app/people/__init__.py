"""Everyone and everything with access that the organisation knows."""
