"""What every page and route shares: guard, rendering, forms, headers, templates, front end."""
