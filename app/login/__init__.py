"""Users, factors, sessions, API keys, first-run set-up: who you are."""
