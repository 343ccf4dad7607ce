"""What the organisation has set: name, currency, time zone, fiscal year, where leavers are decided."""
