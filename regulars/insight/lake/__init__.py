"""The lake: facts as Parquet files by month, beside the database, for analysis.

PostgreSQL says which files are the lake. A run writes new files, makes them durable, gives them
their names, and then changes that list in one transaction, so a run that dies leaves the lake as it
was; the next run writes the same rows again and sweeps what the dead one left.
"""
