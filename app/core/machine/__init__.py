"""The machine underneath: the embedded PostgreSQL, our processes, the data directory, the socket we serve on."""
