"""The arithmetic of loyalty: pure functions over plain values, no database and no clock."""
