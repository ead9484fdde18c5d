"""`regulars bench segments`: a million profiles, fifty live segments, facts that change them."""
