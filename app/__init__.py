"""Stackwarden: who uses which software, what it costs, what is risky, and the proof.

The tower, bottom to top; imports go down only (``pyproject.toml`` holds the contracts):

- ``core``          the platform: settings, database, sealed facts, audit, jobs, permissions. Knows no room. In folders of
  their own: ``incoming`` (what may come in), ``outgoing`` (the guarded client), ``machine`` (embedded PostgreSQL, processes).
- ``web``           what every page and route shares: guard, rendering, forms, headers, templates, front end.
- ``organisation``  what the organisation has set: name, currency, time zone, fiscal year, policies.
- ``login``         users, factors, sessions, API keys, first-run set-up.
- ``people``        everyone known to the organisation.      ``trail``  the audit trail and the access log.
- ``apps``          the applications in use.
- ``access``        accounts, entitlements, grants: who reaches what, since when, and who says so.
- ``connections``   connectors at work: syncs, imports, staging, reconcile. The only room that knows ``connectors``.
- ``overview``      the first page.
- ``demo``          a synthetic organisation.
- ``main``          builds the web application.              ``worker`` runs the jobs.
- ``supervisor``    owns PostgreSQL, web and worker as child processes.  ``doctor`` says what is wrong here.
- ``__main__``      the command line.

A room has up to five files that always mean the same: ``models`` (tables), ``queries`` (read), ``actions`` (change,
record the event, enqueue), ``api`` (JSON routes), ``pages`` (HTML routes); further files are named after what they do.
"""
