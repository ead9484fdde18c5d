"""Django's PostgreSQL engine with a pool that survives a database that was away."""
