"""Files of the bank's own organisation: its tree of branches, its staff, its holidays."""
