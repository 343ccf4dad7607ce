"""The audit trail and the access log, to read and to export."""
