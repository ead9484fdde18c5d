"""Facts: each file is one kind of row that flows from PostgreSQL into the lake."""
