"""Accounts, entitlements and grants: who reaches what, since when, and who says so."""
